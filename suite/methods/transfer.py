"""Transfer: one classifier for all meta-train classes, then a new head for each task (Tian et al. 2020)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch.nn.functional as F

from suite.methods.adaptations import AdaptationArguments, adapt, adaptation_argument
from suite.methods.arguments import argument
from suite.methods.batches import inputs
from suite.methods.body import BodyArguments
from suite.methods.interface import Predictor
from suite.methods.optimiser import CosineAdam
from suite.methods.registry import method
from suite.methods.source import Source
from suite.models import Backbone, Linear
from tasks import Support


@method("transfer", version="1")
@dataclass(frozen=True)
class Transfer(AdaptationArguments, BodyArguments):
    """One classifier on the union of the meta-train classes; of it the features are kept."""

    batch_size: int = argument(32, "images of one training step", at_least=2)
    lr: float = argument(3e-3, "initial rate of Adam, which falls to 1e-5 by a cosine", above=0)
    adaptation: str = adaptation_argument("head")
    inner_lr: float = argument(0.1, "rate of an inner loop's gradient descent", above=0, adapts=True)

    any_way: ClassVar[bool] = True
    optimiser: ClassVar[str] = CosineAdam.family
    shareable: ClassVar[bool] = True

    def build(self, shape: tuple[int, int, int], way: int) -> Backbone:
        return self.body(shape)

    def learner(self, network: Backbone, source: Source) -> Callable[[], None]:
        device = next(network.parameters()).device
        classifier = Linear(network.feature_dimension, source.class_count).to(device)
        optimiser = CosineAdam([*network.parameters(), *classifier.parameters()], self.lr)

        def step() -> None:
            annealing = source.annealing
            images, labels = source.batch(self.batch_size)
            network.train()
            optimiser.zero_grad()
            loss = F.cross_entropy(classifier(network(inputs(network, images))), labels.to(device))
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step(annealing)

        return step

    def adapt(self, network: Backbone, support: Support) -> Predictor:
        return adapt(network, support, self, inner_lr=self.inner_lr)
