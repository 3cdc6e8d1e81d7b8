"""``alignment``: the same pictures with labels that are those of the source, nearly, or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.benchmark import Split
from tasks.checks import check_whole
from tasks.draws import Key, choose
from tasks.transfers.digits import all_digits
from tasks.transfers.registry import transfer
from tasks.transfers.transfer import Problem, Transfer

LABELS = ("same", "flipped", "split", "random")
TRAIN, VALIDATION = 1_000, 397

Labels = NDArray[np.int64]


@transfer("alignment")
def load(
    labels: str = "same",
    flipped: float = 0.1,
    size: int = 8,
    seed: int = 0,
    *,
    cache: Path | None = None,
) -> Transfer:
    """Grey digits [n, 1, size, size], 1000 to train on: odd or even, then the same pictures again.

    The downstream ``labels`` are the ``same``; the same with a share ``flipped`` of them wrong (``flipped``);
    those of another ``split``, at least 5 or below; or the source's, shuffled (``random``). What is wrong or
    shuffled is so in validation and test alike. After Imani, Hu and White (2022): the less the labels align
    with those learned, the slower they are fitted. ``seed`` deals pictures and decides which labels are
    wrong. Raises ValueError for a value out of range.
    """
    check_whole("seed", seed, 0)
    if labels not in LABELS:
        raise ValueError(f"labels must be one of {', '.join(LABELS)}, not {labels!r}")
    if isinstance(flipped, bool) or not isinstance(flipped, (int, float)) or not 0 < flipped <= 0.5:
        raise ValueError(f"flipped must be a share above 0 and at most 0.5, not {flipped!r}")
    whole, card = all_digits(size, cache)
    parts = _dealt(whole, seed)
    source = Problem(*(_with(part, part.labels % 2, ("even", "odd")) for part in parts))
    names = ("below 5", "at least 5") if labels == "split" else ("even", "odd")
    keys = [("alignment", labels, seed, name) for name in ("train", "validation", "test")]
    downstream = Problem(
        *(
            _with(part, _labels(part, labels, float(flipped), key), names)
            for part, key in zip(parts, keys, strict=True)
        )
    )
    options: dict[str, object] = {"labels": labels, "size": size, "seed": seed}
    if labels == "flipped":
        options["flipped"] = float(flipped)
    card = replace(
        card,
        title=f"Alignment: digits, odd or even, then {labels} labels",
        split_rule=(
            f"{TRAIN:,} pictures to train on, {VALIDATION} to choose by, the others to score on; source and "
            "downstream have the same pictures"
        ),
    )
    return Transfer("alignment", source, downstream, ("UCI",), card, options)


def _dealt(whole: Split, seed: int) -> tuple[Split, Split, Split]:
    everyone = np.arange(len(whole.labels))
    train = choose(("alignment", seed, "train"), TRAIN, len(everyone))
    rest = np.delete(everyone, train)
    validation = choose(("alignment", seed, "validation"), VALIDATION, len(rest))
    test = np.delete(rest, validation)
    return whole.rows(train), whole.rows(rest[validation]), whole.rows(test)


def _with(part: Split, labels: Labels, classes: tuple[str, str]) -> Split:
    return Split(part.images, labels, part.domains, classes)


def _labels(part: Split, labels: str, flipped: float, key: Key) -> Labels:
    """Labels 0 and 1 of the pictures of digits ``part.labels``."""
    odd, count = part.labels % 2, len(part.labels)
    if labels == "split":
        return (part.labels >= 5).astype(np.int64)
    if labels == "flipped":
        odd[choose(key, round(flipped * count), count)] ^= 1
    if labels == "random":
        # As many of each as before, at places drawn anew.
        shuffled = np.zeros_like(odd)
        shuffled[choose(key, int(odd.sum()), count)] = 1
        return shuffled
    return odd
