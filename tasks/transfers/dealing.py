"""Who is trained on, who is chosen by, who is scored on: dealt class by class, the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.benchmark import Split
from tasks.draws import Key, choose
from tasks.transfers.transfer import Problem

Rows = NDArray[np.int64]

LEAST = 3
"""Members that a class needs: one of each part."""


def deal(labels: Rows, key: Key) -> tuple[Rows, Rows, Rows]:
    """Members of classes ``labels`` [n] for train, validation and test: three fifths, a fifth and a fifth.

    Class by class, each part with at least one of each; a class needs ``LEAST`` members.
    """
    parts: tuple[list[Rows], list[Rows], list[Rows]] = ([], [], [])
    for label in np.unique(labels).tolist():
        members = np.flatnonzero(labels == label)
        if len(members) < LEAST:
            raise ValueError(f"class {label} has {len(members)} members; {LEAST} are needed to deal them")
        fifth = max(1, len(members) // 5)
        test, rest = _drawn(members, fifth, (*key, label, "test"))
        validation, train = _drawn(rest, fifth, (*key, label, "validation"))
        for part, some in zip(parts, (train, validation, test), strict=True):
            part.append(some)
    train, validation, test = (np.concatenate(part) for part in parts)
    return train, validation, test


def dealt(whole: Split, key: Key) -> Problem:
    """The images of a labelled set, dealt one by one."""
    return Problem(*(whole.rows(rows) for rows in deal(whole.labels, key)))


def renumbered(whole: Split, rows: Rows) -> Split:
    """Some rows of a set, with those classes alone that they are of."""
    kept, labels = np.unique(whole.labels[rows], return_inverse=True)
    classes = tuple(whole.classes[label] for label in kept)
    return Split(whole.images[rows], labels.astype(np.int64), whole.domains[rows], classes)


def joined(parts: Sequence[Split]) -> Split:
    """Sets whose classes are others, one after another."""
    offsets = np.cumsum([0, *(len(part.classes) for part in parts[:-1])])
    return Split(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels + offset for part, offset in zip(parts, offsets, strict=True)]),
        np.concatenate([part.domains for part in parts]),
        tuple(name for part in parts for name in part.classes),
    )


def _drawn(members: Rows, count: int, key: Key) -> tuple[Rows, Rows]:
    """``count`` of the members, and the others."""
    chosen = choose(key, count, len(members))
    return members[chosen], np.delete(members, chosen)
