"""``digits``: real handwriting, a digit in one split alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits  # type: ignore[import-untyped]

import tasks
from tasks import SPLITS, Benchmark, Episodes
from tasks.digests import compare
from tasks.digits import DIGITS


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return tasks.load("digits", cache=tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return tasks.load("digits", rotated=True, cache=tmp_path_factory.mktemp("rotated"))


def test_digits_is_the_reference_data(digits: Benchmark, rotated: Benchmark) -> None:
    for benchmark in (digits, rotated):
        assert compare(benchmark).matches, str(compare(benchmark))


def test_every_digit_is_in_one_split_with_all_its_images(digits: Benchmark) -> None:
    assert sorted(digit for split in SPLITS for digit in DIGITS[split]) == list(range(10))
    known = np.bincount(load_digits().target)
    for split in SPLITS:
        assert digits.classes(split) == tuple(map(str, DIGITS[split]))
        assert np.bincount(digits.labels(split)).tolist() == known[list(DIGITS[split])].tolist()


def test_averaged_down_again_they_are_the_originals(tmp_path: Path) -> None:
    benchmark = tasks.load("digits", size=8, cache=tmp_path)
    bunch = load_digits()
    for split in SPLITS:
        for label, digit in enumerate(DIGITS[split]):
            shown = benchmark.images(split)[benchmark.labels(split) == label][:, 0]
            assert np.array_equal(shown, np.floor(bunch.images[bunch.target == digit] * 255 / 16 + 0.5))


def test_rotated_each_quarter_turn_is_a_class(digits: Benchmark, rotated: Benchmark) -> None:
    for split in SPLITS:
        assert len(rotated.classes(split)) == 4 * len(digits.classes(split))
    upright = digits.images("test")[digits.labels("test") == 1]
    assert rotated.classes("test")[4:8] == (
        "4",
        *(f"4 turned by {angle} degrees" for angle in (90, 180, 270)),
    )
    for turn in range(4):
        turned = rotated.images("test")[rotated.labels("test") == 4 + turn]
        assert np.array_equal(turned, np.rot90(upright, turn, axes=(2, 3)))


def test_upright_they_serve_two_way_episodes_and_say_so(digits: Benchmark, rotated: Benchmark) -> None:
    for split in SPLITS:
        assert Episodes(digits, split, 2, 5, 15, 0)[0].classes
        assert Episodes(rotated, split, 5, 5, 15, 0)[0].classes
    with pytest.raises(ValueError, match=r"digits/validation has 2 classes .* 5-way episodes need 5"):
        Episodes(digits, "validation", 5, 1, 3, 0)


def test_rotated_is_true_or_false(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rotated must be true or false, not 4"):
        tasks.load("digits", rotated=4, cache=tmp_path)
