"""``digits``: the handwritten digits that scikit-learn carries, 8 x 8 pixels, for unions above all."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.benchmark import SPLITS, Benchmark, Card, Split, SplitName
from tasks.cache import through
from tasks.checks import check_flag
from tasks.enlarge import enlarge
from tasks.raster import check_size
from tasks.registry import benchmark

DIGITS: Mapping[SplitName, tuple[int, ...]] = {
    "train": (0, 1, 6, 8, 9),
    "validation": (2, 5),
    "test": (3, 4, 7),
}
"""Those that look like themselves or one another upside down are meta-train: 0, 1, 8, and 6 with 9."""

_DARKEST = 16


@benchmark("digits")
def load(size: int = 28, rotated: bool = False, *, cache: Path | None = None) -> Benchmark:
    """Grey images [n, 1, size, size], 0 paper, 255 ink; class = digit (5 train, 2 validation, 3 test).

    So many classes make 2-way episodes. ``rotated`` makes each digit four classes, one a quarter turn: 20, 8
    and 12, enough for 5-way ones. Raises ValueError for a size outside
    8..128.
    """
    check_size(size)
    check_flag("rotated", rotated)
    return through(
        "digits",
        {"size": size, "rotated": rotated},
        lambda: _build(size, rotated),
        sources=["digits.py", "enlarge.py"],
        folder=cache,
    )


def _build(size: int, rotated: bool) -> Benchmark:
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]

    bunch = load_digits()
    maps, digits = bunch.images.astype(np.int64), bunch.target.astype(np.int64)
    splits = {split: _split(maps, digits, split, size, 4 if rotated else 1) for split in SPLITS}
    return Benchmark("digits", splits, ("UCI",), _card(), {"size": size, "rotated": rotated})


def _split(
    maps: NDArray[np.int64], digits: NDArray[np.int64], split: SplitName, size: int, turns: int
) -> Split:
    images: list[NDArray[np.uint8]] = []
    labels: list[NDArray[np.int64]] = []
    classes: list[str] = []
    for digit in DIGITS[split]:
        drawn = enlarge(maps[digits == digit], size, _DARKEST)
        for turn in range(turns):
            images.append(np.rot90(drawn, turn, axes=(1, 2)))
            labels.append(np.full(len(drawn), len(classes), dtype=np.int64))
            classes.append(f"{digit} turned by {90 * turn} degrees" if turn else str(digit))
    everything = np.concatenate(images)[:, None]
    return Split(
        everything, np.concatenate(labels), np.zeros(len(everything), dtype=np.int64), tuple(classes)
    )


def _card() -> Card:
    return Card(
        title="Digits: handwritten, at 8 x 8 pixels",
        description=(
            "The 1,797 digits of the test set of UCI's Optical Recognition of Handwritten Digits, by 13 "
            "people, as scikit-learn carries them: 8 x 8 counts of 0 to 16 dark pixels, interpolated "
            "bilinearly to the size asked for. Ten classes make 2-way episodes, or a small domain of a "
            "union; rotated, each quarter turn is a class of its own, as is usual with Omniglot, and 5-way "
            "episodes can be drawn. Caveat: upside down, 0, 1 and 8 look like themselves, and 6 like 9. "
            "Rotated, those classes, all in train, cannot be told apart with certainty; 2 and 5, in "
            "validation, come close."
        ),
        licence="CC-BY-4.0",
        attribution=(
            "E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits, UCI Machine Learning "
            "Repository, doi.org/10.24432/C50P49"
        ),
        split_rule="by digit; "
        + "; ".join(f"{split}: {', '.join(map(str, DIGITS[split]))}" for split in SPLITS),
        citation=(
            "C. Kaynak: Methods of Combining Multiple Classifiers and Their Applications to Handwritten "
            "Digit Recognition. MSc thesis, Bogazici University, 1995."
        ),
        packages={"scikit-learn": version("scikit-learn")},
    )
