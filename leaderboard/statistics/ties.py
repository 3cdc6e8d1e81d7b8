"""Tie groups: letters such that methods share one exactly where they are not separable."""

from __future__ import annotations

import string
from collections.abc import Iterator
from itertools import count

import numpy as np
from numpy.typing import NDArray


def tie_groups(separable: NDArray[np.bool_]) -> list[str]:
    """Letters of M methods, best first, given which pairs [M, M] are separable (compact letter display).

    A group is a set of methods no two of which are separable; every such pair shares a group. Groups are
    grown greedily from the best method not yet covered, so their number is polynomial (Gramm et al. 2007 show
    that the least number is a clique cover, hard to find; at a board's size the greedy one is as good).
    """
    joined = ~separable | np.eye(len(separable), dtype=bool)
    covered = np.zeros_like(joined, dtype=np.int64)
    groups: list[NDArray[np.intp]] = []
    for first, second in zip(*np.nonzero(np.triu(joined)), strict=True):
        if not covered[first, second]:
            group = _grow(joined, [int(first), int(second)])
            covered[np.ix_(group, group)] += 1
            groups.append(group)
    kept = []
    for group in reversed(groups):
        if (covered[np.ix_(group, group)] > 1).all():
            covered[np.ix_(group, group)] -= 1
        else:
            kept.append(group)
    letters = [""] * len(joined)
    for group, letter in zip(sorted(kept, key=lambda group: tuple(group)), _alphabet(), strict=False):
        for method in group:
            letters[method] += letter
    return letters


def _grow(joined: NDArray[np.bool_], members: list[int]) -> NDArray[np.intp]:
    allowed = np.logical_and.reduce(joined[members])
    for candidate in range(len(joined)):
        if allowed[candidate] and candidate not in members:
            members.append(candidate)
            allowed &= joined[candidate]
    return np.unique(np.array(members, dtype=np.intp))


def _alphabet() -> Iterator[str]:
    """One character a group: the alphabet, then the small letters that Unicode has after it."""
    yield from string.ascii_letters
    yield from (chr(code) for code in count(0xC0) if chr(code).islower())
