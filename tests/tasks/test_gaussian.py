"""``gaussian``: gauges of values that are drawn as the benchmark tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tasks
from tasks import SPLITS, Benchmark
from tasks.digests import compare
from tasks.gaussian import IMAGES, gauges, gaussians


def gaussian(folder: Path, **options: object) -> Benchmark:
    return tasks.load("gaussian", cache=folder, **options)


def values_of(benchmark: Benchmark, split: tasks.SplitName, dimensions: int) -> np.ndarray:
    """What the gauges show, [classes, images, dimensions], in standard deviations of all values."""
    images = benchmark.images(split)[:, 0].astype(np.int64)
    size = images.shape[1]
    rows = [int(np.flatnonzero(np.arange(size) * dimensions // size == d)[0]) for d in range(dimensions)]
    read = (images[:, rows].sum(axis=2) / (255 * size) - 0.5) * 8
    return read.reshape(-1, IMAGES, dimensions)


def test_gaussian_is_the_reference_data(tmp_path: Path) -> None:
    verification = compare(gaussian(tmp_path))
    assert verification.matches, str(verification)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(8, 30), st.integers(0, 1_000))
def test_a_gauge_is_read_off_to_the_value(dimensions: int, size: int, seed: int) -> None:
    values = np.random.default_rng(seed).uniform(-4, 4, size=(20, dimensions))
    pictures = gauges(values, size).astype(np.int64)
    bands = np.arange(size) * dimensions // size
    read = (pictures.sum(axis=2) / (255 * size) - 0.5) * 8
    for band in range(dimensions):
        shown = read[:, bands == band]
        assert shown.shape[1] >= size // dimensions
        assert np.abs(shown - values[:, [band]]).max() <= 4 / (255 * size) + 1e-12
    assert (np.diff(pictures, axis=2) <= 0).all(), "a bar begins at the left edge"


def test_what_lies_past_a_gauge_is_cut_off() -> None:
    assert not gauges(np.array([[-5.0]]), 8).any()
    assert (gauges(np.array([[4.5]]), 8) == 255).all()


@pytest.mark.parametrize("dimensions", [1, 4])
def test_the_images_of_a_class_are_of_the_distribution_that_is_told(tmp_path: Path, dimensions: int) -> None:
    benchmark = gaussian(tmp_path, between=2.0, within=1.0, dimensions=dimensions, size=16)
    shown = values_of(benchmark, "test", dimensions) * np.hypot(2, 1)
    told = gaussians(benchmark, "test")
    assert told.means.shape == (100, dimensions)
    standardised = (shown - told.means[:, None]) / told.deviations[:, None, None]
    # z of the means of 60 images, and of their variances
    assert np.abs(standardised.mean(axis=1) * IMAGES**0.5).max() < 4.5
    assert abs(standardised.mean()) < 4 / standardised.size**0.5
    assert abs(standardised.std() - 1) < 4 / (2 * standardised.size) ** 0.5 + 0.002
    assert abs(told.means.std() / 2 - 1) < 4 / (2 * told.means.size) ** 0.5


def test_spread_stretches_the_same_draws_and_more_classes_leave_the_first(tmp_path: Path) -> None:
    one = gaussian(tmp_path, between=1, classes=20)
    wide = gaussian(tmp_path, between=5.0, classes=30)
    assert np.allclose(gaussians(wide, "train").means[:20], 5 * gaussians(one, "train").means, rtol=1e-12)
    assert np.array_equal(gaussians(wide, "train").deviations[:20], gaussians(one, "train").deviations)
    assert one.options["between"] == 1.0
    assert isinstance(one.options["between"], float)


def test_splits_and_seeds_are_drawn_apart(tmp_path: Path) -> None:
    drawn = [
        gaussians(gaussian(tmp_path, seed=seed), split).means.tobytes() for seed in (0, 1) for split in SPLITS
    ]
    assert len(set(drawn)) == 6


def test_only_gaussian_tells_distributions(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="normal distributions, made has not"):
        gaussians(make(), "train")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"between": 0}, "between must be a number above 0, not 0"),
        ({"within": "1"}, "within must be a number above 0, not '1'"),
        ({"dimensions": 9}, "size 8 has rows for at most 8 dimensions, not 9"),
        ({"classes": 0}, "classes must be a whole number of at least 1, not 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
    ],
)
def test_values_out_of_range_are_refused_by_name(
    options: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        gaussian(tmp_path, **options)
    assert not list(tmp_path.iterdir())
