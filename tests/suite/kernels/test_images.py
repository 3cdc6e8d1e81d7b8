"""The block that reads images has the values and both derivatives of the plain operations in turn."""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from suite import kernels
from suite.kernels import images as module
from suite.kernels import plain
from suite.kernels.numba_kernels import NumbaKernels
from suite.models import activations, get

KERNELS = NumbaKernels()
EPSILON = 1e-5
SHAPES = st.tuples(st.integers(3, 6), st.integers(1, 4), st.integers(2, 9), st.integers(2, 9))

Block = Callable[[Tensor, Tensor, Tensor], Tensor]
Statistics = tuple[Tensor, Tensor] | None


def fused(images: Tensor, statistics: Statistics) -> Block:
    prepared = module.prepare(KERNELS, images)
    return lambda filters, weight, bias: (
        module.convolve_normalise_rectify_pool(prepared, filters, weight, bias, statistics, EPSILON).pooled
    )


def textbook(images: Tensor, statistics: Statistics) -> Block:
    def run(filters: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        z = plain.convolve(images, filters)
        if statistics is None:
            mean, inverse_std = z.mean((0, 2, 3)), (z.var((0, 2, 3), correction=0) + EPSILON).rsqrt()
        else:
            mean, inverse_std = statistics
        scale = weight * inverse_std
        return plain.normalise_rectify_pool(z, scale, bias - mean * scale)

    return run


def drawn(shape: tuple[int, int, int, int], channels: int, seed: int) -> tuple[Tensor, list[Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    sizes = (shape, (channels, shape[1], 3, 3), (channels,), (channels,))
    images, *parameters = (torch.randn(size, generator=generator, dtype=torch.float64) for size in sizes)
    return images, [parameter.requires_grad_() for parameter in parameters]


def constants(channels: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(channels)
    mean, spread = (torch.rand(channels, generator=generator, dtype=torch.float64) for _ in range(2))
    return mean, spread + 0.5


def derivatives(function: Block, parameters: list[Tensor]) -> list[Tensor]:
    def weights(like: Tensor) -> Tensor:
        return torch.cos(torch.arange(like.numel(), dtype=like.dtype)).view_as(like)

    value = function(*parameters)
    loss = (value.square() * weights(value)).sum() + value.sum()
    first = torch.autograd.grad(loss, parameters, create_graph=True)
    along = sum(((d * weights(d)).sum() for d in first), torch.zeros(()))
    return [value, *first, *torch.autograd.grad(along, parameters)]


def assert_agree(ours: list[Tensor], theirs: list[Tensor]) -> None:
    scale = max(float(value.detach().abs().max()) for value in theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        size = max(float(b.detach().abs().max()), 1e-3 * scale)
        assert float((a - b).detach().abs().max()) <= 1e-12 * size


@settings(max_examples=60, deadline=None)
@given(SHAPES, st.integers(1, 9), st.integers(0, 10_000), st.booleans())
def test_value_and_both_derivatives_are_those_of_autograd(
    shape: tuple[int, int, int, int], channels: int, seed: int, given_statistics: bool
) -> None:
    statistics = constants(channels) if given_statistics else None
    images, parameters = drawn(shape, channels, seed)
    ours, theirs = (derivatives(f(images, statistics), parameters) for f in (fused, textbook))
    assert_agree(ours, theirs)


@pytest.mark.parametrize("given_statistics", [False, True])
@pytest.mark.parametrize("shape", [(3, 1, 4, 4), (3, 3, 5, 3)], ids=str)
def test_gradcheck_and_gradgradcheck(shape: tuple[int, int, int, int], given_statistics: bool) -> None:
    images, parameters = drawn(shape, 2, seed=0)
    function = fused(images, constants(2) if given_statistics else None)
    assert torch.autograd.gradcheck(function, parameters)
    assert torch.autograd.gradgradcheck(function, parameters)


@pytest.mark.parametrize("given_statistics", [False, True])
def test_ties_dead_units_and_blank_images(given_statistics: bool) -> None:
    images, (filters, weight, bias) = drawn((4, 1, 8, 8), 4, seed=0)
    statistics = constants(4) if given_statistics else None
    with torch.no_grad():
        images.copy_((images > 1).double())  # large plain areas: windows of equal values
        images[1] = 0.0
        filters.round_()  # so that equal sums are equal bits in any order
        bias[1] = -50.0
        weight[2] = 0.0
        weight[3] = -1.0
    ours, theirs = (derivatives(f(images, statistics), [filters, weight, bias]) for f in (fused, textbook))
    assert_agree(ours, theirs)
    assert not ours[0][:, 1].any()


@settings(max_examples=30, deadline=None)
@given(SHAPES)
def test_moments_of_patches_are_those_of_the_unfolded_images(shape: tuple[int, int, int, int]) -> None:
    images, _ = drawn(shape, 1, seed=1)
    patches = torch.nn.functional.unfold(images, 3, padding=1).transpose(1, 2).flatten(0, 1)
    prepared = module.prepare(KERNELS, images)
    torch.testing.assert_close(torch.from_numpy(prepared.s), patches.sum(0), rtol=1e-12, atol=1e-10)
    centred = patches - patches.mean(0)
    torch.testing.assert_close(torch.from_numpy(prepared.M), centred.T @ centred, rtol=1e-10, atol=1e-10)


def test_moments_are_kept_for_the_same_images_alone() -> None:
    last, images = module.LastImages(), torch.rand(2, 1, 4, 4)
    found = last.prepared(KERNELS, images)
    assert last.prepared(KERNELS, images) is found
    assert last.prepared(KERNELS, images.clone()) is not found
    again = last.prepared(KERNELS, images)
    images.add_(1.0)
    assert last.prepared(KERNELS, images) is not again


def test_moments_go_with_their_images_and_do_not_follow_a_copy_of_the_network() -> None:
    network, images = get("conv4", channels=1, size=16, width=4), torch.rand(2, 1, 16, 16)
    network(images)
    memory = network.get_submodule("block1")._last_images
    assert memory._last is not None
    assert copy.deepcopy(network).get_submodule("block1")._last_images._last is None
    del images
    gc.collect()
    assert memory._last is None


def test_what_the_images_are_asked_for_decides_the_path() -> None:
    filters, images = torch.rand(5, 3, 3, 3), torch.rand(2, 3, 8, 8)
    assert kernels.reads_images(images, filters)
    assert not kernels.reads_images(images.clone().requires_grad_(), filters)
    assert not kernels.reads_images(torch.rand(2, 6, 8, 8), filters)  # networks side by side
    assert not kernels.reads_images(torch.rand(2, 16, 8, 8), torch.rand(5, 16, 3, 3))


def test_who_listens_to_the_convolution_hears_it() -> None:
    network, images = get("conv4", channels=2, size=16, width=4).eval(), torch.rand(3, 2, 16, 16)
    plainly = plain.convolve(images, network.get_submodule("block1.convolution").weight)
    torch.testing.assert_close(activations(network, images)["block1.convolution"], plainly)


def test_nan_in_an_image_is_not_hidden() -> None:
    images, parameters = drawn((3, 1, 6, 6), 2, seed=0)
    images[0, 0, 2, 2] = float("nan")
    for statistics in (None, constants(2)):
        ours, theirs = (f(images, statistics)(*parameters) for f in (fused, textbook))
        torch.testing.assert_close(ours, theirs, equal_nan=True)
