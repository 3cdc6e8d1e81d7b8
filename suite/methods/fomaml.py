"""First-order MAML (Finn, Abbeel and Levine 2017, section 5.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from suite.methods.adaptations import AdaptationArguments, adapt
from suite.methods.batches import TaskSet
from suite.methods.family import MetaArguments, meta_learner, query_loss
from suite.methods.interface import Predictor
from suite.methods.registry import method
from suite.methods.source import Source
from suite.models import Network
from tasks import Support


@method("fomaml", version="1")
@dataclass(frozen=True)
class FirstOrderMaml(AdaptationArguments, MetaArguments):
    """MAML whose outer gradient takes the inner steps for constants: no second derivatives."""

    def learner(self, network: Network, source: Source) -> Callable[[], None]:
        def loss(support: TaskSet, query: TaskSet) -> Tensor:
            return query_loss(network, support, query, self, second_order=False)

        return meta_learner(network, source, self, loss)

    def adapt(self, network: Network, support: Support) -> Predictor:
        return adapt(network, support, self, inner_lr=self.inner_lr)
