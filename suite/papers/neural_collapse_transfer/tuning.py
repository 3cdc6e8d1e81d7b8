"""Fine-tuning from few labels: the head alone, one layer, one layer with a skip connection, or everything."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import nn

from suite import objectives
from suite.measures import neural_collapse
from suite.methods.seeding import seed_everything
from suite.papers.neural_collapse_transfer.nets import (
    Dense,
    Examples,
    averaged,
    deal,
    examples,
    part,
    pretrained,
)
from suite.papers.registry import Figures

NETS = 5
DEPTH, EPOCHS, STEPS = 5, 60, 150
RATE, FULL_RATE, DECAY = 3e-3, 1e-3, 1e-4

TEST_ACCURACY, NC1, TUNED = "accuracy, %", "NC1, downstream", "tuned parameters"
CHOSEN = "SCL, layer chosen by validation"


@dataclass(frozen=True)
class Scheme:
    """What is tuned beside the head: nothing, a ``layer``, with ``skip`` connected to it, or ``all``."""

    name: str
    layer: int | None = None
    skip: bool = False
    all: bool = False

    @property
    def rate(self) -> float:
        """Of Adam."""
        return FULL_RATE if self.all else RATE


PROBE, FULL = Scheme("head alone"), Scheme("everything", all=True)
# All but the last layer, whose features the head reads anyway.
LAYERS = tuple(Scheme(f"layer {layer + 1}", layer) for layer in range(DEPTH - 1))
SKIPS = tuple(Scheme(f"SCL, layer {layer + 1}", layer, skip=True) for layer in range(DEPTH - 1))
SCHEMES = (PROBE, FULL, *LAYERS, *SKIPS)


def five_labels(seed: int, *, nets: int = NETS, epochs: int = EPOCHS, steps: int = STEPS) -> Figures:
    """Fine-tuning from 5 labels a class."""
    return _compared(seed, 5, nets, epochs, steps)


def twenty_labels(seed: int, *, nets: int = NETS, epochs: int = EPOCHS, steps: int = STEPS) -> Figures:
    """Fine-tuning from 20 labels a class."""
    return _compared(seed, 20, nets, epochs, steps)


def tuned(net: Dense, scheme: Scheme, support: Examples, classes: int, steps: int = STEPS) -> Dense:
    """A copy of ``net`` with a new head, from 0, tuned on all of ``support`` in each step."""
    copy = deepcopy(net).requires_grad_(scheme.all)
    copy.head = nn.Linear(copy.head.in_features, classes)
    nn.init.zeros_(copy.head.weight)
    nn.init.zeros_(copy.head.bias)
    if scheme.layer is not None:
        copy.layers[scheme.layer].requires_grad_()
        copy.skip = scheme.layer if scheme.skip else None
    parameters = [parameter for parameter in copy.parameters() if parameter.requires_grad]
    optimiser = torch.optim.Adam(parameters, scheme.rate, weight_decay=DECAY)
    softmax, (pictures, labels) = objectives.get("softmax"), support
    for _ in range(steps):
        optimiser.zero_grad()
        softmax.loss(copy.head, copy.features(pictures), labels).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return copy


def _compared(seed: int, labels: int, nets: int, epochs: int, steps: int) -> Figures:
    return averaged(
        [_schemes(number, labels, epochs, steps) for number in range(seed * nets, (seed + 1) * nets)]
    )


def _schemes(number: int, labels: int, epochs: int, steps: int) -> dict[tuple[str, str], float]:
    """All schemes from one pretrained network, and the skip connection that validation would choose."""
    task = deal(number)
    seed_everything(number)
    net = pretrained(task, DEPTH, epochs)
    known = examples(*task.labelled(labels, seed=number).tensors())
    found: dict[tuple[str, str], float] = {}
    validated: dict[str, float] = {}
    for scheme in SCHEMES:
        copy = tuned(net, scheme, known, len(task.downstream.classes), steps)
        found[scheme.name, TEST_ACCURACY] = accuracy(copy, part(task, "downstream", "test"))
        pictures, truth = part(task, "downstream", "train")
        found[scheme.name, NC1] = neural_collapse(copy.features(pictures), truth).nc1
        found[scheme.name, TUNED] = sum(p.numel() for p in copy.parameters() if p.requires_grad)
        if scheme.skip:
            validated[scheme.name] = accuracy(copy, part(task, "downstream", "validation"))
    chosen = max(validated, key=lambda name: validated[name])
    for column in (TEST_ACCURACY, NC1, TUNED):
        found[CHOSEN, column] = found[chosen, column]
    return found


@torch.no_grad()
def accuracy(net: Dense, of: Examples) -> float:
    """Percent of examples that the network gets right."""
    pictures, labels = of
    return 100 * float((net(pictures).argmax(1) == labels).double().mean())
