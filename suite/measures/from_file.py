"""Measures of one's own: a file that registers them, run from its text wherever they are computed."""

from __future__ import annotations

from suite import from_text
from suite.from_text import text_of
from suite.measures.registry import forget, get, names

__all__ = ["register_text", "text_of"]

_KIND = from_text.Kind(
    prefix="league_measure_",
    known=names,
    module=lambda name: get(name).module,
    forget=forget,
    lacks='registers no measure: put @measure("NAME", needs=("features",)) above a function, after importing '
    "`measure` from suite.measures",
)


def register_text(text: str, origin: str) -> list[str]:
    """Run the text of the file ``origin`` once; names of the measures that it registers, sorted.

    Measures that an earlier text of the same file registered here are forgotten. Raises ValueError, in a
    sentence that begins with ``origin``, where the text cannot be run or registers none.
    """
    return from_text.register_text(text, origin, _KIND)
