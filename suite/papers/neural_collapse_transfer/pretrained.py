"""What pretraining leaves in features: by how long it lasts, what is changed in it, and layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import tasks.transfers.digits
from suite.measures import neural_collapse
from suite.methods.seeding import seed_everything
from suite.papers.neural_collapse_transfer.nets import (
    DECAY,
    Dense,
    averaged,
    deal,
    examples,
    part,
    pretrained,
    pretraining,
    probed,
)
from suite.papers.registry import Figures
from tasks import Transfer

NETS = 3
DEPTH, DEEP = 4, 6
EPOCHS: tuple[int, ...] = (1, 5, 20, 100)
LAYER_EPOCHS = 60
STAGES: tuple[int, ...] = (1, 10, 50, 150)

NC1_SOURCE, NC1_DOWNSTREAM, ACCURACY = "NC1, source", "NC1, downstream", "probe accuracy, %"
PHASES: Mapping[str, str] = {
    "NC1": "nc1",
    "NC2, lengths": "nc2_norm",
    "NC2, angles": "nc2_angle",
    "NC3": "nc3",
    "NC4": "nc4",
}


@dataclass(frozen=True)
class Variation:
    """A change of pretraining: layers of a projection head, dropped afterwards; weight decay; input noise."""

    projection: int = 0
    decay: float = DECAY
    noise: float = 0.0


VARIATIONS: Mapping[str, Variation] = {
    "a projection head of 1 layer": Variation(projection=1),
    "a projection head of 2 layers": Variation(projection=2),
    "weight decay of 0.005": Variation(decay=5e-3),
    "noise of 0.3 on pictures": Variation(noise=0.3),
}


def after(epochs: int) -> str:
    """The row of a table: ``1 epoch``, ``20 epochs``."""
    return f"{epochs} epoch{'s' * (epochs != 1)}"


def source_collapse(seed: int, *, nets: int = NETS, epochs: Sequence[int] = EPOCHS) -> Figures:
    """How long pretraining lasts."""
    found = []
    for number in _numbers(seed, nets):
        task, of_net = deal(number), {}
        for count in epochs:
            seed_everything(number)
            of_net.update(_row(after(count), pretrained(task, DEPTH, count), DEPTH, task))
        found.append(of_net)
    return averaged(found)


def variations(seed: int, *, nets: int = NETS, epochs: int = EPOCHS[-1]) -> Figures:
    """What else may be changed in pretraining, at as many epochs."""
    found = []
    for number in _numbers(seed, nets):
        task, of_net = deal(number), {}
        for name, change in VARIATIONS.items():
            seed_everything(number)
            # A head of hidden layers is more layers, and to drop it is to read an earlier one.
            depth = DEPTH + change.projection
            net = pretrained(task, depth, epochs, decay=change.decay, noise=change.noise)
            of_net.update(_row(name, net, DEPTH, task))
        found.append(of_net)
    return averaged(found)


def layers(seed: int, *, nets: int = NETS, epochs: int = LAYER_EPOCHS) -> Figures:
    """Layer by layer, in one network."""
    found = []
    for number in _numbers(seed, nets):
        task = deal(number)
        seed_everything(number)
        net = pretrained(task, DEEP, epochs)
        of_net: dict[tuple[str, str], float] = {}
        for depth in range(1, DEEP + 1):
            of_net.update(_row(f"layer {depth}", net, depth, task))
        found.append(of_net)
    return averaged(found)


def phases(seed: int, *, nets: int = NETS, stages: Sequence[int] = STAGES) -> Figures:
    """Neural collapse while all ten digits are learned, of the pictures trained on."""
    everyone, _ = tasks.transfers.digits.all_digits(8, None)
    pictures, labels = examples(*everyone.tensors())
    found = []
    for number in _numbers(seed, nets):
        seed_everything(number)
        net, of_net = Dense(DEPTH, len(everyone.classes)), {}
        for epoch in pretraining(net, (pictures, labels), stages[-1]):
            if epoch in stages:
                told = neural_collapse(net.features(pictures), labels, net.head.weight, net.head.bias)
                of_net.update({(after(epoch), name): getattr(told, key) for name, key in PHASES.items()})
        found.append(of_net)
    return averaged(found)


def _numbers(seed: int, nets: int) -> range:
    """Numbers of a seed's networks, which no other seed has."""
    return range(seed * nets, (seed + 1) * nets)


def _row(name: str, net: Dense, depth: int, task: Transfer) -> dict[tuple[str, str], float]:
    """What is told of the features of layer ``depth``, from 1."""
    found = {}
    for column, problem in ((NC1_SOURCE, "source"), (NC1_DOWNSTREAM, "downstream")):
        pictures, labels = part(task, problem, "train")
        found[name, column] = neural_collapse(net.hidden(pictures)[depth - 1], labels).nc1
    return {**found, (name, ACCURACY): probed(net, depth - 1, task)}
