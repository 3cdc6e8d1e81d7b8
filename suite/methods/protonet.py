"""Prototypical networks (Snell, Swersky and Zemel 2017)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from suite.methods.adaptations import parameters_of
from suite.methods.arguments import argument
from suite.methods.batches import TaskSet, inputs, support_labels, task_sets
from suite.methods.body import BodyArguments
from suite.methods.frozen import FeaturePredictor
from suite.methods.heads import centroids, squared_distance_logits
from suite.methods.interface import Predictor
from suite.methods.optimiser import CosineAdam
from suite.methods.registry import method
from suite.methods.source import Source
from suite.models import Backbone
from suite.models.losses import task_losses
from suite.models.stacked import call, stack
from tasks import Support


@method("protonet", version="1")
@dataclass(frozen=True)
class ProtoNet(BodyArguments):
    """Features by which a query is nearest, in squared Euclidean distance, to its class's mean support.

    With ``running`` batch norm a training batch is all images of the meta-batch; with ``episode`` support and
    query of each task are normalised apart, as at test.
    """

    meta_batch: int = argument(1, "tasks of one training step", at_least=1)
    lr: float = argument(3e-3, "initial rate of Adam, which falls to 1e-5 by a cosine", above=0)

    any_way: ClassVar[bool] = True
    optimiser: ClassVar[str] = CosineAdam.family
    shareable: ClassVar[bool] = True

    def build(self, shape: tuple[int, int, int], way: int) -> Backbone:
        return self.body(shape)

    def learner(self, network: Backbone, source: Source) -> Callable[[], None]:
        optimiser = CosineAdam(network.parameters(), self.lr)

        def step() -> None:
            annealing = source.annealing
            support, query = task_sets(network, source.episodes(self.meta_batch))
            network.train()
            of_support, of_query = self._embed(network, support, query)
            means = torch.stack(
                [centroids(f, y, source.way) for f, y in zip(of_support, support.labels, strict=True)]
            )
            logits = squared_distance_logits(of_query, means)
            optimiser.zero_grad()
            task_losses(logits.transpose(0, 1), query.labels).mean().backward()  # type: ignore[no-untyped-call]
            optimiser.step(annealing)

        return step

    def adapt(self, network: Backbone, support: Support) -> Predictor:
        labels = support_labels(support)
        with torch.no_grad():
            features = network(inputs(network, support.images))
            means = centroids(features, labels.to(features.device), support.way)
        return FeaturePredictor(network, partial(squared_distance_logits, means=means))

    def _embed(self, network: Backbone, support: TaskSet, query: TaskSet) -> tuple[Tensor, Tensor]:
        """Features [tasks, n, d] of both sets."""
        if self.batch_norm == "episode":
            of_support, of_query = (
                torch.cat([self._embed_apart(network, part) for part in whole.parts()])
                for whole in (support, query)
            )
            return of_support, of_query
        tasks = support.tasks
        images = torch.cat([support.images, query.images], 1)
        features = network(images.flatten(0, 1)).unflatten(0, (tasks, -1))
        shots = support.images.shape[1]
        return features[:, :shots], features[:, shots:]

    def _embed_apart(self, network: Backbone, tasks: TaskSet) -> Tensor:
        """Features [tasks, n, d], each task normalised apart."""
        body = stack(parameters_of(network), tasks.tasks)
        return call(network, body, tasks.side_by_side, tasks.tasks).transpose(0, 1)
