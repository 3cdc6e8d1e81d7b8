"""What a planned sweep will cost, from what the store's finished cells took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Forecast:
    """``cached`` cells are in the store, ``pending`` ones are computed now.

    ``seconds``: what the pending ones will take, one after the other, if they take as long as others of their
    kind on their benchmark did (None: none was measured yet).
    """

    cached: int
    pending: int
    seconds: float | None


def forecast(done: Mapping[str, float], cells: Iterable[tuple[str, str, str]], pending: int) -> Forecast:
    """``cells`` are (key, kind, benchmark) of the whole plan; ``done`` the seconds of each finished key."""
    kinds = {key: (kind, benchmark) for key, kind, benchmark in cells}
    total = 0.0
    for key, (kind, benchmark) in kinds.items():
        if key in done:
            continue
        alike = [done[other] for other, its in kinds.items() if other in done and its == (kind, benchmark)]
        alike = alike or [done[other] for other, its in kinds.items() if other in done and its[0] == kind]
        if not alike:
            return Forecast(len(done), pending, None)
        total += median(alike)
    return Forecast(len(done), pending, total)
