"""Which cell comes next: the one with the longest chain of work behind it, so that no long chain is left for
last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from suite.engine.cells import Cell


def children(cells: Iterable[Cell]) -> dict[str, list[str]]:
    """Key -> keys of the cells that build on it, in their order."""
    found: dict[str, list[str]] = {}
    for cell in cells:
        found.setdefault(cell.key, [])
        for parent in cell.parents:
            found.setdefault(parent, []).append(cell.key)
    return found


def descendants(key: str, below: Mapping[str, Sequence[str]]) -> list[str]:
    """Keys of all that builds on ``key``, directly or not."""
    found: dict[str, None] = {}
    waiting = list(below.get(key, ()))
    while waiting:
        child = waiting.pop()
        if child not in found:
            found[child] = None
            waiting.extend(below.get(child, ()))
    return list(found)


def order(cells: Sequence[Cell], seconds: Callable[[Cell], float]) -> list[str]:
    """Keys by falling length of the longest chain that begins with each; equals by what they unblock, then as
    given.

    ``cells`` list parents before children.
    """
    below = children(cells)
    chain: dict[str, float] = {}
    for cell in reversed(cells):
        chain[cell.key] = seconds(cell) + max((chain.get(key, 0.0) for key in below[cell.key]), default=0.0)
    rank = {cell.key: (-chain[cell.key], -len(below[cell.key]), i) for i, cell in enumerate(cells)}
    return sorted(rank, key=rank.__getitem__)
