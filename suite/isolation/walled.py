"""A method behind walls, with the face of any other: what it is asked goes over the line."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from suite.isolation import files
from suite.isolation.code import Code
from suite.isolation.inmate import Inmate
from suite.isolation.wire import Message
from suite.methods import Budget, BudgetExceeded, MethodError, Predictor, Source
from suite.methods.scoring import checked_logits
from tasks import Support

_MIB = 2**20
_BYTES = 8  # of the widest logit
_MOST_PASSES = 10**15
_MOST_UNREAD = 2**15
_MOST_TOLD = 2**22


class Walled:
    """``suite.methods.Method`` around an ``Inmate``: what it asks of a source is handed out and counted here.

    Its methods raise what ``Inmate.hear`` raises.
    """

    def __init__(
        self, inmate: Inmate, code: Code, arguments: Mapping[str, Any], seed: int, threads: int
    ) -> None:
        self._inmate = inmate
        told = {"code": asdict(code), "arguments": dict(arguments), "seed": seed, "threads": threads}
        opened = inmate.ask(Message("open", told), "opened").data
        resolved, adaptation = opened.get("arguments"), opened.get("adaptation")
        if not isinstance(resolved, dict) or not isinstance(adaptation, list):
            raise inmate.lied("arguments that are none")
        self._arguments, self._adaptation = resolved, adaptation
        self._numbers = itertools.count()
        self._parameters = 0
        self.selection = ""

    @property
    def adaptation(self) -> tuple[str, ...]:
        """Names of the arguments that matter to ``adapt`` alone."""
        return tuple(map(str, self._adaptation))

    @property
    def arguments(self) -> dict[str, Any]:
        """Every argument with its value."""
        return dict(self._arguments)

    def seed(self, seed: int) -> None:
        """``seed_everything(seed)`` in its process."""
        self._inmate.tell_later(Message("seed", {"seed": seed}))

    def train(self, source: Source, budget: Budget) -> None:
        """Train on ``source``, which stays here; backward passes are its own word."""
        told = {
            **{
                name: getattr(source, name)
                for name in (
                    "way",
                    "shot",
                    "query",
                    "seed",
                    "class_count",
                    "scores",
                    "allowance",
                    "anneals_from",
                )
            },
            "image_shape": list(source.image_shape),
            "budget": asdict(budget),
        }
        self._inmate.tell(Message("train", told))
        while (
            message := self._inmate.hear("batch", "episode", "episodes", "validate", "trained")
        ).kind != "trained":
            try:
                answer = self._given(message, source)
            except (BudgetExceeded, ValueError) as error:
                answer = Message("refused", {"type": type(error).__name__, "message": str(error)})
            self._inmate.tell(answer)
        passes = (message.data.get(name) for name in ("backward_passes", "validation_backward_passes"))
        source.spent.backward_passes, source.spent.validation_backward_passes = map(self._count, passes)
        self._learn(message.data)

    def adapt(self, support: Support) -> Predictor:
        """Adapt to a support set. What goes wrong in it is raised by the predictor."""
        number = self._adapted(support)
        way = support.way

        def predict(images: torch.Tensor) -> torch.Tensor:
            question = Message("predict", {"number": number, "way": way}, [images])
            return self._logits(self._inmate.ask(question, "logits", most=_most(images, way)), images, way)

        return predict

    def ask_ahead(
        self, seeds: Sequence[int], supports: Sequence[Support], queries: Sequence[torch.Tensor]
    ) -> list[Predictor]:
        """For each task in turn: seed, adapt, and predict its queries. Meanwhile; all asked in one message.

        The predictors hear the answers: each is called once, with its own queries, in this order, and before
        those of anything asked later. Supports are of one shape, queries are. Few at once, since neither side
        reads while it writes: see ``most_ahead``.
        """
        way = supports[0].way
        labels = [support.labels for support in supports if support.labels is not None]
        stacks = [torch.stack([support.images for support in supports]), torch.stack(list(queries))]
        told = {"seeds": list(seeds), "way": way}
        self._inmate.tell(Message("tasks", told, [*stacks, *([torch.stack(labels)] if labels else [])]))
        answers: deque[torch.Tensor] = deque()

        def predictor(asked: torch.Tensor) -> Predictor:
            def hear(images: torch.Tensor) -> torch.Tensor:
                assert images is asked
                if not answers:
                    message = self._inmate.hear("logits", most=len(seeds) * _most(images, way))
                    if len(message.tensors) != len(seeds):
                        raise self._inmate.lied(f"{len(message.tensors)} answers to {len(seeds)} tasks")
                    answers.extend(message.tensors)
                return checked_logits(answers.popleft(), len(images), way)

            return hear

        return [predictor(images) for images in queries]

    @staticmethod
    def most_ahead(support: Support, images: torch.Tensor) -> int:
        """How many such tasks may be asked ahead at once: as many as have logits that fit into a line that
        nobody reads yet; possibly none.
        """
        size = support.images.nbytes + images.nbytes
        return min(_MOST_UNREAD // _most(images, support.way), max(1, _MOST_TOLD // size))

    def _adapted(self, support: Support) -> int:
        number = next(self._numbers)
        labels = [] if support.labels is None else [support.labels]
        if labels and support.validation is not None:
            labels += [support.validation.images, _labels(support.validation)]
        self._inmate.tell_later(Message("adapt", {"number": number}, [support.images, *labels]))
        return number

    def save(self, path: Path) -> None:
        """Write its checkpoint into the folder ``path``: plain files of allowed names, checked here."""
        most = self._inmate.limits.checkpoint_mib * _MIB
        message = self._inmate.ask(Message("save", {"most": most}), "file", "saved", most=most)
        path.mkdir(parents=True, exist_ok=True)
        for count in itertools.count(1):
            if message.kind == "saved":
                return
            most -= sum(tensor.nbytes for tensor in message.tensors)
            name = message.data.get("name")
            if not isinstance(name, str) or len(message.tensors) != 1:
                raise self._inmate.lied("a file without a name")
            if count > files.MOST_FILES:
                raise MethodError(f"its checkpoint has more than {files.MOST_FILES} files")
            files.write(path, name, message.tensors[0])
            message = self._inmate.hear("file", "saved", most=most)

    def load(self, path: Path) -> None:
        """Restore what ``save`` wrote."""
        held = files.contents(path)
        told = Message("load", {"names": list(held)}, list(held.values()))
        self._learn(self._inmate.ask(told, "loaded").data)

    def parameter_count(self) -> int:
        """Trainable parameters, by its own word (0 before training)."""
        return self._parameters

    def _given(self, message: Message, source: Source) -> Message:
        """What is handed out for a request."""
        if message.kind == "validate":
            accuracy = source.validate(lambda support: lambda images: self._validated(support, images))
            return Message("validated", {"accuracy": accuracy, **_state(source)})
        if message.kind == "batch":
            tensors = list(source.batch(self._count(message.data.get("size"))))
            return Message("given", _state(source), tensors)
        wanted = self._count(message.data.get("count")) if message.kind == "episodes" else None
        episodes = [source.episode()] if wanted is None else source.episodes(wanted)
        stacks = [
            torch.stack([episode.support.images for episode in episodes]),
            torch.stack([_labels(episode.support) for episode in episodes]),
            torch.stack([episode.query_images for episode in episodes]),
            torch.stack([episode.query_labels for episode in episodes]),
        ]
        drawn = [[episode.indices, episode.classes] for episode in episodes]
        return Message("given", {"drawn": drawn, **_state(source)}, stacks)

    def _validated(self, support: Support, images: torch.Tensor) -> torch.Tensor:
        task = Message("task", {"way": support.way}, [support.images, _labels(support), images])
        answer = self._inmate.ask(task, "logits", most=_most(images, support.way))
        return self._logits(answer, images, support.way)

    def _logits(self, answer: Message, images: torch.Tensor, way: int) -> torch.Tensor:
        if len(answer.tensors) != 1:
            raise self._inmate.lied("logits without a tensor")
        return checked_logits(answer.tensors[0], len(images), way)

    def _learn(self, facts: Mapping[str, Any]) -> None:
        self._parameters = self._count(facts.get("parameters"))
        selection = facts.get("selection")
        self.selection = (
            "".join(filter(str.isprintable, selection))[:500] if isinstance(selection, str) else ""
        )

    def _count(self, number: object) -> int:
        if type(number) is not int or not -1 <= number <= _MOST_PASSES:
            raise self._inmate.lied("a count that is none")
        return number


def _state(source: Source) -> dict[str, Any]:
    return {
        "images": source.spent.images,
        "due": source.validation_due,
        "allowance": source.allowance,
        "anneals_from": source.anneals_from,
    }


def _labels(support: Support) -> torch.Tensor:
    assert support.labels is not None
    return support.labels


def _most(images: torch.Tensor, way: int) -> int:
    return len(images) * way * _BYTES
