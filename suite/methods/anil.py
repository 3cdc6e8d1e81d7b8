"""Almost no inner loop (Raghu, Raghu, Bengio and Vinyals 2020)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from suite.methods.adaptations import NetworkPredictor, parameters_of
from suite.methods.batches import TaskSet, inputs, support_labels
from suite.methods.family import MetaArguments, meta_learner
from suite.methods.inner_loop import inner_loop
from suite.methods.interface import Predictor
from suite.methods.registry import method
from suite.methods.source import Source
from suite.models import Network
from suite.models.losses import task_losses
from suite.models.stacked import call, stack
from tasks import Support


@method("anil", version="1")
@dataclass(frozen=True)
class Anil(MetaArguments):
    """MAML whose inner loop adapts the head alone; the body is learned by the outer loop."""

    def learner(self, network: Network, source: Source) -> Callable[[], None]:
        def loss(support: TaskSet, query: TaskSet) -> Tensor:
            tasks = support.tasks
            body = stack(parameters_of(network.backbone), tasks)
            support_features, query_features = (
                call(network.backbone, body, part.side_by_side, tasks).flatten(1) for part in (support, query)
            )
            head = inner_loop(
                network.head,
                stack(parameters_of(network.head), tasks),
                support_features,
                support.labels,
                steps=self.inner_steps,
                lr=self.inner_lr,
                second_order=True,
            )
            return task_losses(call(network.head, head, query_features, tasks), query.labels).mean()

        return meta_learner(network, source, self, loss)

    def adapt(self, network: Network, support: Support) -> Predictor:
        with torch.no_grad():
            features = network.backbone(inputs(network, support.images))
        head = inner_loop(
            network.head,
            parameters_of(network.head),
            features,
            support_labels(support).to(features.device)[None],
            steps=self.adaptation_steps,
            lr=self.inner_lr,
            differentiable=False,
        )
        return NetworkPredictor(network, {f"head.{name}": value for name, value in head.items()})
