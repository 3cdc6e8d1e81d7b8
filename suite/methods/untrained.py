"""The control: features of an untrained network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from suite.methods.adaptations import AdaptationArguments, adapt, adaptation_argument
from suite.methods.arguments import argument
from suite.methods.body import BodyArguments, batch_norm_argument
from suite.methods.interface import Predictor
from suite.methods.registry import method
from suite.methods.source import Source
from suite.models import Backbone
from tasks import Support


@method("untrained", version="1")
@dataclass(frozen=True)
class Untrained(AdaptationArguments, BodyArguments):
    """The weights that training would start from, and a head for each task: what training must beat.

    Spends no images. Batch norm is by the statistics of the batch at hand: no running averages were learned.
    """

    batch_norm: str = batch_norm_argument("episode")
    adaptation: str = adaptation_argument("head")
    inner_lr: float = argument(0.1, "rate of an inner loop's gradient descent", above=0, adapts=True)

    any_way: ClassVar[bool] = True
    optimiser: ClassVar[str] = ""
    shareable: ClassVar[bool] = True

    def build(self, shape: tuple[int, int, int], way: int) -> Backbone:
        return self.body(shape)

    def learner(self, network: Backbone, source: Source) -> None:
        return None

    def adapt(self, network: Backbone, support: Support) -> Predictor:
        return adapt(network, support, self, inner_lr=self.inner_lr)
