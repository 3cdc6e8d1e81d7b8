"""Dense networks on pictures of digits: how they are pretrained, and what is read off them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import CosineAnnealingLR

from suite import linear, objectives
from suite.papers.registry import Figures
from tasks import SplitName, Transfer, transfers

PIXELS, WIDTH = 64, 64
RATE, MOMENTUM, DECAY, BATCH = 0.05, 0.9, 5e-4, 64
PROBE_LABELS, PROBE_DRAWS, PROBE_C = 10, 3, 10.0

Examples = tuple[Tensor, Tensor]
"""Pictures in 0..1, flat [n, 64], and labels [n]."""


class Dense(nn.Module):
    """``depth`` dense layers of 64 units with ReLU, and a linear head on the last one's features.

    With ``skip``, the number of a layer, its features are added to those that the head reads.
    """

    def __init__(self, depth: int, classes: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(WIDTH if i else PIXELS, WIDTH) for i in range(depth))
        self.head = nn.Linear(WIDTH, classes)
        self.skip: int | None = None

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(x))
        return logits

    def features(self, x: Tensor) -> Tensor:
        """What the head reads [n, 64]."""
        hidden = self.hidden(x)
        return hidden[-1] if self.skip is None else hidden[-1] + hidden[self.skip]

    def hidden(self, x: Tensor) -> list[Tensor]:
        """Features of each layer, behind its ReLU."""
        found = []
        for layer in self.layers:
            x = torch.relu(layer(x))
            found.append(x)
        return found


def pretraining(
    net: Dense, examples: Examples, epochs: int, *, decay: float = DECAY, noise: float = 0.0
) -> Iterator[int]:
    """Train with softmax cross-entropy, epoch by epoch: how many are done is yielded after each.

    ``noise`` is the deviation of what is added to the pictures. Draws from torch's generator.
    """
    pictures, labels = examples
    softmax = objectives.get("softmax")
    optimiser = torch.optim.SGD(net.parameters(), RATE, MOMENTUM, weight_decay=decay)
    schedule = CosineAnnealingLR(optimiser, epochs)
    for epoch in range(epochs):
        for rows in torch.randperm(len(pictures)).split(BATCH):  # type: ignore[no-untyped-call]
            seen = pictures[rows]
            if noise:
                seen = seen + noise * torch.randn_like(seen)
            optimiser.zero_grad()
            softmax.loss(net.head, net.features(seen), labels[rows]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        schedule.step()
        yield epoch + 1


def pretrained(task: Transfer, depth: int, epochs: int, *, decay: float = DECAY, noise: float = 0.0) -> Dense:
    """A fresh network, pretrained on the task's source classes."""
    net = Dense(depth, len(task.source.classes))
    deque(pretraining(net, part(task, "source", "train"), epochs, decay=decay, noise=noise), maxlen=0)
    return net


def deal(number: int) -> Transfer:
    """Digits 0 to 4, then 5 to 9, 8 x 8 pixels, dealt by ``number``: each network has a deal of its own."""
    return transfers.load("digit_classes", seed=number)


def part(task: Transfer, problem: str, split: SplitName) -> Examples:
    """A part of the task."""
    return examples(*task.tensors(problem, split))


def examples(images: Tensor, labels: Tensor) -> Examples:
    """Stored pictures [n, 1, 8, 8], uint8, as the network reads them."""
    return images.flatten(1) / 255, labels


@torch.no_grad()
def probed(net: Dense, layer: int, task: Transfer) -> float:
    """Percent of downstream test pictures that a linear probe of a layer gets right.

    The probe is logistic regression on 10 labels a class; the mean of three draws of these.
    """
    everyone, _ = part(task, "downstream", "train")
    unit = net.hidden(everyone)[layer].std()
    labelled = [examples(*task.labelled(PROBE_LABELS, draw).tensors()) for draw in range(PROBE_DRAWS)]
    features = torch.stack([net.hidden(pictures)[layer] for pictures, _ in labelled]) / unit
    labels = torch.stack([labels for _, labels in labelled])
    probes = linear.fit("logistic_regression", features, labels, C=PROBE_C)
    pictures, answers = part(task, "downstream", "test")
    queries = (net.hidden(pictures)[layer] / unit).expand(PROBE_DRAWS, -1, -1)
    return 100 * float((probes.logits(queries).argmax(2) == answers).double().mean())


def averaged(nets: Sequence[Mapping[tuple[str, str], float]]) -> Figures:
    """Figures that are means over networks, which have the same ones."""
    found = Figures()
    for row, column in nets[0]:
        found[row, column] = float(np.mean([figures[row, column] for figures in nets]))
    return found
