"""Which cell comes next: of those of the highest priority the one with the longest chain of work behind it,
so that no long chain is left for last.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from leaderboard.records import CellKind
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


def inherited(cells: Sequence[Cell], priorities: Mapping[str, int]) -> dict[str, int]:
    """Key -> the highest of a cell's own priority (0 where it has none) and of all that waits for it.

    ``cells`` list parents before children.
    """
    found = {cell.key: priorities.get(cell.key, 0) for cell in cells}
    for cell in reversed(cells):
        for parent in cell.parents:
            if parent in found:
                found[parent] = max(found[parent], found[cell.key])
    return found


def order(
    cells: Sequence[Cell],
    seconds: Callable[[Cell], float],
    priorities: Mapping[str, int] | None = None,
    below: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    """Keys by falling priority (0 where none is given), then by falling length of the longest chain that
    begins with each; equals by what they unblock, then as given.

    ``cells`` list parents before children. ``priorities`` are as ``inherited`` makes them, ``below`` is what
    ``children`` finds.
    """
    below = children(cells) if below is None else below
    first = priorities or {}
    chain: dict[str, float] = {}
    for cell in reversed(cells):
        chain[cell.key] = seconds(cell) + max((chain.get(key, 0.0) for key in below[cell.key]), default=0.0)
    rank = {
        cell.key: (-first.get(cell.key, 0), -chain[cell.key], -len(below[cell.key]), i)
        for i, cell in enumerate(cells)
    }
    return sorted(rank, key=rank.__getitem__)


Lane = tuple[int, CellKind]
"""A priority and a kind."""


class Line:
    """The cells that may start, in lanes: where one lane's first finds no room, that of another may.

    A cell's place is its ``rank``; the least comes first.
    """

    def __init__(self, rank: Mapping[str, int], lane: Callable[[str], Lane]) -> None:
        self._rank, self._lane = rank, lane
        self._lanes: dict[Lane, list[tuple[int, str]]] = {}
        self._keys: set[str] = set()

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def keys(self) -> frozenset[str]:
        """Of all cells in it."""
        return frozenset(self._keys)

    @property
    def kinds(self) -> Counter[CellKind]:
        """How many there are of each kind."""
        found: Counter[CellKind] = Counter()
        for (_, kind), lane in self._lanes.items():
            found[kind] += len(lane)
        return found

    def push(self, key: str) -> None:
        """Put a cell in its place; one that is there stays."""
        if key not in self._keys:
            self._keys.add(key)
            heapq.heappush(self._lanes.setdefault(self._lane(key), []), (self._rank[key], key))

    def fronts(self) -> list[str]:
        """The first of each lane, in their order; of a lane, its first has the longest chain."""
        if len(self._lanes) == 1:
            [lane] = self._lanes.values()
            return [lane[0][1]] if lane else []
        return [key for _, key in sorted(lane[0] for lane in self._lanes.values() if lane)]

    def take(self, front: str) -> None:
        """Take the first of a lane out."""
        _, key = heapq.heappop(self._lanes[self._lane(front)])
        assert key == front, "only the first of a lane can leave it"
        self._keys.discard(key)
