"""Which pages a board has, and where each lies, relative to the board's folder."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise

from leaderboard.board import summary
from leaderboard.board.model import Board
from leaderboard.board.verdicts import MOST_METHODS
from leaderboard.ranking import Column

# Longer names are no file names on some systems.
_LONGEST = 80


@dataclass(frozen=True)
class Site:
    """Paths of pages: by method label, by benchmark id, and by the two labels of a pair, the better first.

    ``unpaired``: how many pairs that meet have no page of their own.
    """

    methods: Mapping[str, str]
    benchmarks: Mapping[str, str]
    pairs: Mapping[tuple[str, str], str]
    unpaired: int
    columns: Mapping[Column, str]
    """Column -> id of its benchmark."""

    def pair(self, a: str, b: str) -> str | None:
        """The page of two methods in either order, or None."""
        return self.pairs.get((a, b)) or self.pairs.get((b, a))

    def benchmark(self, column: Column) -> str:
        """The page of a column's benchmark."""
        return self.benchmarks[self.columns[column]]

    @cached_property
    def partners(self) -> Mapping[str, tuple[str, ...]]:
        """Label -> the methods that it has a page with, in the order of the pairs."""
        found: dict[str, list[str]] = {}
        for a, b in self.pairs:
            found.setdefault(a, []).append(b)
            found.setdefault(b, []).append(a)
        return {label: tuple(others) for label, others in found.items()}


def lay_out(board: Board) -> Site:
    """The pages of a board: of every method and benchmark, and of the pairs that a reader will ask for.

    Pairs grow as the square of the methods. Those among the first ``MOST_METHODS`` have a page, and so has
    every method with the next one down.
    """
    computed = board.computed
    methods = slugs(facts.label for facts in (*computed.methods, *computed.unranked))
    benchmarks = slugs(facts.id for facts in computed.benchmarks)
    chosen, unpaired = _pairs(board)
    # Named in alphabetical order: a link to two methods stays, whoever of them is ahead.
    names = {pair: "--".join(methods[label] for label in sorted(pair)) for pair in chosen}
    return Site(
        methods={label: f"methods/{slug}.html" for label, slug in methods.items()},
        benchmarks={name: f"benchmarks/{slug}.html" for name, slug in benchmarks.items()},
        pairs={pair: f"pairs/{name}.html" for pair, name in names.items()},
        unpaired=unpaired,
        columns={column: facts.id for facts in computed.benchmarks for column in facts.columns},
    )


def slugs(names: Iterable[str]) -> dict[str, str]:
    """Name -> a file name of its own, of lower-case letters, digits and single hyphens.

    A name keeps its slug whatever others there are, unless one of them would have the same.
    """
    names = sorted(set(names))
    plain = {name: re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed" for name in names}
    shared = Counter(plain.values())
    return {
        name: slug if shared[slug] == 1 and len(slug) <= _LONGEST else _marked(name, slug)
        for name, slug in plain.items()
    }


def _marked(name: str, slug: str) -> str:
    return f"{slug[: _LONGEST - 13]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _pairs(board: Board) -> tuple[list[tuple[str, str]], int]:
    if board.analysis is None:
        return [], 0
    order = [standing.method for standing in summary.lead(board)]
    held = {method: {entry.column for entry in board.entries(method)} for method in order}
    meeting = {pair for pair in combinations(order, 2) if held[pair[0]] & held[pair[1]]}
    first = order[:MOST_METHODS]
    wanted = dict.fromkeys([*combinations(first, 2), *pairwise(order)])
    chosen = [pair for pair in wanted if pair in meeting]
    return chosen, len(meeting) - len(chosen)
