"""From a file to a submission, without running it."""

from __future__ import annotations

import ast
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import suite.methods
from suite.isolation import Code
from suite.methods.identity import text_hash
from suite.submission.errors import SubmissionError
from suite.submission.loading import is_loaded
from suite.submission.metadata import read_metadata
from suite.submission.registration import registration

MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Submission:
    """One Python file that registers one method.

    ``source_hash`` covers its text and the suite's shared code that it imports, as a built-in method's does.
    """

    path: Path
    name: str
    version: str
    code: Code
    source_hash: str


def read(path: str | Path) -> Submission:
    """What can be known of a submitted file without running it.

    Raises SubmissionError, in a sentence that begins with the path, where it cannot be read, is larger than
    ``MOST_BYTES``, no UTF-8 or no Python, registers not exactly one method with a fit name, takes the name of
    another method, or has malformed inline metadata.
    """
    try:
        return of_text(_text(Path(path)), Path(path))
    except SubmissionError as error:
        raise SubmissionError(f"{path}: {error}") from error


def of_text(text: str, path: Path) -> Submission:
    """The submission that a file with ``text`` would be. Raises SubmissionError."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise SubmissionError(f"line {error.lineno or 1}: it is not valid Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SubmissionError(f"it is not valid Python: {error or 'nested too deeply'}") from error
    name, version = registration(tree)
    if name in suite.methods.names() and not is_loaded(name):
        raise SubmissionError(f"the name {name!r} is that of another method; choose one of your own")
    metadata = read_metadata(text)
    code = Code(
        name=name,
        text=text,
        dependencies=metadata.dependencies,
        requires_python=metadata.requires_python,
    )
    return Submission(path.resolve(), name, version, code, text_hash(text))


def _text(path: Path) -> str:
    try:
        # Not through a link, and without waiting at a pipe: what is submitted is a file.
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if path.is_symlink():
            raise SubmissionError("it is a symbolic link; name the file that it leads to") from error
        raise SubmissionError(f"it cannot be read: {error.strerror or error}") from error
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise SubmissionError("it is no file; a submission is one Python file")
        with os.fdopen(opened, "rb", closefd=False) as file:
            data = file.read(MOST_BYTES + 1)
    finally:
        os.close(opened)
    if len(data) > MOST_BYTES:
        raise SubmissionError(f"it is larger than {MOST_BYTES:,} bytes; a submission holds code, not data")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SubmissionError(
            f"it is not UTF-8 text: byte {error.start} cannot be read; save it as UTF-8"
        ) from error
