"""Inside the walls: a method is built, and does what the suite asks of it over the line."""

from __future__ import annotations

import socket
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

import suite.methods
from suite.isolation import files
from suite.isolation.channel import Channel, Closed
from suite.isolation.code import Code
from suite.isolation.conditions import prepare
from suite.isolation.inside import SCRATCH
from suite.isolation.source_inside import WalledSource
from suite.isolation.wire import Message
from suite.methods import Budget, Method, Predictor, count_backward_passes, seed_everything
from suite.methods.scoring import checked_logits
from suite.methods.source import Spent
from tasks import Support

_ANY_SIZE = 2**62
# The suite compares a predictor with the one before it; older ones are never asked again.
_PREDICTORS = 4


def serve(connection: socket.socket) -> int:
    """Answer until the line is closed, or until the method fails at something; the exit status."""
    server = _Server(Channel(connection))
    server.channel.send(Message("walled"))
    while True:
        try:
            message = server.channel.receive(_ANY_SIZE)
        except Closed:
            return 0
        try:
            server.answer(message)
        except Closed:
            return 0
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 all that a method may raise
            server.channel.send(Message("error", _told(error)))
            return 0


class _Server:
    """One method, opened by the first message, and the predictors that it made last."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._method: Method | None = None
        self._predictors: OrderedDict[int, Predictor] = OrderedDict()

    @property
    def method(self) -> Method:
        assert self._method is not None
        return self._method

    def answer(self, message: Message) -> None:
        getattr(self, f"_on_{message.kind}")(message)

    def _on_describe(self, message: Message) -> None:
        code = _code(message.data["code"])
        _register(code)
        info = suite.methods.describe(code.name)
        told = {
            "version": info.version,
            "arguments": [asdict(argument) for argument in info.arguments],
            "adaptation": list(info.adaptation),
            "doc": info.doc,
        }
        self.channel.send(Message("described", told))

    def _on_examine(self, message: Message) -> None:
        """The conformance suite, run here beside the method that it examines."""
        from suite.submission.conformance.examining import answer

        told = answer(_code(message.data["code"]), message.data["arguments"])
        self.channel.send(Message("examined", told))

    def _on_open(self, message: Message) -> None:
        prepare(message.data["seed"], message.data["threads"])
        code = _code(message.data["code"])
        _register(code)
        self._method = suite.methods.get(code.name, **message.data["arguments"])
        told = {"arguments": self._method.arguments, "adaptation": list(self._method.adaptation)}
        self.channel.send(Message("opened", told))

    def _on_seed(self, message: Message) -> None:
        seed_everything(message.data["seed"])

    def _on_train(self, message: Message) -> None:
        spent = Spent()
        source = WalledSource(self.channel, message.data, spent, self._predict_for)
        with count_backward_passes(spent):
            self.method.train(source, Budget(**message.data["budget"]))  # type: ignore[arg-type]
        told = {
            "backward_passes": spent.backward_passes,
            "validation_backward_passes": spent.validation_backward_passes,
            **self._facts(),
        }
        self.channel.send(Message("trained", told))

    def _on_adapt(self, message: Message) -> None:
        self._predictors[message.data["number"]] = self.method.adapt(_support(message))
        while len(self._predictors) > _PREDICTORS:
            self._predictors.popitem(last=False)

    def _on_predict(self, message: Message) -> None:
        predictor = self._predictors[message.data["number"]]
        self.channel.send(self._predict(predictor, message.tensors[0], message.data["way"]))

    def _on_tasks(self, message: Message) -> None:
        """One task after the other, each from its seed, as if it were alone."""
        supports, queries, *labels = message.tensors
        answers = []
        for i, seed in enumerate(message.data["seeds"]):
            seed_everything(seed)
            # Copied, so that each lies as aligned as where it came alone: sums of floats may depend on it.
            support = Support(supports[i].clone(), labels[0][i].clone() if labels else None)
            images = queries[i].clone()
            logits = self.method.adapt(support)(images)
            answers.append(checked_logits(logits, len(images), message.data["way"]))
        self.channel.send(Message("logits", {}, answers))

    def _on_save(self, message: Message) -> None:
        folder = Path(SCRATCH) / "saved"
        folder.mkdir(exist_ok=True)  # as where there are no walls
        self.method.save(folder)
        for name, data in files.read(folder, message.data["most"]):
            self.channel.send(Message("file", {"name": name}, [data]))
        self.channel.send(Message("saved"))

    def _on_load(self, message: Message) -> None:
        folder = Path(SCRATCH) / "loaded"
        folder.mkdir(exist_ok=True)
        for name, data in zip(message.data["names"], message.tensors, strict=True):
            (folder / name).write_bytes(data.numpy().tobytes())
        self.method.load(folder)
        self.channel.send(Message("loaded", self._facts()))

    def _facts(self) -> dict[str, Any]:
        return {
            "parameters": self.method.parameter_count(),
            "selection": str(getattr(self.method, "selection", "")),
        }

    def _predict_for(self, adapt: Any, message: Message) -> Message:
        """Logits for one task of a validation: its support set, then its query images."""
        predictor = adapt(Support(message.tensors[0], message.tensors[1]))
        return self._predict(predictor, message.tensors[2], message.data["way"])

    @staticmethod
    def _predict(predictor: Predictor, images: torch.Tensor, way: int) -> Message:
        return Message("logits", {}, [checked_logits(predictor(images), len(images), way)])


def _code(told: Mapping[str, Any]) -> Code:
    return Code(**{**told, "dependencies": tuple(told["dependencies"])})


def _register(code: Code) -> None:
    if code.submitted:
        from suite.submission.loading import register

        register(code)
    else:
        import_module(code.module)


def _support(message: Message) -> Support:
    images, *labels = message.tensors
    validation = Support(labels[1], labels[2]) if len(labels) > 1 else None
    return Support(images, labels[0] if labels else None, validation)


def _told(error: BaseException) -> dict[str, str]:
    return {
        "type": type(error).__name__,
        "message": str(error)[:2_000],
        "traceback": "".join(traceback.format_exception(error))[-16_000:],
    }
