"""Transfer: one classifier for all meta-train classes, then a new head for each task (Tian et al. 2020)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, get_args

import torch.nn.functional as F

from suite.methods.arguments import argument, check_arguments
from suite.methods.batches import inputs
from suite.methods.frozen import adapt_head
from suite.methods.heads import HEADS
from suite.methods.interface import Predictor
from suite.methods.optimiser import CosineAdam
from suite.methods.registry import method
from suite.methods.source import Source
from suite.models import Backbone, BatchNormMode, Linear, get, names
from tasks import Support


@method("transfer", version="1")
@dataclass(frozen=True)
class Transfer:
    """One classifier on the union of the meta-train classes; of it the features are kept."""

    backbone: str = argument("conv4", "architecture", choices=names())
    width: int = argument(32, "filters of its first block", at_least=1)
    batch_norm: str = argument("running", "statistics that normalise", choices=get_args(BatchNormMode))
    batch_size: int = argument(32, "images of one training step", at_least=2)
    lr: float = argument(3e-3, "initial rate of Adam, which falls to 1e-5 by a cosine", above=0)
    head: str = argument("logistic_regression", "classifier refitted for each task", choices=HEADS)
    normalize: bool = argument(False, "whether features are scaled to unit length first")
    C: float = argument(1.0, "inverse strength of the head's squared penalty", above=0)

    adaptation: ClassVar[tuple[str, ...]] = ("head", "normalize", "C")
    any_way: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_arguments(self)

    def build(self, shape: tuple[int, int, int], way: int) -> Backbone:
        channels, height, breadth = shape
        return get(self.backbone, channels, (height, breadth), width=self.width, batch_norm=self.batch_norm)

    def learner(self, network: Backbone, source: Source) -> Callable[[], None]:
        device = next(network.parameters()).device
        classifier = Linear(network.feature_dimension, source.class_count).to(device)
        optimiser = CosineAdam([*network.parameters(), *classifier.parameters()], self.lr)

        def step() -> None:
            progress = source.progress
            images, labels = source.batch(self.batch_size)
            network.train()
            optimiser.zero_grad()
            loss = F.cross_entropy(classifier(network(inputs(network, images))), labels.to(device))
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step(progress)

        return step

    def adapt(self, network: Backbone, support: Support) -> Predictor:
        return adapt_head(network, support, self.head, normalize=self.normalize, C=self.C)
