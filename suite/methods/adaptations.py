"""From a trained network to a predictor for one task: by an inner loop, by a new head, or as it is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from suite.methods.arguments import argument
from suite.methods.batches import inputs, support_labels
from suite.methods.frozen import adapt_head
from suite.methods.heads import HEADS
from suite.methods.inner_loop import inner_loop
from suite.methods.interface import Predictor
from suite.models import Backbone, Network, layer_activations
from suite.models.stacked import Parameters, call
from tasks import Support

ADAPTATIONS = ("inner_loop", "head", "none")


def adaptation_argument(default: str) -> str:
    """The argument ``adaptation``, for methods whose default is another one."""
    doc = "what a task changes: all weights, by an inner loop; the head, fitted anew; or nothing"
    return argument(default, doc, choices=ADAPTATIONS, adapts=True)


@dataclass(frozen=True)
class AdaptationArguments:
    """How a trained network adapts to a task. One training serves all values of these."""

    adaptation: str = adaptation_argument("inner_loop")
    adaptation_steps: int = argument(5, "inner steps on a task at test", at_least=0, adapts=True)
    head: str = argument(
        "logistic_regression", "classifier of a head fitted anew", choices=HEADS, adapts=True
    )
    normalize: bool = argument(False, "whether its features are scaled to unit length first", adapts=True)
    C: float = argument(1.0, "inverse strength of its squared penalty", above=0, adapts=True)


def adapt(
    network: Backbone | Network, support: Support, arguments: AdaptationArguments, *, inner_lr: float
) -> Predictor:
    """Adapt ``network``, in evaluation mode, to labelled images as ``arguments`` say, without changing it.

    ``head`` fits a classifier to the backbone's features, whatever head there was. The others go on from the
    network's head; a backbone without one is given a fresh one of the task's classes, as any network begins
    with, its weights drawn from torch's generator.
    """
    if arguments.adaptation == "head":
        body = network.backbone if isinstance(network, Network) else network
        return adapt_head(body, support, arguments.head, normalize=arguments.normalize, C=arguments.C)
    whole = network if isinstance(network, Network) else _headed(network, support.way)
    steps = arguments.adaptation_steps if arguments.adaptation == "inner_loop" else 0
    return adapt_all(whole, support, steps=steps, lr=inner_lr)


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

    network: Network
    parameters: Parameters

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        return call(self.network, self.parameters, inputs(self.network, images))[:, 0]

    def layers(self, images: Tensor) -> dict[str, Tensor]:
        """What each layer makes of images uint8 [n, c, h, w]: rows of neurons; the last is ``head``."""
        return layer_activations(self.network, inputs(self.network, images), self.parameters)


def parameters_of(network: nn.Module) -> dict[str, Tensor]:
    """The network's own parameters by name."""
    return dict(network.named_parameters())


def _headed(backbone: Backbone, way: int) -> Network:
    network = Network(backbone, way)
    network.head.to(next(backbone.parameters()).device)
    return network.eval()
