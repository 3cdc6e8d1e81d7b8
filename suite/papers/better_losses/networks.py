"""The network of the trial, how it is trained, and how it is carried over to another task."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from suite import linear, objectives
from suite.objectives import Objective

HIDDEN, FEATURES = 256, 128
# From hardly any penalty to one that hides all but the class means.
PENALTIES = tuple(10.0**power for power in range(-1, 5))

Labelled = tuple[Tensor, Tensor]
"""Inputs [n, d] and labels int64 [n]."""


@dataclass(frozen=True)
class Recipe:
    """SGD with Nesterov's momentum of 0.9, its rate falling from ``lr`` to 0 by a cosine.

    Gradients longer than ``clip`` are shortened to it: losses of a steep start, squared error above all,
    would run away.
    """

    epochs: int = 40
    batch: int = 128
    lr: float = 0.05
    weight_decay: float = 5e-4
    clip: float = 5.0


class Body(nn.Module):
    """Two dense layers with ReLU: x [n, inputs] -> features [n, 128]."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(inputs, HIDDEN), nn.Linear(HIDDEN, FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        _, features = self.layers(x)
        return features

    def layers(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What both layers make of x: [n, 256] and features [n, 128]."""
        hidden = F.relu(self.first(x))
        return hidden, F.relu(self.second(hidden))


def train(body: Body, objective: Objective, data: Labelled, classes: int, recipe: Recipe) -> nn.Linear:
    """Train ``body`` under a fresh head, over shuffled batches of torch's generator; the head, as trained."""
    x, y = data
    head = objective.head(FEATURES, classes).train()
    parameters = [*body.parameters(), *head.parameters()]
    optimiser = torch.optim.SGD(
        parameters, recipe.lr, momentum=0.9, nesterov=True, weight_decay=recipe.weight_decay
    )
    steps = recipe.epochs * math.ceil(len(x) / recipe.batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(recipe.epochs):
        for rows in torch.randperm(len(x)).split(recipe.batch):  # type: ignore[no-untyped-call]
            optimiser.zero_grad()
            loss = objective.loss(head, body(x[rows]), y[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(parameters, recipe.clip)
            optimiser.step()
            schedule.step()
    return head.eval()


@torch.no_grad()
def accuracy(body: Body, head: nn.Linear, data: Labelled) -> float:
    """In percent."""
    x, y = data
    return _percent(head(body(x)), y)


def linear_transfer(body: Body, train: Labelled, validation: Labelled, test: Labelled) -> float:
    """Accuracy in percent of logistic regression on frozen features, its penalty chosen on ``validation``.

    Features are scaled to a root mean square length of 1, so that the penalties tried mean the same to
    features that have collapsed to tiny ones.
    """
    with torch.no_grad():
        length = body(train[0]).square().sum(1).mean().sqrt()
        (x, y), (chosen_x, chosen_y), (test_x, test_y) = (
            (body(part_x) / length, part_y) for part_x, part_y in (train, validation, test)
        )
    fits = [linear.fit("logistic_regression", x[None], y[None], C=C) for C in PENALTIES]
    best = max(fits, key=lambda head: _percent(head.logits(chosen_x[None])[0], chosen_y))
    return _percent(best.logits(test_x[None])[0], test_y)


def fine_tuned(body: Body, train_on: Labelled, test: Labelled, classes: int, recipe: Recipe) -> float:
    """Accuracy in percent of all layers, trained on by softmax under a fresh head; ``body`` is kept."""
    tuned = copy.deepcopy(body)
    head = train(tuned, objectives.get("softmax"), train_on, classes, recipe)
    return accuracy(tuned, head, test)


def _percent(logits: Tensor, y: Tensor) -> float:
    return 100 * float((logits.argmax(1) == y).double().mean())
