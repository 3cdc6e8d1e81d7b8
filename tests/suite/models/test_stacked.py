"""Networks that run side by side compute what each computes alone."""

from __future__ import annotations

import pytest
import torch
from torch.func import functional_call

from suite.models import Network, as_float, get, names
from suite.models.layers import BatchNorm, _ChannelStatistics
from suite.models.stacked import call, side_by_side, stack


@pytest.mark.parametrize("mode", ["episode", "running"])
@pytest.mark.parametrize("name", names())
def test_networks_side_by_side_agree_with_each_alone(name: str, mode: str) -> None:
    torch.manual_seed(0)
    network = Network(get(name, channels=2, size=12, width=4, batch_norm=mode), 5).double().eval()
    tasks = 3
    own = [{k: torch.randn_like(p) for k, p in network.named_parameters()} for _ in range(tasks)]
    stacked = {k: torch.cat([parameters[k] for parameters in own]) for k in own[0]}
    images = torch.stack([as_float(torch.rand(6, 2, 12, 12), torch.float64) for _ in range(tasks)])
    together = call(network, stacked, side_by_side(images), tasks)
    assert together.shape == (6, tasks, 5)
    for task in range(tasks):
        alone = call(network, own[task], images[task])[:, 0]
        torch.testing.assert_close(together[:, task], alone, rtol=1e-10, atol=1e-10)


def test_copies_of_one_network_give_its_parameters_the_sum_of_gradients() -> None:
    parameters = {"weight": torch.randn(3, 2, requires_grad=True)}
    copies = stack(parameters, 4)["weight"]
    assert copies.shape == (12, 2)
    copies.sum().backward()
    assert torch.equal(parameters["weight"].grad, torch.full((3, 2), 4.0))  # type: ignore[arg-type]


def test_running_averages_of_networks_side_by_side_are_their_mean() -> None:
    norm = BatchNorm(2, "running", momentum=1.0).double()
    x = torch.randn(50, 6, 4, 4, dtype=torch.float64)
    functional_call(norm, stack(dict(norm.named_parameters()), 3), (x,))
    torch.testing.assert_close(norm.running_mean, x.mean((0, 2, 3)).view(3, 2).mean(0))
    torch.testing.assert_close(norm.running_variance, x.var((0, 2, 3)).view(3, 2).mean(0))


def test_channel_statistics_are_differentiable_twice() -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 2, 3, 2, dtype=torch.float64, requires_grad=True)

    def statistics(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mean, inverse_std = _ChannelStatistics.apply(x, 1e-3)
        return mean, inverse_std

    mean, inverse_std = statistics(x)
    torch.testing.assert_close(mean, x.mean((0, 2, 3)))
    torch.testing.assert_close(inverse_std, (x.var((0, 2, 3), correction=0) + 1e-3).rsqrt())
    assert torch.autograd.gradcheck(statistics, (x,))
    assert torch.autograd.gradgradcheck(statistics, (x,))
