"""The method of a cell: built in this process, or behind walls in one of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import torch

import suite.methods
from leaderboard.records import MethodIdentity
from suite import submission
from suite.isolation import Code, Limits
from suite.isolation.inmate import Used
from suite.isolation.opening import open_method
from suite.methods import Method, MethodError

Open = Callable[[], AbstractContextManager[Method]]
"""The cell's method, untrained; what it runs in is ended with the block."""


class Doors:
    """Opens a cell's method, behind walls or not, and adds up what went on behind them: ``used``."""

    def __init__(
        self, method: MethodIdentity | None, code: Code | None, limits: Limits, *, walled: bool
    ) -> None:
        self._method, self._code, self._limits, self._walled = method, code, limits, walled
        self.used = Used()

    def open(self, *, seed: int, threads: int, gpus: float) -> Open:
        """What opens it; behind walls it starts from ``seed``, with ``threads`` and this process's GPUs."""

        @contextmanager
        def opened() -> Iterator[Method]:
            assert self._method is not None, "a cell of no method opened one"
            if not self._walled or self._code is None:
                yield suite.methods.get(self._method.name, **self._method.arguments)
                return
            environment = _environment(self._code)
            with open_method(
                self._code,
                self._method.arguments,
                limits=self._limits,
                seed=seed,
                threads=threads,
                gpus=_gpus() if gpus else (),
                python=environment.python,
                packages=environment.packages,
                on_used=self.add,
            ) as walled:
                yield walled

        return opened

    def requirements(self) -> Mapping[str, str]:
        """Versions of what a submission declares that it depends on, as it was met here; else nothing."""
        if self._code is None or not self._code.dependencies:
            return {}
        return _environment(self._code, trusted=not self._walled).met

    def add(self, used: Used) -> None:
        """Count what another process used for the cell."""
        self.used = self.used + used


def _environment(code: Code, *, trusted: bool = False) -> submission.Environment:
    try:
        return submission.prepare(code, trusted=trusted)
    except submission.SubmissionError as error:
        raise MethodError(str(error)) from error


def _gpus() -> list[str]:
    """Those that Ray gave this process, as CUDA names them."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return [str(i) for i in range(torch.cuda.device_count())] if named is None else named.split(",")
