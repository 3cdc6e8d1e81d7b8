"""What MAML and its relatives share: their arguments, the outer step and the adaptation to one task."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from suite import kernels
from suite.methods.adaptations import parameters_of
from suite.methods.arguments import argument
from suite.methods.batches import TaskSet, task_sets
from suite.methods.body import BodyArguments, batch_norm_argument
from suite.methods.inner_loop import inner_loop
from suite.methods.optimiser import CosineAdam
from suite.methods.source import Source
from suite.models import Network
from suite.models.losses import losses
from suite.models.stacked import stack


@dataclass(frozen=True)
class MetaArguments(BodyArguments):
    """Arguments of every method that learns an initialisation, and the network that it is of.

    ``running`` batch norm is not transductive.
    """

    batch_norm: str = batch_norm_argument("episode")
    inner_lr: float = argument(0.1, "rate of the inner loop's gradient descent", above=0)
    inner_steps: int = argument(5, "inner steps in training", at_least=1)
    adaptation_steps: int = argument(5, "inner steps on a task at test", at_least=0, adapts=True)
    meta_batch: int = argument(4, "tasks of one outer step", at_least=1)
    lr: float = argument(3e-3, "initial rate of the outer Adam, which falls to 1e-5 by a cosine", above=0)

    any_way: ClassVar[bool] = False
    optimiser: ClassVar[str] = CosineAdam.family
    shareable: ClassVar[bool] = True

    def build(self, shape: tuple[int, int, int], way: int) -> Network:
        """A freshly initialised network for images of ``shape`` and ``way`` classes."""
        return Network(self.body(shape), way)


MetaLoss = Callable[[TaskSet, TaskSet], Tensor]
"""Support and query sets -> the scalar, a mean over their tasks, whose gradient is the outer gradient."""

_log = logging.getLogger(__name__)


def meta_learner(
    network: nn.Module, source: Source, arguments: MetaArguments, meta_loss: MetaLoss
) -> Callable[[], None]:
    """One outer step a call: a meta-batch of episodes, the gradient of ``meta_loss``, a step of Adam."""
    optimiser = CosineAdam(network.parameters(), arguments.lr)
    tell_path(network)

    def step() -> None:
        annealing = source.annealing
        support, query = task_sets(network, source.episodes(arguments.meta_batch))
        update_running_averages(network, arguments.batch_norm, support, query)
        optimiser.zero_grad()
        accumulate(meta_loss, support, query)
        optimiser.step(annealing)

    return step


def accumulate(meta_loss: MetaLoss, support: TaskSet, query: TaskSet) -> None:
    """Add the gradient of ``meta_loss`` to that of the parameters, part by part, so that one part is held."""
    for of_support, of_query in zip(support.parts(), query.parts(), strict=True):
        loss = meta_loss(of_support, of_query) * (of_support.tasks / support.tasks)
        loss.backward()  # type: ignore[no-untyped-call]
        del loss  # or its graph would be held while the next one is made


def tell_path(network: nn.Module) -> None:
    """Log what the training of ``network`` runs on."""
    parameter = next(network.parameters())
    backbone = getattr(network, "backbone", network)
    if getattr(backbone, "fused", False):
        path = kernels.path(parameter.device, parameter.dtype)
    else:
        path = f"plain PyTorch: the blocks of {type(backbone).__name__} have no fused kernels"
    _log.info("convolution blocks run on %s", path)


@torch.no_grad()
def update_running_averages(network: nn.Module, batch_norm: str, *sets: TaskSet) -> None:
    """Where batch norm is by running averages: let these follow the images of a meta-batch, then freeze them.

    The inner loop then normalises in training by the very constants that it will find at test.
    """
    if batch_norm == "running":
        network.train()
        network(torch.cat([part.one_batch for part in sets]))
    network.eval()


def query_loss(
    network: nn.Module, support: TaskSet, query: TaskSet, arguments: MetaArguments, *, second_order: bool
) -> Tensor:
    """Mean query loss of the tasks after the inner loop on the support set (Finn et al. 2017, equation 1)."""
    adapted = inner_loop(
        network,
        stack(parameters_of(network), support.tasks),
        support.side_by_side,
        support.labels,
        steps=arguments.inner_steps,
        lr=arguments.inner_lr,
        second_order=second_order,
    )
    return losses(network, adapted, query.side_by_side, query.labels).mean()
