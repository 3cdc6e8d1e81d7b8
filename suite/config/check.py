"""What a sweep's names mean: methods, benchmarks and protocols that exist, each once, under equal means."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import suite.methods
import tasks
from suite.config.names import nearest
from suite.config.schema import BenchmarkConfig, ConfigError, MethodConfig, ProtocolConfig, SweepConfig

# What all methods of a sweep share. One with a network or budget of its own would not compete by equal means.
_SHARED = {
    "backbone": "model.backbone",
    "width": "model.width",
    "budget": "budget",
    "images": "budget.images",
}


def check(sweep: SweepConfig) -> SweepConfig:
    """``sweep`` less the arguments that equal their defaults. Raises ConfigError for what is wrong first."""
    methods = tuple(_method(i, method) for i, method in enumerate(sweep.methods))
    _once("methods", [(method.name, method.arguments) for method in methods])
    for i, benchmark in enumerate(sweep.benchmarks):
        _benchmark(i, benchmark)
    _once("benchmarks", [(benchmark.name, benchmark.options) for benchmark in sweep.benchmarks])
    _protocols(sweep)
    return replace(sweep, methods=methods)


def method_arguments(name: str) -> Mapping[str, Any]:
    """Default of each argument of a method. Raises ConfigError for a name that no method has."""
    if name not in suite.methods.names():
        raise ConfigError(f"no method is called {name!r}; {nearest(name, suite.methods.names())}")
    return suite.methods.describe(name)


def _method(i: int, method: MethodConfig) -> MethodConfig:
    known = method_arguments(method.name)
    for argument, value in method.arguments.items():
        where = f"methods[{i}].arguments.{argument}"
        if argument in _SHARED:
            raise ConfigError(
                f"{method.name} may not set its own {argument} ({value!r}): every method of a sweep competes "
                f"with the same model and budget. Set {_SHARED[argument]} for all, or make another sweep."
            )
        if argument not in known:
            raise ConfigError(f"{where} is not an argument of {method.name}; {nearest(argument, known)}")
    try:
        suite.methods.get(method.name, **method.arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"methods[{i}] ({method.name}): {error}") from error
    differing = {key: value for key, value in method.arguments.items() if value != known[key]}
    return MethodConfig(method.name, differing)


def _benchmark(i: int, benchmark: BenchmarkConfig) -> None:
    if benchmark.name not in tasks.names():
        raise ConfigError(
            f"no benchmark is called {benchmark.name!r}; {nearest(benchmark.name, tasks.names())}"
        )


def _once(key: str, entries: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    seen = set()
    for name, arguments in entries:
        spelled = f"{name} {json.dumps(arguments, sort_keys=True)}" if arguments else name
        if spelled in seen:
            raise ConfigError(f"{key} lists {spelled} twice; leave one out or give it other arguments")
        seen.add(spelled)


def _protocols(sweep: SweepConfig) -> None:
    names = {benchmark.name for benchmark in sweep.benchmarks}
    for i, protocol in enumerate(sweep.protocols):
        for name in protocol.benchmarks:
            if name not in names:
                raise ConfigError(
                    f"protocols[{i}].benchmarks names {name!r}, which is not in this sweep; "
                    f"{nearest(name, names)}"
                )
    for (i, one), (j, other) in combinations(enumerate(sweep.protocols), 2):
        shared = names & set(one.benchmarks or names) & set(other.benchmarks or names)
        if shared and _column(one) == _column(other):
            raise ConfigError(
                f"protocols[{i}] and protocols[{j}] both score {', '.join(sorted(shared))} {one.way}-way "
                f"{one.shot}-shot with {one.query} queries, which is one column of the board; leave one out"
            )


def _column(protocol: ProtocolConfig) -> tuple[object, ...]:
    """What sets columns of the board apart; episodes and seed do not."""
    return protocol.track, protocol.way, protocol.shot, protocol.query
