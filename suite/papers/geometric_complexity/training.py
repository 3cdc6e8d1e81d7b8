"""Gradient descent on digits under one setting, and how complex it leaves the network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

import tasks.transfers.digits
from suite import objectives
from suite.measures import geometric_complexity
from suite.methods.seeding import seed_everything
from suite.objectives import Objective
from suite.papers.registry import Figures

PIXELS, CLASSES = 64, 10
COMPLEXITY, LOSS, ACCURACY, STEPS = "geometric complexity", "training loss", "test accuracy, %", "steps"
_PENALISED = 16  # pictures of a batch whose complexity is penalised
_LOOKED_AT_EVERY = 20  # steps, to see whether the training loss is there


@dataclass(frozen=True)
class Setting:
    """One way to train: plain gradient descent at ``rate`` on batches (None: everything in each step).

    It ends after ``steps``, or as soon as the training loss is below ``until``. ``l2``, ``spectral`` and
    ``complexity`` are factors of what is added to the loss: the weights' squares, their squared spectral
    norms, the geometric complexity. ``noise`` is the deviation of what is added to pictures, ``mislabelled``
    the share of training labels that are drawn anew.
    """

    loss: Literal["cross-entropy", "squared error"] = "cross-entropy"
    pictures: int = 800
    width: int = 128
    rate: float = 0.1
    batch: int | None = 64
    steps: int = 1_500
    until: float = 0.0
    l2: float = 0.0
    spectral: float = 0.0
    complexity: float = 0.0
    noise: float = 0.0
    mislabelled: float = 0.0

    @property
    def objective(self) -> Objective:
        """Squared error is that of logits to the one-hot label, summed over classes."""
        if self.loss == "squared error":
            return objectives.get("squared_error", weight=1.0, target=1.0, scale=1.0)
        return objectives.get("softmax")


class Net(nn.Module):
    """Two hidden layers of ``width`` units with ReLU, and a linear head: [n, 64] -> logits [n, 10]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(PIXELS, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.head = nn.Linear(width, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(x))
        return logits

    def weights(self) -> list[Tensor]:
        """Of the three layers, without biases."""
        return [parameter for parameter in self.parameters() if parameter.ndim == 2]


@dataclass(frozen=True)
class Digits:
    """Pictures [n, 64], 0..1 less the mean of those trained on, and labels [n]: to train on, and to test."""

    pictures: Tensor
    labels: Tensor
    test_pictures: Tensor
    test_labels: Tensor


def digits(number: int, trained_on: int) -> Digits:
    """All digits, 8 x 8 pixels, in an order drawn by ``number``."""
    everyone, _ = tasks.transfers.digits.all_digits(8, None)
    images, labels = everyone.tensors()
    order = torch.from_numpy(np.random.default_rng(number).permutation(len(labels)))
    x, y = images[order].flatten(1) / 255, labels[order]
    x = x - x[:trained_on].mean(0)
    return Digits(x[:trained_on], y[:trained_on], x[trained_on:], y[trained_on:])


def compared(seed: int, settings: Mapping[str, Setting], nets: int) -> Figures:
    """A row for each setting: means over networks, each with an order of the digits of its own."""
    found = Figures()
    for row, setting in settings.items():
        trained = [train(setting, number) for number in range(seed * nets, (seed + 1) * nets)]
        for column in trained[0]:
            found[row, column] = float(np.mean([figures[column] for figures in trained]))
    return found


def train(setting: Setting, number: int) -> dict[str, float]:
    """Train one network; its figures by column. ``number`` decides all that is drawn.

    Raises ArithmeticError where training diverges.
    """
    data = digits(number, setting.pictures)
    seed_everything(number)
    pictures, labels = data.pictures, data.labels
    if setting.mislabelled:
        wrong = torch.rand(len(labels)) < setting.mislabelled
        labels = torch.where(wrong, torch.randint(0, CLASSES, labels.shape), labels)
    net, objective = Net(setting.width), setting.objective
    optimiser = torch.optim.SGD(net.parameters(), setting.rate)
    step, loss = 0, math.inf
    while step < setting.steps and loss >= setting.until:
        rows = torch.randperm(len(pictures))[: setting.batch]
        optimiser.zero_grad()
        _loss(net, objective, setting, pictures[rows], labels[rows]).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        step += 1
        if setting.until and step % _LOOKED_AT_EVERY == 0:
            loss = _training_loss(net, objective, pictures, labels)
    loss = _training_loss(net, objective, pictures, labels)
    if not math.isfinite(loss):
        raise ArithmeticError(f"training diverged: the loss is {loss} after {step} steps of {setting}")
    with torch.no_grad():
        right = (net(data.test_pictures).argmax(1) == data.test_labels).double().mean()
    return {
        COMPLEXITY: geometric_complexity(net, pictures),
        LOSS: loss,
        ACCURACY: 100 * float(right),
        STEPS: step,
    }


def differentiable_complexity(net: nn.Module, pictures: Tensor) -> Tensor:
    """The measure ``geometric_complexity``, as a function of the parameters: to be added to a loss."""
    x = pictures.detach().requires_grad_()
    logits = net(x)
    total: Tensor = logits.new_zeros(())
    for column in logits.unbind(1):
        (gradient,) = torch.autograd.grad(column.sum(), x, create_graph=True)
        total = total + gradient.square().sum()
    return total / len(x)


def _loss(net: Net, objective: Objective, setting: Setting, pictures: Tensor, labels: Tensor) -> Tensor:
    """What a step descends."""
    seen = pictures + setting.noise * torch.randn_like(pictures) if setting.noise else pictures
    loss = objective.loss(net.head, net.body(seen), labels)
    for weight in net.weights():
        if setting.l2:
            loss = loss + setting.l2 * weight.square().sum()
        if setting.spectral:
            loss = loss + setting.spectral * torch.linalg.matrix_norm(weight, 2).square()
    if setting.complexity:
        loss = loss + setting.complexity * differentiable_complexity(net, seen[:_PENALISED])
    return loss


@torch.no_grad()
def _training_loss(net: Net, objective: Objective, pictures: Tensor, labels: Tensor) -> float:
    return float(objective.loss(net.head, net.body(pictures), labels))
