"""The inner loop is gradient descent, and its outer gradients are learn2learn's."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from suite.methods import inner_loop as module
from suite.methods import maml_learn2learn
from suite.methods.adaptations import parameters_of
from suite.methods.batches import TaskSet, task_sets
from suite.methods.family import MetaArguments, query_loss
from suite.models import Network, get
from suite.models.stacked import stack
from tasks import Benchmark, Episodes


def meta_batch(network: Network, benchmark: Benchmark, tasks: int = 3) -> tuple[TaskSet, TaskSet]:
    episodes = Episodes(benchmark, "train", way=5, shot=2, query=3, seed=0)
    return task_sets(network, [episodes[i] for i in range(tasks)])


def network(backbone: str = "conv4", mode: str = "episode", channels: int = 1) -> Network:
    torch.manual_seed(0)
    built = Network(get(backbone, channels=channels, size=16, width=4, batch_norm=mode), 5).double().eval()
    with torch.no_grad():
        for name, parameter in built.named_parameters():
            if "norm" in name:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return built


def gradients(loss: Tensor, of: Network) -> Tensor:
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(of.parameters()))])


@pytest.mark.parametrize("second_order", [True, False])
@pytest.mark.parametrize("mode", ["episode", "running"])
@pytest.mark.parametrize("backbone", ["conv4", "mlp", "resnet12"])
def test_outer_gradients_are_those_of_learn2learn(
    backbone: str, mode: str, second_order: bool, benchmark: Benchmark
) -> None:
    pytest.importorskip("learn2learn", reason="it is an optional dependency")
    algorithms = maml_learn2learn.learn2learn_algorithms()
    net = network(backbone, mode)
    support, query = meta_batch(net, benchmark)
    arguments = MetaArguments(inner_steps=3, inner_lr=0.05)
    ours = gradients(query_loss(net, support, query, arguments, second_order=second_order), net)
    theirs = gradients(
        maml_learn2learn.query_loss(algorithms, net, support, query, arguments, first_order=not second_order),
        net,
    )
    assert float((ours - theirs).norm() / theirs.norm()) < 1e-9


def test_first_and_second_order_differ(benchmark: Benchmark) -> None:
    net = network()
    support, query = meta_batch(net, benchmark)
    first, second = (
        gradients(query_loss(net, support, query, MetaArguments(), second_order=order), net)
        for order in (False, True)
    )
    assert float((first - second).norm() / second.norm()) > 1e-3


def test_second_order_gradient_is_the_slope_of_the_adapted_loss(benchmark: Benchmark) -> None:
    net = network()
    support, query = meta_batch(net, benchmark)
    arguments = MetaArguments(inner_steps=2)
    slope = gradients(query_loss(net, support, query, arguments, second_order=True), net)
    direction = torch.randn(slope.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    direction /= direction.norm()
    step = 1e-6

    def moved(by: float) -> float:
        start = torch.nn.utils.parameters_to_vector(net.parameters()).detach()
        torch.nn.utils.vector_to_parameters(start + by * direction, net.parameters())
        loss = float(query_loss(net, support, query, arguments, second_order=False).detach())
        torch.nn.utils.vector_to_parameters(start, net.parameters())
        return loss

    assert float(slope @ direction) == pytest.approx((moved(step) - moved(-step)) / (2 * step), rel=1e-4)


def test_each_task_descends_its_own_loss_alone(benchmark: Benchmark) -> None:
    net = network()
    support, _ = meta_batch(net, benchmark)
    together = module.inner_loop(
        net, stack(parameters_of(net), 3), support.side_by_side, support.labels, steps=3, lr=0.1
    )
    for task in range(3):
        own = {name: value.detach().clone().requires_grad_() for name, value in parameters_of(net).items()}
        for _ in range(3):
            logits = torch.func.functional_call(net, own, (support.images[task],))
            found = torch.autograd.grad(F.cross_entropy(logits, support.labels[task]), list(own.values()))
            own = {
                name: (value - 0.1 * g).detach().requires_grad_()
                for (name, value), g in zip(own.items(), found, strict=True)
            }
        for name, value in own.items():
            found_value = together[name].view(3, *value.shape)[task]
            torch.testing.assert_close(found_value, value, rtol=1e-9, atol=1e-10)


def test_adapting_works_where_gradients_are_switched_off(benchmark: Benchmark) -> None:
    net = network()
    support, _ = meta_batch(net, benchmark, tasks=1)
    with torch.no_grad():
        adapted = module.inner_loop(
            net, parameters_of(net), support.images[0], support.labels, steps=1, lr=0.1, differentiable=False
        )
    assert any(not torch.equal(adapted[name], value) for name, value in parameters_of(net).items())


def test_no_steps_change_nothing(benchmark: Benchmark) -> None:
    net = network()
    support, _ = meta_batch(net, benchmark, tasks=1)
    adapted = module.inner_loop(
        net, parameters_of(net), support.images[0], support.labels, steps=0, lr=0.1, differentiable=False
    )
    assert all(torch.equal(adapted[name], value) for name, value in parameters_of(net).items())
