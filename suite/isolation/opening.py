"""A method behind walls for as long as it is needed; and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from suite.isolation.code import Code
from suite.isolation.host import zygote
from suite.isolation.inmate import Inmate, Used
from suite.isolation.limits import Limits
from suite.isolation.walled import Walled
from suite.isolation.walls import Kind
from suite.isolation.wire import Message
from suite.methods import Argument, MethodInfo


@contextmanager
def open_method(
    code: Code,
    arguments: Mapping[str, Any],
    *,
    limits: Limits | None = None,
    seed: int = 0,
    threads: int = 1,
    gpus: Sequence[str] = (),
    python: Path | None = None,
    packages: Path | None = None,
    kind: Kind | None = None,
    on_used: Callable[[Used], None] | None = None,
) -> Iterator[Walled]:
    """The method that ``code`` registers, built with ``arguments`` in a process behind walls of its own.

    That process starts from ``seed``, with ``threads`` threads, sees the ``gpus`` alone (as named in
    CUDA_VISIBLE_DEVICES), and is ended, with all that it started, when the block is left; ``on_used`` then
    hears what it cost. ``python`` and ``packages`` are those of ``suite.submission.Environment``.

    Raises NoWalls where this host has none; in the block, what ``Inmate.hear`` raises.
    """
    with _inmate(code, limits or Limits(), gpus, python, packages, kind) as inmate:
        try:
            yield Walled(inmate, code, arguments, seed, threads)
        finally:
            used = inmate.end()
            if on_used is not None:
                on_used(used)


Built = tuple[dict[str, Any], tuple[str, ...]]
"""Every argument of a method that was built, and the names of those that matter to adapting alone."""


def describe(
    code: Code,
    choose: Callable[[MethodInfo], Sequence[Mapping[str, Any]]] = lambda info: (),
    *,
    limits: Limits | None = None,
    python: Path | None = None,
    packages: Path | None = None,
) -> tuple[MethodInfo, list[Built]]:
    """As ``suite.methods.describe``, from behind walls, but for the source hash, which is empty; and what the
    method is when built with each of the arguments that ``choose`` makes of that.

    Raises NoWalls, and what ``Inmate.hear`` raises.
    """
    with _inmate(code, limits or Limits(seconds=120), (), python, packages, None) as inmate:
        info = _described(inmate, code)
        built = [Walled(inmate, code, arguments, seed=0, threads=1) for arguments in choose(info)]
        return info, [(method.arguments, method.adaptation) for method in built]


def examine(
    code: Code,
    arguments: Mapping[str, Any],
    *,
    limits: Limits | None = None,
    python: Path | None = None,
    packages: Path | None = None,
) -> dict[str, Any]:
    """What the conformance suite, run behind walls beside the method, says of it (its own word).

    Raises NoWalls, and what ``Inmate.hear`` raises.
    """
    with _inmate(code, limits or Limits(seconds=120), (), python, packages, None) as inmate:
        question = Message("examine", {"code": asdict(code), "arguments": dict(arguments)})
        return dict(inmate.ask(question, "examined").data)


@contextmanager
def _inmate(
    code: Code,
    limits: Limits,
    gpus: Sequence[str],
    python: Path | None,
    packages: Path | None,
    kind: Kind | None,
) -> Iterator[Inmate]:
    own = code.module.partition(".")[0] in ("", "suite", "tasks")
    modules = [] if own else [code.module]
    inmate = zygote(kind=kind, python=python, packages=packages, modules=modules, gpus=gpus).inmate(limits)
    try:
        yield inmate
    finally:
        inmate.close()


def _described(inmate: Inmate, code: Code) -> MethodInfo:
    told = inmate.ask(Message("describe", {"code": asdict(code)}), "described").data
    try:
        arguments = tuple(_argument(entry) for entry in told["arguments"])
        adaptation = tuple(map(str, told["adaptation"]))
        return MethodInfo(
            code.name, str(told["version"]), "", arguments, adaptation, str(told["doc"]), code.module
        )
    except (KeyError, TypeError, ValueError) as error:
        raise inmate.lied("a description that is none") from error


def _argument(told: Mapping[str, Any]) -> Argument:
    return Argument(str(told["name"]), told["default"], str(told["doc"]), tuple(map(str, told["choices"])))
