"""Reptile (Nichol, Achiam and Schulman 2018)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch

from suite.methods.batches import TaskSet, task_sets
from suite.methods.family import MetaArguments, adapt_all, parameters_of, update_running_averages
from suite.methods.inner_loop import inner_loop
from suite.methods.interface import Predictor
from suite.methods.optimiser import CosineAdam
from suite.methods.registry import method
from suite.methods.source import Source
from suite.models import Network
from suite.models.stacked import stack
from tasks import Support


@method("reptile", version="1")
@dataclass(frozen=True)
class Reptile(MetaArguments):
    """An initialisation moved towards the weights that gradient descent reaches on each task.

    In training a task's support and query images are one labelled set. The mean difference between
    initialisation and adapted weights stands in for the outer gradient, and is given to Adam as any gradient
    is (the paper's section 5 allows it), so that the optimiser is that of every other method.
    """

    adaptation: ClassVar[tuple[str, ...]] = ("adaptation_steps",)
    any_way: ClassVar[bool] = False

    def build(self, shape: tuple[int, int, int], way: int) -> Network:
        return self.network(shape, way)

    def learner(self, network: Network, source: Source) -> Callable[[], None]:
        optimiser = CosineAdam(network.parameters(), self.lr)

        def step() -> None:
            progress = source.progress
            support, query = task_sets(network, source.episodes(self.meta_batch))
            task = TaskSet(
                torch.cat([support.images, query.images], 1), torch.cat([support.labels, query.labels], 1)
            )
            update_running_averages(network, self.batch_norm, task)
            start = parameters_of(network)
            adapted = inner_loop(
                network,
                stack(start, task.tasks),
                task.side_by_side,
                task.labels,
                steps=self.inner_steps,
                lr=self.inner_lr,
                differentiable=False,
            )
            for name, value in start.items():
                mean = adapted[name].detach().view(task.tasks, *value.shape).mean(0)
                value.grad = (value.detach() - mean) / (self.inner_lr * self.inner_steps)
            optimiser.step(progress)

        return step

    def adapt(self, network: Network, support: Support) -> Predictor:
        return adapt_all(network, support, steps=self.adaptation_steps, lr=self.inner_lr)
