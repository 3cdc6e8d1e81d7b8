"""MAML's outer gradient: Conv4, 5-way 5-shot, 15 queries a class, 4 tasks, 5 inner steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.case import Case, Work
from bench.maml_peers import PEERS, Inner
from bench.measure import version
from bench.timing import Clock, product_seconds
from suite.methods.batches import TaskSet
from suite.methods.family import MetaArguments, MetaLoss, accumulate, query_loss
from suite.models import Network, as_float, get

_WAY, _SHOT, _QUERY, _STEPS, _RATE = 5, 5, 15, 5, 0.01
_FIRST = "learn2learn"


@dataclass(frozen=True)
class Problem:
    """Width of the network, side and channels of the images, tasks, and the order of the gradient."""

    width: int
    side: int
    channels: int
    second_order: bool
    tasks: int = 4

    @property
    def name(self) -> str:
        """As the table shows it."""
        order = "second" if self.second_order else "first"
        return f"{order} order, {self.width} filters, {self.side}×{self.side}×{self.channels}"


def cases(quick: bool) -> list[Case]:
    """Both orders, small and large images, two widths; one of them against every peer."""
    if quick:
        tiny = (Problem(4, 16, 1, order, tasks=2) for order in (True, False))
        return [_case(problem, peer) for problem in tiny for peer in PEERS if _has(peer, problem)]
    targets = [
        (Problem(32, 28, 1, True), 2.5),
        (Problem(64, 28, 1, True), 2.5),
        (Problem(32, 84, 3, True), 3.5),
        (Problem(64, 84, 3, True), 4.0),
        (Problem(32, 28, 1, False), 2.0),
        (Problem(32, 84, 3, False), 3.0),
    ]
    others = [_case(targets[0][0], peer) for peer in PEERS if peer != _FIRST]
    return [*(_case(problem, target=target) for problem, target in targets), *others]


def _case(problem: Problem, peer: str = _FIRST, target: float | None = None) -> Case:
    name = problem.name if peer == _FIRST else f"{problem.name}, against {peer}"
    return Case(name, partial(_prepare, problem, peer), version(peer), (peer,), target)


def _has(peer: str, problem: Problem) -> bool:
    """TorchOpt differentiates through its steps or not at all."""
    return problem.second_order or peer != "torchopt"


def _prepare(problem: Problem, named: str) -> Work:
    network, meta_loss, support, query = outer_problem(problem)
    textbook = _textbook(network, problem)

    def ours() -> Tensor:
        network.zero_grad()
        accumulate(meta_loss, support, query)
        return _gradient(network)

    meta_gradient, inner = PEERS[named], Inner(_STEPS, _RATE, problem.second_order)

    def peer() -> Tensor:
        textbook.zero_grad()
        meta_gradient(textbook, support, query, inner)
        return _gradient(textbook)

    return Work(ours, peer, partial(_floor, problem), _agreement)


def outer_problem(problem: Problem) -> tuple[Network, MetaLoss, TaskSet, TaskSet]:
    """The network, its loss on a meta-batch, and the support and query sets of that."""
    torch.manual_seed(0)
    backbone = get("conv4", problem.channels, problem.side, width=problem.width, batch_norm="episode")
    network = Network(backbone, _WAY)
    arguments = MetaArguments(inner_steps=_STEPS, inner_lr=_RATE)

    def meta_loss(support: TaskSet, query: TaskSet) -> Tensor:
        return query_loss(network, support, query, arguments, second_order=problem.second_order)

    return network, meta_loss, _tasks(problem, _SHOT), _tasks(problem, _QUERY)


def _tasks(problem: Problem, each: int) -> TaskSet:
    """Pictures of noise around a pattern for each class."""
    generator = torch.Generator().manual_seed(1)
    shape = problem.channels, problem.side, problem.side
    labels = torch.arange(_WAY).repeat_interleave(each)
    patterns = torch.rand(problem.tasks, _WAY, *shape, generator=generator)
    noise = torch.rand(problem.tasks, len(labels), *shape, generator=generator)
    images = as_float((0.4 * patterns[:, labels] + 0.6 * noise).flatten(0, 1))
    return TaskSet(images.view(problem.tasks, -1, *shape), labels.repeat(problem.tasks, 1))


def _textbook(network: Network, problem: Problem) -> nn.Sequential:
    """The same network with the same weights in torch's own modules."""
    blocks: list[nn.Module] = []
    for i in range(4):
        inputs = problem.width if i else problem.channels
        convolution = nn.Conv2d(inputs, problem.width, 3, padding=1, bias=False)
        norm = nn.BatchNorm2d(problem.width, track_running_stats=False)
        blocks += [convolution, norm, nn.ReLU(), nn.MaxPool2d(2)]
    head = nn.Linear(network.backbone.feature_dimension, _WAY)
    found = nn.Sequential(*blocks, nn.Flatten(), head)
    with torch.no_grad():
        for theirs, own in zip(found.parameters(), network.parameters(), strict=True):
            theirs.copy_(own)
    return found


def _gradient(network: nn.Module) -> Tensor:
    return torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])


def _agreement(ours: Any, peer: Any) -> str:
    """In float32 a kink of ReLU or pooling falls to either side; tests compare both in float64, to 1e-9."""
    cosine = float(F.cosine_similarity(ours, peer, dim=0))
    assert cosine > 0.9, f"the gradients' cosine is only {cosine:.3f}"
    return f"gradients' cosine {cosine:.4f}"


def _floor(problem: Problem, clock: Clock) -> float:
    """Convolutions at the rate of matrix products: those that a direct computation can't do without.

    Of the first layer the forward pass alone (images need no gradient; the rest can be had from fewer
    products). Of each other one, with an image's support and query passes: forward and two gradients, and
    in second order six more for each inner step.
    """
    support = _WAY * _SHOT * _STEPS * (9 if problem.second_order else 3) + _WAY * _QUERY * 3
    first = _WAY * _SHOT * _STEPS + _WAY * _QUERY
    side, operations = problem.side, 0.0
    for layer in range(4):
        inputs = problem.width if layer else problem.channels
        operations += 2 * 9 * inputs * problem.width * side * side * (support if layer else first)
        side //= 2
    return product_seconds(operations * problem.tasks, clock)
