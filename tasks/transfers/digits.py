"""``digit_classes``: from some handwritten digits to the others; and all digits, for tasks made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tasks import registry
from tasks.benchmark import SPLITS, Benchmark, Card, Split
from tasks.checks import check_whole
from tasks.transfers.dealing import dealt, joined, renumbered
from tasks.transfers.registry import transfer
from tasks.transfers.transfer import Transfer


@transfer("digit_classes")
def load(
    source: Sequence[int] = (0, 1, 2, 3, 4), size: int = 8, seed: int = 0, *, cache: Path | None = None
) -> Transfer:
    """Grey digits [n, 1, size, size]: pretrain on the ``source`` digits, adapt to the others.

    After Li et al. (2022), with the digits that scikit-learn carries. ``seed`` deals images. Raises
    ValueError where ``source`` is not some of the digits 0..9, or leaves fewer than two, and for a value out
    of range.
    """
    check_whole("seed", seed, 0)
    chosen = list(source) if isinstance(source, (list, tuple)) else []
    kept = [digit for digit in range(10) if digit in chosen]
    if len(kept) != len(chosen) or not 2 <= len(kept) <= 8:
        raise ValueError(f"source must be 2 to 8 of the digits 0..9, such as [0, 1, 2, 3, 4], not {source!r}")
    whole, card = all_digits(size, cache)
    inside = np.isin(whole.labels, kept)
    sides = (renumbered(whole, np.flatnonzero(side)) for side in (inside, ~inside))
    one, other = (dealt(side, ("digit_classes", seed, *side.classes)) for side in sides)
    card = replace(
        card,
        title="Digit classes: from some digits to the others",
        split_rule=(
            f"source: {', '.join(map(str, kept))}; downstream: the others; the images of a digit are dealt "
            "to train, validation and test at 3:1:1, so writers meet in all"
        ),
    )
    options = {"source": kept, "size": size, "seed": seed}
    return Transfer("digit_classes", one, other, ("UCI",), card, options)


def all_digits(size: int, cache: Path | None) -> tuple[Split, Card]:
    """Every image of the benchmark ``digits``, class by class 0..9, and its card."""
    benchmark = registry.load("digits", size=size, cache=cache)
    return in_order(benchmark), benchmark.card


def in_order(digits: Benchmark) -> Split:
    """The images of a benchmark whose classes are the digits, class by class 0..9."""
    mixed = joined([digits.splits[split] for split in SPLITS])
    digit_of = np.array([int(name) for name in mixed.classes])
    order = np.argsort(digit_of[mixed.labels], kind="stable")
    return Split(
        mixed.images[order],
        digit_of[mixed.labels[order]].astype(np.int64),
        mixed.domains[order],
        tuple(map(str, range(10))),
    )
