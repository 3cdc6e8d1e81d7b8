"""A network's loss in one chain has the value and both derivatives of its layers one by one."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from suite.kernels import choice
from suite.models import BatchNormMode, Network, get
from suite.models.losses import losses, task_losses
from suite.models.stacked import call

_WAY = 3
SIZES = st.tuples(st.integers(16, 35), st.integers(16, 35))


def drawn(
    channels: int, size: tuple[int, int], width: int, mode: BatchNormMode, n: int, seed: int = 0
) -> tuple[Network, Tensor, Tensor]:
    """A network in float64, images with plain areas (ties), and labels [1, n]."""
    torch.manual_seed(seed)
    network = Network(get("conv4", channels, size, width=width, batch_norm=mode), _WAY).double().eval()
    images = torch.rand(n, channels, *size, dtype=torch.float64)
    images[:, :, : size[0] // 2].round_()
    return network, images, (torch.arange(n) % _WAY)[None]


def derivatives(network: Network, images: Tensor, labels: Tensor, *, chained: bool) -> list[Tensor]:
    """The loss, first derivatives of a curved function of it, and second ones along fixed directions."""
    parameters = dict(network.named_parameters())
    if chained:
        found = losses(network, parameters, images, labels)
        assert type(found.grad_fn).__name__ != "MeanBackward1"  # or it would be compared with itself
    else:
        found = task_losses(call(network, parameters, images), labels)
    leaves = list(parameters.values())
    first = torch.autograd.grad(found.sum().square(), leaves, create_graph=True)
    along = sum(
        ((d * torch.cos(torch.arange(d.numel(), dtype=d.dtype)).view_as(d)).sum() for d in first),
        torch.zeros(()),
    )
    return [found, *first, *torch.autograd.grad(along, leaves)]


def assert_agree(ours: list[Tensor], theirs: list[Tensor]) -> None:
    """To 1e-12 of each order's largest value."""
    size = (len(ours) - 1) // 2
    for order in (slice(0, 1), slice(1, 1 + size), slice(1 + size, None)):
        scale = max(float(b.detach().abs().max()) for b in theirs[order])
        for a, b in zip(ours[order], theirs[order], strict=True):
            assert float((a - b).detach().abs().max()) <= 1e-12 * scale


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([1, 3, 6]),
    SIZES,
    st.integers(1, 9),
    st.sampled_from(["episode", "running"]),
    st.integers(6, 9),
    st.integers(0, 1_000),
)
def test_loss_and_both_derivatives_are_those_of_the_layers_one_by_one(
    channels: int, size: tuple[int, int], width: int, mode: BatchNormMode, n: int, seed: int
) -> None:
    network, images, labels = drawn(channels, size, width, mode, n, seed)
    ours, theirs = (derivatives(network, images, labels, chained=c) for c in (True, False))
    assert_agree(ours, theirs)


@pytest.mark.parametrize("mode", ["episode", "running"])
def test_against_plain_autograd_with_dead_units(mode: BatchNormMode, monkeypatch: pytest.MonkeyPatch) -> None:
    network, images, labels = drawn(1, (20, 17), 5, mode, 7)
    with torch.no_grad():
        norm = network.backbone.get_submodule("block2.norm")
        norm.get_parameter("bias")[1] = -50.0
        norm.get_parameter("weight")[2] = 0.0
        norm.get_parameter("weight")[3] = -1.0
    ours = derivatives(network, images, labels, chained=True)
    monkeypatch.setattr(choice, "_on", lambda device, dtype: "plain for a test")
    assert_agree(ours, derivatives(network, images, labels, chained=False))


def test_gradcheck_and_gradgradcheck() -> None:
    network, images, labels = drawn(1, (16, 16), 2, "episode", 6)
    names = list(dict(network.named_parameters()))

    def loss(*values: Tensor) -> Tensor:
        return losses(network, dict(zip(names, values, strict=True)), images, labels)

    values = tuple(value.detach().requires_grad_() for value in network.parameters())
    assert torch.autograd.gradcheck(loss, values)
    assert torch.autograd.gradgradcheck(loss, values)


def test_the_same_bits_each_time() -> None:
    network, images, labels = drawn(3, (21, 21), 32, "episode", 10)
    network, images = network.float(), images.float()
    first, second = (derivatives(network, images, labels, chained=True) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_loss_differentiated_twice_over_has_the_same_gradient() -> None:
    network, images, labels = drawn(1, (16, 16), 4, "episode", 6)
    loss = losses(network, dict(network.named_parameters()), images, labels).sum()
    leaves = list(network.parameters())
    once = torch.autograd.grad(loss, leaves, retain_graph=True)
    again = torch.autograd.grad(loss, leaves)
    assert all(torch.equal(a, b) for a, b in zip(once, again, strict=True))


def test_who_listens_to_a_layer_hears_it() -> None:
    network, images, labels = drawn(1, (16, 16), 4, "episode", 6)
    heard: list[int] = []
    network.backbone.get_submodule("block2").register_forward_hook(lambda *_: heard.append(1))
    losses(network, dict(network.named_parameters()), images, labels)
    assert heard == [1]


def test_running_averages_follow_in_training() -> None:
    network, images, labels = drawn(1, (16, 16), 4, "running", 6)
    mean = network.backbone.get_submodule("block2.norm").get_buffer("running_mean")
    losses(network, dict(network.named_parameters()), images, labels)
    assert not mean.any()
    network.train()
    losses(network, dict(network.named_parameters()), images, labels)
    assert mean.any()
