"""A paper of two parts whose figures follow from the seed: seed 0 bears the claim out, seed 1 does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leaderboard.findings import Check
from suite.papers.registry import Figures, at_least, at_most, paper


def small(seed: int) -> Figures:
    """What is small."""
    found = Figures()
    found["thing", "size"] = 1.0 + seed, (0.5, 3.0)
    return found


def large(seed: int) -> Figures:
    """What is large."""
    found = Figures()
    found["thing", "size"] = 3.0
    return found


@paper(
    "toy_of_parts",
    title="Things grow",
    authors=("A. Author",),
    year=2020,
    venue="Venue",
    claim="Things grow.",
    version="1",
    parts=(small, large),
    seeds=(0, 1),
)
def judge(found: Mapping[str, Figures]) -> Iterator[Check]:
    sizes = [found[part]["thing", "size"].value for part in ("small", "large")]
    yield at_least("it grows by 1.5", sizes[1] - sizes[0], 1.5)
    yield at_most("it was small", sizes[0], 2.5)
    yield at_most("it was tiny", sizes[0], 0.1, role="context")
