"""The control: features of an untrained network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

from suite.methods.arguments import argument, check_arguments
from suite.methods.frozen import adapt_head
from suite.methods.heads import HEADS
from suite.methods.interface import Predictor
from suite.methods.registry import method
from suite.methods.source import Source
from suite.models import Backbone, BatchNormMode, get, names
from tasks import Support


@method("untrained", version="1")
@dataclass(frozen=True)
class Untrained:
    """The weights that training would start from, and a head for each task: what training must beat.

    Spends no images. Batch norm is by the statistics of the batch at hand: no running averages were learned.
    """

    backbone: str = argument("conv4", "architecture", choices=names())
    width: int = argument(32, "filters of its first block", at_least=1)
    batch_norm: str = argument("episode", "statistics that normalise", choices=get_args(BatchNormMode))
    head: str = argument("logistic_regression", "classifier fitted for each task", choices=HEADS)
    normalize: bool = argument(False, "whether features are scaled to unit length first")
    C: float = argument(1.0, "inverse strength of the head's squared penalty", above=0)

    adaptation: ClassVar[tuple[str, ...]] = ("head", "normalize", "C")
    any_way: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_arguments(self)

    def build(self, shape: tuple[int, int, int], way: int) -> Backbone:
        channels, height, breadth = shape
        return get(self.backbone, channels, (height, breadth), width=self.width, batch_norm=self.batch_norm)

    def learner(self, network: Backbone, source: Source) -> None:
        return None

    def adapt(self, network: Backbone, support: Support) -> Predictor:
        return adapt_head(network, support, self.head, normalize=self.normalize, C=self.C)
