"""MAML's outer gradient as three packages compute it, each the way that its own examples do.

Each function adds the gradient of the mean query loss of all tasks to that of ``network``'s parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from suite.methods.batches import TaskSet
from suite.methods.maml_learn2learn import learn2learn_algorithms


@dataclass(frozen=True)
class Inner:
    """The inner loop: steps of gradient descent, their rate, and whether the outer gradient sees them."""

    steps: int
    lr: float
    second_order: bool


MetaGradient = Callable[[nn.Module, TaskSet, TaskSet, Inner], None]


def learn2learn(network: nn.Module, support: TaskSet, query: TaskSet, inner: Inner) -> None:
    """A clone for each task, whose loss is differentiated at once."""
    learner = learn2learn_algorithms().MAML(network, lr=inner.lr, first_order=not inner.second_order)
    for task in range(support.tasks):
        clone = learner.clone()
        for _ in range(inner.steps):
            clone.adapt(_loss(clone, support, task))
        (_loss(clone, query, task) / support.tasks).backward()  # type: ignore[no-untyped-call]


def higher(network: nn.Module, support: TaskSet, query: TaskSet, inner: Inner) -> None:
    """A functional copy of the network for each task."""
    import higher as package

    own = list(network.parameters())
    descent = torch.optim.SGD(own, lr=inner.lr)
    context = package.innerloop_ctx
    for task in range(support.tasks):
        with context(network, descent, copy_initial_weights=False, track_higher_grads=inner.second_order) as (
            copy,
            steps,
        ):
            for _ in range(inner.steps):
                steps.step(_loss(copy, support, task))
            loss = _loss(copy, query, task) / support.tasks
            # Without the steps in the graph the gradient at their end stands for that at their start.
            reached = own if inner.second_order else list(copy.parameters())
            for parameter, gradient in zip(own, torch.autograd.grad(loss, reached), strict=True):
                parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient


def torchopt(network: nn.Module, support: TaskSet, query: TaskSet, inner: Inner) -> None:
    """Differentiable steps on the network itself, undone after each task; of second order alone."""
    import torchopt as package

    if not inner.second_order:
        raise ValueError("TorchOpt differentiates through its steps or not at all")
    descent: Any = package.MetaSGD(network, lr=inner.lr)
    weights = package.extract_state_dict(network, by="reference")
    state = package.extract_state_dict(descent, by="reference")
    for task in range(support.tasks):
        for _ in range(inner.steps):
            descent.step(_loss(network, support, task))
        (_loss(network, query, task) / support.tasks).backward()  # type: ignore[no-untyped-call]
        package.recover_state_dict(network, weights)
        package.recover_state_dict(descent, state)


PEERS: Mapping[str, MetaGradient] = {"learn2learn": learn2learn, "higher": higher, "torchopt": torchopt}
"""By the name under which the package installs."""


def _loss(network: nn.Module, of: TaskSet, task: int) -> Tensor:
    return F.cross_entropy(network(of.images[task]), of.labels[task])
