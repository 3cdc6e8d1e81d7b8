"""Gradients averaged over the processes of a training, whatever a method computes them by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_pre_hook

from suite.methods.batches import TaskSet
from suite.methods.family import MetaLoss, accumulate
from suite.parallel.crew import Crew


@contextmanager
def averaged_gradients(crew: Crew) -> Iterator[list[Optimizer]]:
    """In the block, each step of an optimiser of torch's is taken with the mean gradient of all members.

    ``DistributedDataParallel`` averages what ``backward`` leaves after a forward pass through its wrapper:
    not the outer gradients of meta-learning, which go through ``torch.func`` and ``torch.autograd.grad``.
    Averaged here is what the optimiser is about to use. Yields the optimisers that have stepped, in order.
    Raises RuntimeError at an optimiser's first step where members start from different parameters.
    """
    known: list[Optimizer] = []

    def average(optimiser: Optimizer, arguments: Any, options: Any) -> None:
        if not crew.shares:
            return
        parameters = parameters_of(optimiser)
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        if not any(optimiser is other for other in known):
            known.append(optimiser)
            crew.require_same(_summary(parameters, gradients), "parameters at the first step")
        crew.average(gradients)

    handle = register_optimizer_step_pre_hook(average)
    try:
        yield known
    finally:
        handle.remove()


def accumulate_shared(
    crew: Crew, network: nn.Module, meta_loss: MetaLoss, support: TaskSet, query: TaskSet
) -> None:
    """Set the gradient of ``network``'s parameters to that of ``meta_loss`` over all tasks of a meta-batch.

    Every member is given the whole meta-batch, differentiates ``meta_loss`` (a mean over tasks) on its part
    of the tasks, and comes to the same gradient: of first and of second order alike, since the outer gradient
    of a meta-batch is the mean of its tasks' (Finn et al. 2017, equation 1).
    """
    network.zero_grad()
    part = crew.hand_out(support.tasks)
    accumulate(meta_loss, *(TaskSet(s.images[part], s.labels[part], s.together) for s in (support, query)))
    crew.average(parameter.grad for parameter in network.parameters() if parameter.grad is not None)


def parameters_of(optimiser: Optimizer) -> list[Tensor]:
    """All that it changes, group by group."""
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def _summary(parameters: list[Tensor], gradients: list[Tensor]) -> Tensor:
    """How many numbers there are, how many gradients, and a sum that tells other weights: float64 [3]."""
    numbers = sum(parameter.numel() for parameter in parameters)
    weights = sum(float(parameter.detach().double().sum()) for parameter in parameters)
    slopes = sum(gradient.numel() for gradient in gradients)
    return torch.tensor([numbers, slopes, weights], dtype=torch.float64)
