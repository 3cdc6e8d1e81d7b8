"""A method whose training can be shared, and whose weights are continuous in its gradients.

Adam turns the rounding of a small gradient into a step of another size; plain gradient descent does not, so
that trainings of different numbers of processes can be compared closely in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import nn

from suite.methods import Predictor, Source, method
from suite.methods.adaptations import AdaptationArguments, adapt, adaptation_argument
from suite.methods.batches import inputs
from suite.methods.body import BodyArguments
from suite.models import Backbone, Linear
from tasks import Support


@method("engine_descent", version="1")
@dataclass(frozen=True)
class Descent(AdaptationArguments, BodyArguments):
    """A classifier of all classes by gradient descent; its head starts at zero."""

    adaptation: str = adaptation_argument("head")
    any_way: ClassVar[bool] = True
    shareable: ClassVar[bool] = True
    optimiser: ClassVar[str] = "SGD"

    def build(self, shape: tuple[int, int, int], way: int) -> Backbone:
        return self.body(shape)

    def learner(self, network: Backbone, source: Source) -> Callable[[], None]:
        classifier = Linear(network.feature_dimension, source.class_count)
        nn.init.zeros_(classifier.weight)
        optimiser = torch.optim.SGD([*network.parameters(), *classifier.parameters()], 0.05)

        def step() -> None:
            images, labels = source.batch(33)
            network.train()
            optimiser.zero_grad()
            loss = F.cross_entropy(classifier(network(inputs(network, images))), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()

        return step

    def adapt(self, network: Backbone, support: Support) -> Predictor:
        return adapt(network, support, self, inner_lr=0.1)
