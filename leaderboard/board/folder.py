"""The folder that a board is written into: each file in one step, and none left of an earlier board."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from leaderboard.store.errors import explained

SUMS = "SHA256SUMS"
"""Every file of the board with its sha256, as ``sha256sum --check`` reads it."""

_LINE = re.compile(r"[0-9a-f]{64}  (\S.*)")


def write_folder(target: Path, files: Iterable[tuple[str, str | bytes]]) -> None:
    """Write the files, given as paths and contents, and remove those that an earlier board alone had.

    Raises StoreError where the folder cannot be written; what was there by then stays whole, file by file.
    """
    with explained(str(target), "the board was not written", "folder"):
        target.mkdir(parents=True, exist_ok=True)
        before = _listed(target)
        sums: dict[str, str] = {}
        for name, content in files:
            data = content.encode("utf-8") if isinstance(content, str) else content
            sums[name] = hashlib.sha256(data).hexdigest()
            _replace(target / name, data)
        # Nothing is removed but what the earlier board's own list names.
        for name in sorted(before - sums.keys()):
            (target / name).unlink(missing_ok=True)
        _replace(target / SUMS, "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode())


def _listed(target: Path) -> set[str]:
    """Files of the board that lies there, all of them inside the folder."""
    try:
        lines = (target / SUMS).read_text("utf-8").splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return set()
    names = {found[1] for line in lines if (found := _LINE.fullmatch(line))}
    inside = target.resolve()
    return {name for name in names if (target / name).resolve().is_relative_to(inside)}


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
