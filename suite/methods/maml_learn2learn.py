"""MAML as learn2learn, a widely used library, computes it: on the same episodes as every other method."""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from suite.methods.adaptations import adapt_all
from suite.methods.batches import TaskSet
from suite.methods.family import MetaArguments, meta_learner
from suite.methods.interface import Predictor
from suite.methods.registry import method
from suite.methods.source import Source
from suite.models import Network
from tasks import Support

_INSTALL = (
    "pip install tqdm gym gym_notices torchvision && pip install --no-deps "
    '--config-settings="--build-option=build_ext" learn2learn==0.2.0'
)


class MissingDependency(ImportError):
    """learn2learn cannot be imported; the message says how to install it."""


@method("maml_learn2learn", version="1")
@dataclass(frozen=True)
class MamlLearn2Learn(MetaArguments):
    """``maml`` with the outer gradient of ``learn2learn.algorithms.MAML``; all else is as in ``maml``."""

    def learner(self, network: Network, source: Source) -> Callable[[], None]:
        algorithms = learn2learn_algorithms()

        def loss(support: TaskSet, query: TaskSet) -> Tensor:
            return query_loss(algorithms, network, support, query, self)

        return meta_learner(network, source, self, loss)

    def adapt(self, network: Network, support: Support) -> Predictor:
        return adapt_all(network, support, steps=self.adaptation_steps, lr=self.inner_lr)


def query_loss(
    algorithms: Any,
    network: Network,
    support: TaskSet,
    query: TaskSet,
    arguments: MetaArguments,
    *,
    first_order: bool = False,
) -> Tensor:
    """Mean query loss of learn2learn's clones, each adapted to one task."""
    learner = algorithms.MAML(network, lr=arguments.inner_lr, first_order=first_order)
    losses = []
    for task in range(support.tasks):
        clone = learner.clone()
        images, labels = support.images[task], support.labels[task]
        for _ in range(arguments.inner_steps):
            clone.adapt(F.cross_entropy(clone(images), labels))
        losses.append(F.cross_entropy(clone(query.images[task]), query.labels[task]))
    return torch.stack(losses).mean()


def learn2learn_algorithms() -> Any:
    """The module ``learn2learn.algorithms``. Raises MissingDependency where it cannot be imported."""
    try:
        # It imports gym, which warns on stderr about its own age.
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            return importlib.import_module("learn2learn.algorithms")
    except ImportError as error:
        raise MissingDependency(
            f"maml_learn2learn needs learn2learn ({error}). Install it with: {_INSTALL}"
        ) from error
