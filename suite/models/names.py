"""The nearest valid names to one that is not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], most: int = 3) -> str:
    """``"nearest: a, b"``, or all of ``known`` where nothing is near."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=most)
    return f"nearest: {', '.join(close)}" if close else f"there are: {', '.join(names) or 'none'}"
