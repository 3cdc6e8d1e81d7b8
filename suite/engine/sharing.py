"""How sweeps on one cluster divide it: each by its weight, and what one does not want goes to the others."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

# Sums of shares, such as of thirds, are not exact.
_WHOLE = 1 + 1e-9


@dataclass(frozen=True)
class Part:
    """Cells of a sweep that ask for the same.

    ``wanted``: how many run, or would if they could; ``room``: how many the cluster could run were nothing
    else on it. ``takes``: resource -> what of the whole cluster's one cell takes, above 0 and up to 1.
    """

    wanted: int
    room: int
    takes: Mapping[str, float]


@dataclass(frozen=True)
class Claim:
    """What a sweep wants. ``weight`` is above 0; the first of ``parts`` are its first choice."""

    weight: float
    parts: tuple[Part, ...]


def divide(claims: Mapping[str, Claim]) -> dict[str, tuple[int, ...]]:
    """How many cells of each part each sweep may run at once, by name.

    Cells are dealt out one by one: the next goes to the sweep that has least for its weight, of the resource
    that it has most of, and that has use and room for one more (Ghodsi et al. 2011, Dominant resource
    fairness). It is the sweep that would have least with half a cell more, which rounds to the nearest cell.
    Everyone has one of each part that it wants, come what may, so that nobody waits for ever.
    """
    dealt = {name: [min(1, part.wanted) for part in claims[name].parts] for name in sorted(claims)}
    taken: dict[str, dict[str, float]] = {name: {} for name in dealt}
    used: dict[str, float] = {}
    for name, counts in dealt.items():
        for part, count in zip(claims[name].parts, counts, strict=True):
            if count:
                _add(part, taken[name], used)
    queue = [(_turn(claims[name], counts, taken[name]), name) for name, counts in dealt.items()]
    heapq.heapify(queue)
    while queue:
        _, name = heapq.heappop(queue)
        for place, part in enumerate(claims[name].parts):
            if dealt[name][place] < part.wanted and _fits(part, used):
                dealt[name][place] += 1
                _add(part, taken[name], used)
                heapq.heappush(queue, (_turn(claims[name], dealt[name], taken[name]), name))
                break
    return {name: tuple(counts) for name, counts in dealt.items()}


def portion(own: Claim, others: Mapping[str, Claim], name: str = "") -> tuple[int, ...]:
    """How many cells of each part the sweep ``name`` may run beside ``others``; at least 1.

    Where it has cells of a part at all it may use all that the others leave: more of them may become ready at
    any moment.
    """
    eager = tuple(replace(part, wanted=part.room if part.wanted else 1) for part in own.parts)
    return divide({**others, name: replace(own, parts=eager)})[name]


def _fits(part: Part, used: Mapping[str, float]) -> bool:
    return all(used.get(resource, 0.0) + share <= _WHOLE for resource, share in part.takes.items())


def _add(part: Part, *totals: dict[str, float]) -> None:
    for total in totals:
        for resource, share in part.takes.items():
            total[resource] = total.get(resource, 0.0) + share


def _turn(claim: Claim, counts: Sequence[int], taken: Mapping[str, float]) -> float:
    """When it is a sweep's turn: the least is first."""
    most = max(taken.values(), default=0.0)
    for part, count in zip(claim.parts, counts, strict=True):
        if count < part.wanted:
            more = (taken.get(resource, 0.0) + share / 2 for resource, share in part.takes.items())
            return max(most, *more) / claim.weight
    return math.inf
