"""Reptile (Nichol, Achiam and Schulman 2018)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from suite.methods.adaptations import adapt_all, parameters_of
from suite.methods.batches import TaskSet, task_sets
from suite.methods.family import MetaArguments, tell_path, update_running_averages
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

    def learner(self, network: Network, source: Source) -> Callable[[], None]:
        optimiser = CosineAdam(network.parameters(), self.lr)
        tell_path(network)

        def step() -> None:
            annealing = source.annealing
            support, query = task_sets(network, source.episodes(self.meta_batch))
            task = TaskSet(
                torch.cat([support.images, query.images], 1), torch.cat([support.labels, query.labels], 1)
            )
            update_running_averages(network, self.batch_norm, task)
            start = parameters_of(network)
            reached = [self._adapt_all(network, part) for part in task.parts()]
            for name, value in start.items():
                ends = torch.cat([adapted[name].view(-1, *value.shape) for adapted in reached])
                value.grad = (value.detach() - ends.mean(0)) / (self.inner_lr * self.inner_steps)
            optimiser.step(annealing)

        return step

    def _adapt_all(self, network: Network, task: TaskSet) -> dict[str, Tensor]:
        """Weights that each task reaches, stacked over the tasks."""
        adapted = inner_loop(
            network,
            stack(parameters_of(network), task.tasks),
            task.side_by_side,
            task.labels,
            steps=self.inner_steps,
            lr=self.inner_lr,
            differentiable=False,
        )
        return {name: value.detach() for name, value in adapted.items()}

    def adapt(self, network: Network, support: Support) -> Predictor:
        return adapt_all(network, support, steps=self.adaptation_steps, lr=self.inner_lr)
