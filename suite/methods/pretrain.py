"""Pretraining by any objective, then any way to adapt: composed, each argument apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from suite.methods.adapted import Adapted
from suite.methods.downstream import DownstreamArguments, adapt_downstream
from suite.methods.optimiser import CosineAdam
from suite.methods.pretraining import PretrainingArguments, pretrainer
from suite.methods.registry import method
from suite.methods.source import Source
from suite.models import Backbone, Network
from tasks import Support


@method("pretrain", version="1")
@dataclass(frozen=True)
class Pretrain(DownstreamArguments, PretrainingArguments):
    """One classifier of all source classes under an objective; a task is adapted to from its features.

    What is kept is the backbone, and beside it the source's head, for measures alone. With ``projection`` the
    head reads other features than those that are kept, and goes with it.
    """

    any_way: ClassVar[bool] = True
    keeps_head: ClassVar[bool] = True
    shareable: ClassVar[bool] = True
    optimiser: ClassVar[str] = CosineAdam.family

    def build(self, shape: tuple[int, int, int], way: int) -> Backbone | Network:
        body = self.body(shape)
        if self.projection:
            return body
        return Network(body, way, self.loss.head(body.feature_dimension, way))

    def learner(self, network: Backbone | Network, source: Source) -> Callable[[], None]:
        return pretrainer(network, source, self)

    def adapt(self, network: Backbone | Network, support: Support) -> Adapted:
        return adapt_downstream(network, support, self)
