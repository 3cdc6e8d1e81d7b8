"""An objective of one's own: a file that registers it, run from its text wherever it is minimised."""

from __future__ import annotations

import sys
from pathlib import Path

from suite import from_text
from suite.nearest import nearest
from suite.objectives.registry import describe, forget, names

_KIND = from_text.Kind(
    prefix="league_objective_",
    known=names,
    module=lambda name: describe(name).module,
    forget=forget,
    lacks='registers no objective: put @objective("NAME") above a function (logits, features, labels), after '
    "importing `objective` from suite.objectives",
)


def register_text(text: str, origin: str) -> list[str]:
    """Run the text of the file ``origin`` once; names of the objectives that it registers, sorted.

    Raises ValueError, in a sentence that begins with ``origin``, where the text cannot be run or registers
    none.
    """
    return from_text.register_text(text, origin, _KIND)


def recall(name: str, text: str) -> None:
    """Register the objective ``name`` by the text that a method keeps of it, in place of another file's."""
    if name in names() and from_text.text_of(module := describe(name).module) not in (None, text):
        for each in _KIND.of(module):
            forget(each)
        del sys.modules[module]
    register_text(text, f"the file of {name}")


def is_file(named: str) -> bool:
    """Whether that is ``FILE.py`` or ``FILE.py:NAME`` rather than the name of an objective."""
    return named.partition(":")[0].endswith(".py")


def read(named: str) -> tuple[str, str]:
    """Name and text of the objective of ``FILE.py``, or of the one called NAME of ``FILE.py:NAME``.

    Raises ValueError where the file cannot be read or run, has no such objective, or has several and none is
    named.
    """
    path, _, wanted = named.partition(":")
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ValueError(f"{path} was not read: {why}") from error
    found = register_text(text, path)
    if wanted and wanted not in found:
        raise ValueError(f"{path} registers no objective {wanted!r}; {nearest(wanted, found)}")
    if not wanted and len(found) > 1:
        raise ValueError(f"{path} registers {', '.join(found)}: say which, as {path}:{found[0]}")
    return wanted or found[0], text
