"""Small maps are interpolated exactly, whatever their size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.enlarge import enlarge


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(0, 120), st.sampled_from([16, 255]), st.integers(0, 999))
def test_it_is_bilinear_interpolation(side: int, more: int, most: int, seed: int) -> None:
    maps = np.random.default_rng(seed).integers(0, most + 1, size=(3, side, side))
    size = side + more
    expected = F.interpolate(
        torch.from_numpy(maps)[:, None].double(), size=(size, size), mode="bilinear", align_corners=False
    )
    found = enlarge(maps, size, most)
    assert found.shape == (3, size, size)
    assert np.abs(found - expected[:, 0].numpy() * 255 / most).max() <= 0.5 + 1e-9


def test_the_same_size_only_scales_and_one_level_stays_one() -> None:
    maps = np.arange(17)[None, :16].repeat(16, axis=0)[None]
    assert np.array_equal(enlarge(maps, 16, 16), np.floor(maps * 255 / 16 + 0.5))
    assert (enlarge(np.full((1, 8, 8), 16), 31, 16) == 255).all()


def test_maps_are_not_made_smaller() -> None:
    with pytest.raises(ValueError, match="maps of 8 pixels can be enlarged, not made 7 pixels wide"):
        enlarge(np.zeros((1, 8, 8), dtype=np.uint8), 7)
