"""The outer gradient through all fused operations is that of plain PyTorch, in both orders."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from suite.kernels import choice
from suite.methods.batches import TaskSet
from suite.methods.family import MetaArguments, accumulate, query_loss
from suite.models import Network, as_float, get


def tasks(channels: int, size: tuple[int, int], each: int) -> TaskSet:
    generator = torch.Generator().manual_seed(each)
    labels = torch.arange(3).repeat_interleave(each).repeat(2, 1)
    images = torch.rand(2 * 3 * each, channels, *size, generator=generator, dtype=torch.float64)
    return TaskSet(as_float(images, torch.float64).view(2, 3 * each, channels, *size), labels)


def outer_gradient(network: Network, support: TaskSet, query: TaskSet, second_order: bool) -> Tensor:
    network.zero_grad()
    arguments = MetaArguments(inner_steps=3, inner_lr=0.02)
    accumulate(lambda s, q: query_loss(network, s, q, arguments, second_order=second_order), support, query)
    return torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])


@pytest.mark.parametrize("second_order", [True, False])
@pytest.mark.parametrize("mode", ["episode", "running"])
@pytest.mark.parametrize(
    ("backbone", "channels", "size", "width"),
    [
        ("conv4", 1, (28, 28), 8),
        ("conv4", 3, (35, 21), 5),
        ("conv4", 3, (16, 16), 32),
        ("conv4", 6, (17, 19), 3),
        ("resnet12", 1, (16, 16), 4),
    ],
)
def test_outer_gradient_is_that_of_plain_autograd(
    backbone: str,
    channels: int,
    size: tuple[int, int],
    width: int,
    mode: str,
    second_order: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    network = Network(get(backbone, channels, size, width=width, batch_norm=mode), 3).double().eval()
    support, query = tasks(channels, size, 5), tasks(channels, size, 4)
    ours = outer_gradient(network, support, query, second_order)
    monkeypatch.setattr(choice, "_on", lambda device, dtype: "plain for a test")
    theirs = outer_gradient(network, support, query, second_order)
    assert float((ours - theirs).norm() / theirs.norm()) <= 1e-12
