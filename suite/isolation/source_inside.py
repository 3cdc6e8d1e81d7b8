"""What a walled method trains on: a ``Source`` to the eye, behind which the suite hands out and counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from suite.isolation.channel import Channel
from suite.isolation.wire import Message, NoMessage
from suite.methods.interface import Predictor
from suite.methods.plateau import annealing
from suite.methods.source import Budget, BudgetExceeded, CurvePoint, Spent
from tasks import Episode, Support

_ANY_SIZE = 2**62
_REFUSALS: Mapping[str, type[Exception]] = {"BudgetExceeded": BudgetExceeded, "ValueError": ValueError}

Adapt = Callable[[Support], Predictor]


class WalledSource:
    """The face of ``suite.methods.Source``. It holds nothing back from the method: the images are elsewhere.

    ``predict`` answers one task of a validation with an adapting function.
    """

    def __init__(
        self,
        channel: Channel,
        told: Mapping[str, Any],
        spent: Spent,
        predict: Callable[[Adapt, Message], Message],
    ) -> None:
        self._channel, self._predict = channel, predict
        self.budget = Budget(**told["budget"])
        self.way: int = told["way"]
        self.shot: int = told["shot"]
        self.query: int = told["query"]
        self.seed: int = told["seed"]
        self.class_count: int = told["class_count"]
        self.scores: str = told["scores"]
        self.allowance: int = told["allowance"]
        self.anneals_from: int = told["anneals_from"]
        c, h, w = told["image_shape"]
        self.image_shape: tuple[int, int, int] = (c, h, w)
        self.spent = spent
        self.curve: list[CurvePoint] = []
        self.validation_due = False

    @property
    def episode_images(self) -> int:
        """Images of one episode, support and query."""
        return self.way * (self.shot + self.query)

    @property
    def exhausted(self) -> bool:
        """Whether the allowance is used up."""
        return self.spent.images >= self.allowance

    @property
    def progress(self) -> float:
        """Share of the allowance used, in 0..1."""
        return self.spent.images / self.allowance

    @property
    def annealing(self) -> float:
        """How far learning rates are to have fallen, in 0..1."""
        return annealing(self.spent.images, self.anneals_from, self.allowance)

    def batch(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """As ``Source.batch``."""
        images, labels = self._ask(Message("batch", {"size": size})).tensors
        return images, labels

    def episode(self) -> Episode:
        """As ``Source.episode``."""
        return self._episodes(Message("episode"))[0]

    def episodes(self, count: int) -> list[Episode]:
        """As ``Source.episodes``."""
        return self._episodes(Message("episodes", {"count": count}))

    def validate(self, adapt: Adapt) -> float:
        """As ``Source.validate``: the suite sends tasks without query labels, and scores the logits."""
        with self.spent.validating():
            self._channel.send(Message("validate"))
            while (message := self._heard()).kind == "task":
                self._channel.send(self._predict(adapt, message))
        accuracy = float(message.data["accuracy"])
        self.curve.append(CurvePoint(self.spent.images, accuracy))
        return accuracy

    def _episodes(self, message: Message) -> list[Episode]:
        answer = self._ask(message)
        support, support_labels, query, query_labels = answer.tensors
        return [
            Episode(
                Support(support[i], support_labels[i]), query[i], query_labels[i], tuple(rows), tuple(drawn)
            )
            for i, (rows, drawn) in enumerate(answer.data["drawn"])
        ]

    def _ask(self, message: Message) -> Message:
        self._channel.send(message)
        return self._heard()

    def _heard(self) -> Message:
        message = self._channel.receive(_ANY_SIZE)
        if message.kind == "refused":
            raise _REFUSALS.get(message.data["type"], RuntimeError)(message.data["message"])
        if message.kind not in ("given", "task", "validated"):
            raise NoMessage(f"{message.kind} where an answer was awaited")
        if message.kind != "task":
            self.spent.images = message.data["images"]
            self.validation_due = message.data["due"]
            self.allowance, self.anneals_from = message.data["allowance"], message.data["anneals_from"]
        return message
