"""What MAML and its relatives share: their arguments, the outer step and the adaptation to one task."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor, nn

from suite import kernels
from suite.methods.arguments import argument, check_arguments
from suite.methods.batches import TaskSet, inputs, support_labels, task_sets
from suite.methods.inner_loop import inner_loop, task_losses
from suite.methods.interface import Predictor
from suite.methods.optimiser import CosineAdam
from suite.methods.source import Source
from suite.models import BatchNormMode, Network, get, names
from suite.models.stacked import Parameters, call, stack
from tasks import Support


@dataclass(frozen=True)
class MetaArguments:
    """Arguments of every method that learns an initialisation. ``running`` batch norm is not transductive."""

    backbone: str = argument("conv4", "architecture", choices=names())
    width: int = argument(32, "filters of its first block", at_least=1)
    batch_norm: str = argument("episode", "statistics that normalise", choices=get_args(BatchNormMode))
    inner_lr: float = argument(0.1, "rate of the inner loop's gradient descent", above=0)
    inner_steps: int = argument(5, "inner steps in training", at_least=1)
    adaptation_steps: int = argument(5, "inner steps on a task at test", at_least=0)
    meta_batch: int = argument(4, "tasks of one outer step", at_least=1)
    lr: float = argument(3e-3, "initial rate of the outer Adam, which falls to 1e-5 by a cosine", above=0)

    def __post_init__(self) -> None:
        check_arguments(self)

    def network(self, shape: tuple[int, int, int], way: int) -> Network:
        """A freshly initialised network for images of ``shape`` and ``way`` classes."""
        channels, height, breadth = shape
        mode = {"width": self.width, "batch_norm": self.batch_norm}
        return Network(get(self.backbone, channels, (height, breadth), **mode), way)


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
        progress = source.progress
        support, query = task_sets(network, source.episodes(arguments.meta_batch))
        update_running_averages(network, arguments.batch_norm, support, query)
        optimiser.zero_grad()
        accumulate(meta_loss, support, query)
        optimiser.step(progress)

    return step


def accumulate(meta_loss: MetaLoss, support: TaskSet, query: TaskSet) -> None:
    """Add the gradient of ``meta_loss`` to that of the parameters, part by part, so that one part is held."""
    for of_support, of_query in zip(support.parts(), query.parts(), strict=True):
        loss = meta_loss(of_support, of_query) * (of_support.tasks / support.tasks)
        loss.backward()  # type: ignore[no-untyped-call]


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
    return task_losses(call(network, adapted, query.side_by_side, query.tasks), query.labels).mean()


def parameters_of(network: nn.Module) -> dict[str, Tensor]:
    """The network's own parameters by name."""
    return dict(network.named_parameters())


def adapt_all(network: Network, support: Support, *, steps: int, lr: float) -> Predictor:
    """Adapt every parameter to a labelled support set by gradient descent."""
    images = inputs(network, support.images)
    labels = support_labels(support).to(images.device)[None]
    adapted = inner_loop(
        network, parameters_of(network), images, labels, steps=steps, lr=lr, differentiable=False
    )
    return NetworkPredictor(network, adapted)


@dataclass(frozen=True)
class NetworkPredictor:
    """Predicts with ``network`` under ``parameters``."""

    network: nn.Module
    parameters: Parameters

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        return call(self.network, self.parameters, inputs(self.network, images))[:, 0]
