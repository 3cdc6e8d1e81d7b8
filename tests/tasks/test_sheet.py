"""A contact sheet shows the samples of a class in its row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tasks import Benchmark, contact_sheet, domain_colour


def test_rows_are_classes_and_columns_samples(make: Callable[..., Benchmark]) -> None:
    benchmark = make(channels=3)
    sheet = contact_sheet(benchmark, "test", [2, 0], per_class=5)
    assert sheet.shape == (2 * 7 + 1, 5 * 8 + 1, 3)
    images = benchmark.images("test")
    assert np.array_equal(sheet[1:7, 1:8], images[8].transpose(1, 2, 0))
    assert np.array_equal(sheet[8:14, 9:16], images[1].transpose(1, 2, 0))
    assert np.unique(sheet[1:7, 33:40]).tolist() == [128], "a class of four has an empty fifth tile"


def test_grey_images_are_shown_grey_and_many_samples_are_spread(make: Callable[..., Benchmark]) -> None:
    benchmark = make()
    sheet = contact_sheet(benchmark, "train", [1], per_class=2)
    shown = [sheet[1:7, 1:8], sheet[1:7, 9:16]]
    for tile, row in zip(shown, (4, 6), strict=True):
        assert np.array_equal(tile, benchmark.images("train")[row].repeat(3, axis=0).transpose(1, 2, 0))


def test_a_line_beside_each_sample_has_the_colour_of_its_domain(make: Callable[..., Benchmark]) -> None:
    benchmark = make()
    sheet = contact_sheet(benchmark, "train", [0, 1], per_class=4)
    one, other = (domain_colour(domain, 2) for domain in (0, 1))
    assert one != other
    for top in (0, 7):
        for column in range(4):
            line = sheet[top : top + 7, 8 * column]
            assert (line == (one, other)[column % 2]).all()
            assert (sheet[top, 8 * column : 8 * column + 8] == (one, other)[column % 2]).all()
    alone = replace(
        benchmark,
        domain_names=("one",),
        splits={
            name: replace(split, domains=np.zeros_like(split.domains))
            for name, split in benchmark.splits.items()
        },
    )
    assert np.unique(contact_sheet(alone, "train", [0], 4)[0]).tolist() == [200]


def test_colours_of_domains_differ() -> None:
    assert len({domain_colour(domain, 12) for domain in range(12)}) == 12


def test_a_class_that_is_not_there_is_refused(make: Callable[..., Benchmark]) -> None:
    with pytest.raises(ValueError, match="made/test has classes 0 to 2, not 3"):
        contact_sheet(make(), "test", [3], 1)
    with pytest.raises(ValueError, match="at least one class and one column, not 0 and 4"):
        contact_sheet(make(), "test", [], 4)
