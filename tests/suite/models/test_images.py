"""Pictures become floats in one way."""

from __future__ import annotations

import pytest
import torch

from suite.models import as_float


def test_bytes_span_minus_one_to_one() -> None:
    images = torch.tensor([0, 51, 255], dtype=torch.uint8).view(3, 1, 1, 1)
    assert as_float(images).flatten().tolist() == pytest.approx([-1.0, -0.6, 1.0])


def test_bytes_and_floats_of_one_picture_agree() -> None:
    images = torch.randint(0, 256, (2, 3, 5, 7), dtype=torch.uint8)
    torch.testing.assert_close(as_float(images), as_float(images / 255))


@pytest.mark.parametrize("channels", [1, 3])
def test_layout_is_channels_last_and_values_are_not_moved(channels: int) -> None:
    images = torch.rand(2, channels, 5, 7)
    floats = as_float(images)
    assert floats.stride() == (channels * 35, 1, channels * 7, channels)
    torch.testing.assert_close(floats, images * 2 - 1, check_stride=False)


def test_images_given_are_not_changed() -> None:
    images = torch.rand(1, 1, 4, 4)
    before = images.clone()
    as_float(images).zero_()
    assert torch.equal(images, before)


def test_gradients_reach_floating_images() -> None:
    images = torch.rand(1, 1, 4, 4, requires_grad=True)
    as_float(images).sum().backward()
    assert images.grad is not None
    assert torch.equal(images.grad, torch.full_like(images, 2.0))


def test_whole_numbers_other_than_bytes_are_refused() -> None:
    with pytest.raises(TypeError, match=r"uint8 in 0\.\.255 or floating in 0\.\.1, not torch.int64"):
        as_float(torch.zeros(1, 1, 4, 4, dtype=torch.int64))


def test_a_single_picture_without_batch_axis_is_refused() -> None:
    with pytest.raises(ValueError, match=r"not of shape \[1, 4, 4\]"):
        as_float(torch.zeros(1, 4, 4))
