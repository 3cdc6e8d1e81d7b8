"""Pixels come out exact: averages of areas, colours over white, tiles of a sheet."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.raster import check_size, over_white, render, resize, tiles


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 24), st.integers(1, 24), st.integers(0, 2**32 - 1))
def test_resize_is_the_exact_average_over_areas(side: int, size: int, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (1, side, side, 2), dtype=np.uint8)
    small = resize(image, size)
    assert small.shape == (1, size, size, 2)
    scale = Fraction(side, size)
    for y, x in {(0, 0), (size - 1, size // 2), (size // 3, size - 1)}:
        total = Fraction(0)
        for v in range(side):
            for u in range(side):
                height = min((y + 1) * scale, Fraction(v + 1)) - max(y * scale, Fraction(v))
                width = min((x + 1) * scale, Fraction(u + 1)) - max(x * scale, Fraction(u))
                if height > 0 and width > 0:
                    total += height * width * int(image[0, v, u, 0])
        assert small[0, y, x, 0] == int(total / scale**2 + Fraction(1, 2))


@pytest.mark.parametrize("side", [64, 105, 128, 256])
def test_resize_keeps_plain_images_plain(side: int) -> None:
    for value in (0, 1, 254, 255):
        plain = np.full((2, side, side, 1), value, dtype=np.uint8)
        assert np.unique(resize(plain, 28)).tolist() == [value]


def test_resize_refuses_what_it_could_not_sum_exactly() -> None:
    with pytest.raises(ValueError, match="300 pixels are too wide"):
        resize(np.zeros((1, 300, 300, 1), dtype=np.uint8), 28)


def test_transparent_is_white_and_opaque_stays() -> None:
    pixels = np.array([[9, 8, 7, 0], [9, 8, 7, 255], [0, 255, 100, 128]], dtype=np.uint8)
    assert over_white(pixels).tolist() == [[255, 255, 255], [9, 8, 7], [127, 255, 177]]


def test_tiles_are_cut_row_by_row() -> None:
    sheet = np.arange(6, dtype=np.uint8).reshape(2, 3, 1).repeat(2, 0).repeat(2, 1)
    assert tiles(sheet, 2, 5)[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]


def test_text_without_a_named_font_file_draws_nothing() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><text x="5" y="30">A</text></svg>'
    assert not render(svg).any(), "a font of the system was used"


@pytest.mark.parametrize("size", [7, 129, 28.0, "28", True])
def test_a_size_that_cannot_be_drawn_is_refused(size: object) -> None:
    with pytest.raises(ValueError, match="size must be a whole number of 8 to 128 pixels, not"):
        check_size(size)  # type: ignore[arg-type]
