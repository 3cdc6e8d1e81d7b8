"""Fine-tuning of a pretrained backbone under a fresh head: all weights, one layer, or one with a way past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from suite.methods.adapted import Adapted, accuracy, best, in_parts
from suite.methods.batches import inputs, support_labels
from suite.methods.optimiser import CosineAdam
from suite.methods.skip_connection import SkipConnected
from suite.models import Backbone, Linear, Network, layer_activations
from suite.models.activations import HEAD
from suite.models.losses import losses
from suite.models.stacked import Parameters, call
from suite.nearest import nearest
from tasks import Support

RATES = (1e-3, 3e-3, 1e-2)
_ALL_WEIGHTS_RATE, _ONE_LAYER_RATE = 1e-3, 3e-3
_CHECKS = 5


@dataclass(frozen=True)
class TunedPredictor:
    """Predicts with ``network``, ``parameters`` in place of those of its own that they name."""

    network: Network | SkipConnected
    parameters: Parameters

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        return in_parts(
            lambda part: call(self.network, self.parameters, inputs(self.network, part))[:, 0], images
        )

    def layers(self, images: Tensor) -> dict[str, Tensor]:
        """What each layer makes of images uint8 [n, c, h, w]: rows of neurons; the last is ``head``."""
        backbone = self.network.backbone
        of_backbone = {
            name.removeprefix("backbone."): value
            for name, value in self.parameters.items()
            if name.startswith("backbone.")
        }
        body = layer_activations(backbone, inputs(backbone, images), of_backbone)
        return {**body, HEAD: self(images)}


@dataclass(frozen=True)
class _Run:
    """One tuning: the predictor that did best on validation, with what accuracy there, after which step."""

    predictor: TunedPredictor
    accuracy: float
    step: int
    layer: str
    lr: float


def fit(
    what: str, backbone: Backbone, support: Support, *, layer: str, lr: float, steps: int, batch_size: int
) -> Adapted:
    """Tune ``full``, one ``layer``, or one as ``scl`` (``suite.methods.skip_connection``), and the head.

    The head starts from 0, and batch norms keep their running averages. An empty ``layer`` and an ``lr`` of 0
    are chosen on the support's validation part; so is the step after which to stop, of a few evenly spaced.
    Raises ValueError for a layer that the backbone does not have.
    """
    layers = _layers(what, backbone, layer, support.validation is not None)
    rates = (lr,) if lr else _rates(what, support.validation is not None)
    runs = (_run(backbone, support, what, name, rate, steps, batch_size) for name in layers for rate in rates)
    run = best(runs, lambda found: found.accuracy)
    chosen: dict[str, float | int | str] = {}
    if support.validation is not None:
        chosen["tuning_steps"] = run.step
    if len(layers) > 1:
        chosen["layer"] = run.layer
    if len(rates) > 1:
        chosen["tuning_lr"] = run.lr
    return Adapted(run.predictor, sum(value.numel() for value in run.predictor.parameters.values()), chosen)


def _layers(what: str, backbone: Backbone, given: str, chosen: bool) -> tuple[str, ...]:
    """Layers to try, by the backbone's names; "" is all of them."""
    if what == "full":
        return ("",)
    names = [name for name, child in backbone.named_children() if any(True for _ in child.parameters())]
    if given:
        if given not in names:
            raise ValueError(f"{type(backbone).__name__} has no layer {given!r}; {nearest(given, names)}")
        return (given,)
    if what == "scl" and len(names) > 1:
        names = names[:-1]  # the last one feeds the head anyway
    return tuple(names) if chosen else (names[-1],)


def _rates(what: str, chosen: bool) -> tuple[float, ...]:
    if what != "full":
        return (_ONE_LAYER_RATE,)
    return RATES if chosen else (_ALL_WEIGHTS_RATE,)


def _run(
    backbone: Backbone, support: Support, what: str, layer: str, lr: float, steps: int, batch_size: int
) -> _Run:
    head = _zero_head(backbone, support.way)
    network = SkipConnected(backbone, head, layer) if what == "scl" else Network(backbone, support.way, head)
    network.eval()
    prefix = f"backbone.{layer}." if layer else "backbone."
    tuned = {
        name: value.detach().clone().requires_grad_()
        for name, value in network.named_parameters()
        if name.startswith((prefix, "head."))
    }
    found, score, at = tune(network, tuned, support, lr=lr, steps=steps, batch_size=batch_size)
    return _Run(TunedPredictor(network, found), score, at, layer, lr)


def tune(
    network: Network | SkipConnected,
    tuned: Mapping[str, Tensor],
    support: Support,
    *,
    lr: float,
    steps: int,
    batch_size: int,
) -> tuple[dict[str, Tensor], float, int]:
    """Steps of Adam on cross-entropy from ``tuned``, leaves by the network's names, which are moved.

    Returns the parameters as they did best on the validation part (the last ones where there is none, with
    accuracy 0), that accuracy, and the step. The order of images is drawn from torch's generator.
    """
    labels = support_labels(support)
    optimiser = CosineAdam(tuned.values(), lr)
    batches = _batches(len(labels), batch_size)
    checks = {steps * check // _CHECKS for check in range(1, _CHECKS + 1)}
    kept, score, at = dict(tuned), -1.0, steps
    for step in range(1, steps + 1):
        rows = next(batches)
        images = inputs(network, support.images[rows])
        with torch.enable_grad():
            loss = losses(network, tuned, images, labels[rows].to(images.device)[None]).sum()
            gradients = torch.autograd.grad(loss, list(tuned.values()))
        for value, gradient in zip(tuned.values(), gradients, strict=True):
            value.grad = gradient
        optimiser.step((step - 1) / steps)
        if support.validation is not None and step in checks:
            logits = TunedPredictor(network, tuned)(support.validation.images)
            reached = accuracy(logits, support_labels(support.validation))
            if reached >= score:
                kept, score, at = _copied(tuned), reached, step
    return (_copied(tuned), 0.0, steps) if support.validation is None else (kept, score, at)


def _batches(count: int, size: int) -> Iterator[Tensor]:
    """Rows of batches, epoch by epoch, all of one size; forever."""
    epoch = torch.empty(0, dtype=torch.int64)
    while True:
        while len(epoch) < min(size, count):
            epoch = torch.cat([epoch, torch.randperm(count)])
        yield epoch[: min(size, count)]
        epoch = epoch[min(size, count) :]


def _copied(parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in parameters.items()}


def _zero_head(backbone: Backbone, way: int) -> nn.Linear:
    parameter = next(backbone.parameters())
    head = Linear(backbone.feature_dimension, way, device="meta", dtype=parameter.dtype)  # draws nothing
    head.to_empty(device=parameter.device)
    for value in head.parameters():
        nn.init.zeros_(value)
    return head
