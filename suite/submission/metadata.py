"""Inline script metadata (PEP 723): what a single file says it depends on."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from suite.nearest import nearest
from suite.submission.errors import SubmissionError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# As PEP 723 gives it: the block is the comment lines between `# /// script` and `# ///`.
_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
_OPENING = re.compile(r"(?m)^#\s*///\s*script\s*$")
_KEYS = ("dependencies", "requires-python", "tool")


@dataclass(frozen=True)
class Metadata:
    """``dependencies`` are requirement specifiers (PEP 508), ``requires_python`` a version specifier."""

    dependencies: tuple[str, ...] = ()
    requires_python: str = ""


def read_metadata(text: str) -> Metadata:
    """The ``script`` block of a file's ``text``; empty where it has none.

    Raises SubmissionError where the block, its TOML, a requirement or the Python version is malformed.
    """
    blocks = [match["content"] for match in _BLOCK.finditer(text) if match["type"] == "script"]
    openings = len(_OPENING.findall(text))
    if openings > 1:
        raise SubmissionError(f"it has {openings} `# /// script` blocks; there may be one")
    if not blocks:
        if openings:
            raise SubmissionError(
                "its `# /// script` block has no end: begin each of its lines with '# ', and close it with "
                "a line `# ///`"
            )
        return Metadata()
    return _checked(_toml(blocks[0]))


def _toml(block: str) -> dict[str, Any]:
    lines = (line[2:] if line.startswith("# ") else line[1:] for line in block.splitlines())
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        raise SubmissionError(
            f"its `# /// script` block is not valid TOML: {error} (counted within the block); right would "
            'be, for example, dependencies = ["einops>=0.8"]'
        ) from error


def _checked(told: dict[str, Any]) -> Metadata:
    for key in told:
        if key not in _KEYS:
            raise SubmissionError(
                f"its `# /// script` block has an unknown key {key!r}; {nearest(key, _KEYS)}"
            )
    dependencies = told.get("dependencies", [])
    if not isinstance(dependencies, list) or not all(isinstance(entry, str) for entry in dependencies):
        raise SubmissionError(
            f'dependencies must be a list of texts, such as ["einops>=0.8"], not {dependencies!r}'
        )
    for dependency in dependencies:
        try:
            Requirement(dependency)
        except InvalidRequirement as error:
            reason = str(error).splitlines()[0]
            raise SubmissionError(
                f'the dependency {dependency!r} is no requirement such as "einops>=0.8": {reason}'
            ) from error
    python = told.get("requires-python", "")
    try:
        SpecifierSet(python)
    except (InvalidSpecifier, TypeError, AttributeError) as error:
        raise SubmissionError(f'requires-python must be like ">=3.10", not {python!r}') from error
    return Metadata(tuple(dependencies), python)
