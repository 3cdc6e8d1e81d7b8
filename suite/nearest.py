"""The nearest valid names to one that is not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], most: int = 3) -> str:
    """``"nearest: a, b"``, or all of ``known`` where nothing is near.

    A dotted name is near to another also where their last parts are near: ``imgaes`` to ``budget.images``.
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=most)
    leaf = name.rpartition(".")[2]
    leaves = {known_name.rpartition(".")[2] for known_name in names}
    for match in difflib.get_close_matches(leaf, sorted(leaves), n=most, cutoff=0.75):
        close += [n for n in names if n.rpartition(".")[2] == match and n not in close]
    return f"nearest: {', '.join(close[:most])}" if close else f"there are: {', '.join(names) or 'none'}"
