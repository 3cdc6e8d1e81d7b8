"""Model-agnostic meta-learning (Finn, Abbeel and Levine 2017)."""

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


@method("maml", version="1")
@dataclass(frozen=True)
class Maml(AdaptationArguments, MetaArguments):
    """An initialisation from which a few gradient steps on the support set do well on the query set."""

    def learner(self, network: Network, source: Source) -> Callable[[], None]:
        def loss(support: TaskSet, query: TaskSet) -> Tensor:
            return query_loss(network, support, query, self, second_order=True)

        return meta_learner(network, source, self, loss)

    def adapt(self, network: Network, support: Support) -> Predictor:
        return adapt(network, support, self, inner_lr=self.inner_lr)
