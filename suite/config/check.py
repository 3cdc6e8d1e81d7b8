"""What a sweep's names mean: methods, benchmarks and protocols that exist, each once, under equal means."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import suite.methods
import suite.models
import tasks
from suite.config.expand import expanded
from suite.config.measures import check_measures
from suite.config.schema import (
    BenchmarkConfig,
    ConfigError,
    MethodConfig,
    ModelConfig,
    ProtocolConfig,
    SweepConfig,
)
from suite.nearest import nearest
from suite.submission import Submission, SubmissionError, load_trusted, read
from tasks import transfers

# One network for all: a method with one of its own would not compete by equal means.
SHARED = {"backbone": "model.backbone", "width": "model.width"}

_KINDS: Mapping[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def check(sweep: SweepConfig) -> SweepConfig:
    """``sweep`` with its submissions among its methods, and each of these with one choice of arguments, less
    those that equal their defaults.

    Raises ConfigError for what is wrong first. Arguments of a submission that is not trusted are only known
    once it runs behind its walls: they are checked when the sweep is planned.
    """
    for backbone in (sweep.model.backbone, *sweep.model.backbones):
        _backbone(backbone)
    submitted = _submissions(sweep)
    listed = expanded(sweep.methods)
    named = {method.name for method in listed}
    added = (MethodConfig(name) for name in submitted if name not in named)
    walled = frozenset() if sweep.trust else frozenset(submitted)
    shared = {**SHARED, **({"batch_norm": "model.batch_norm"} if sweep.model.batch_norm else {})}
    methods = tuple(_method(method, walled, shared) for method in (*listed, *added))
    if sweep.fair:
        _fair(sweep.model, methods, walled)
    _once("methods", [(method.name, method.arguments) for method in methods])
    _once("benchmarks", [(benchmark.name, _benchmark(benchmark)) for benchmark in sweep.benchmarks])
    _once("transfers", [(transfer.name, _transfer(transfer)) for transfer in sweep.transfers])
    if sweep.transfers:
        _any_way(methods, walled)
        check_measures(sweep.measures)
    _protocols(sweep)
    paths = tuple(str(submission.path) for submission in submitted.values())
    return replace(sweep, methods=methods, submissions=paths)


def method_arguments(name: str) -> dict[str, Any]:
    """Default of each argument that a sweep may set. Raises ConfigError for a name that no method has."""
    if name not in suite.methods.names():
        raise ConfigError(f"no method is called {name!r}; {nearest(name, suite.methods.names())}")
    return {key: value for key, value in _defaults(name).items() if key not in SHARED}


def _defaults(name: str) -> dict[str, Any]:
    try:
        return suite.methods.describe(name).defaults
    except ImportError as error:
        raise ConfigError(
            f"{name} cannot be used here: {error}. `league doctor` says what mends it"
        ) from error


def _backbone(name: str) -> None:
    if name not in suite.models.names():
        raise ConfigError(
            f"no backbone is called {name!r} (model.backbone); {nearest(name, suite.models.names())}"
        )


def _submissions(sweep: SweepConfig) -> dict[str, Submission]:
    """The sweep's submissions by name; trusted ones are registered here as the suite's own methods are."""
    found: dict[str, Submission] = {}
    for path in sweep.submissions:
        try:
            submission = read(path)
            if sweep.trust:
                load_trusted(submission.code)
        except SubmissionError as error:
            raise ConfigError(str(error)) from error
        if submission.name in found:
            raise ConfigError(
                f"{path} and {found[submission.name].path} both register a method called "
                f"{submission.name!r}; give one of them another name"
            )
        found[submission.name] = submission
    return found


def _method(method: MethodConfig, walled: frozenset[str], shared: Mapping[str, str]) -> MethodConfig:
    known = {} if method.name in walled else method_arguments(method.name)
    for argument, value in method.arguments.items():
        if argument in shared:
            raise ConfigError(
                f"{method.name} may not set its own {argument} ({value!r}): all methods of a sweep compete "
                f"with the same network. Set {shared[argument]} for all of them, or make another sweep"
            )
        if argument not in known and method.name not in walled:
            raise ConfigError(f"{argument} is not an argument of {method.name}; {nearest(argument, known)}")
    if method.name in walled:
        return method
    try:
        suite.methods.get(method.name, **method.arguments)
    except (TypeError, ValueError, ImportError) as error:
        raise ConfigError(f"{method.name}: {error}") from error
    differing = {key: value for key, value in method.arguments.items() if value != known[key]}
    return MethodConfig(method.name, differing)


def _fair(model: ModelConfig, methods: Sequence[MethodConfig], walled: frozenset[str]) -> None:
    """Raise ConfigError where ``methods`` would not compete by equal means."""
    for method in methods:
        if method.name in walled:
            raise ConfigError(
                f"{method.name} runs behind walls, where it cannot be seen whether its network and optimiser "
                "are those of the others, as `fair` asks; set fair=false, or trust=true for your own code"
            )
    for network in model.networks:
        entered = {}
        for method in methods:
            given = {key: value for key, value in network.items() if key in _defaults(method.name)}
            label = _spelled(method.name, method.arguments)
            entered[label] = suite.methods.get(method.name, **given, **method.arguments)
        try:
            suite.methods.check_fair(entered)
        except ValueError as error:
            raise ConfigError(f"{error}; set it under model, or fair=false") from error


def _benchmark(benchmark: BenchmarkConfig) -> dict[str, Any]:
    """The options of ``benchmark`` and the defaults of those not given, all checked but for their range."""
    if benchmark.name not in tasks.names():
        hint = "it is a transfer task, to be listed under transfers" if is_transfer(benchmark.name) else ""
        raise ConfigError(
            f"no benchmark is called {benchmark.name!r}; {hint or nearest(benchmark.name, tasks.names())}"
        )
    info = tasks.describe(benchmark.name)
    return _options(benchmark, info.options, open_ended=info.open_ended)


def _transfer(transfer: BenchmarkConfig) -> dict[str, Any]:
    """As ``_benchmark``, of a transfer task."""
    if transfer.name not in transfers.names():
        hint = "it is a benchmark, to be listed under benchmarks" if transfer.name in tasks.names() else ""
        raise ConfigError(
            f"no transfer task is called {transfer.name!r}; "
            f"{hint or nearest(transfer.name, transfers.names())}"
        )
    return _options(transfer, transfers.describe(transfer.name).options)


def _options(
    given: BenchmarkConfig, known: Mapping[str, object], *, open_ended: bool = False
) -> dict[str, Any]:
    """``known`` options, with their defaults, and over them those ``given``, whose types are checked."""
    for option, value in given.options.items():
        if option not in known and not open_ended:
            raise ConfigError(f"{option} is not an option of {given.name}; {nearest(option, known)}")
        kind = type(known.get(option))
        fits = type(value) is kind or (kind is float and type(value) is int)
        if kind in _KINDS and not fits:
            raise ConfigError(f"{given.name}: {option} must be {_KINDS[kind]}, not {value!r}")
    return {**known, **given.options}


def is_transfer(name: str) -> bool:
    """Whether that is the name of a transfer task, and of no benchmark."""
    return name in transfers.names() and name not in tasks.names()


def _any_way(methods: Sequence[MethodConfig], walled: frozenset[str]) -> None:
    """Raise ConfigError for a method that is known to learn tasks of one number of classes."""
    for method in methods:
        if method.name not in walled:
            built = suite.methods.get(method.name, **method.arguments)
            if not getattr(built, "any_way", True):
                raise ConfigError(
                    f"{method.name} is trained for tasks of one number of classes, and a transfer task has "
                    "another on each side: leave it out of sweeps with transfers. Methods such as pretrain, "
                    "transfer and protonet can enter"
                )


def _once(key: str, entries: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    seen = set()
    for name, arguments in entries:
        spelled = _spelled(name, arguments)
        if spelled in seen:
            raise ConfigError(f"{key} lists {spelled} twice; leave one out or give it other arguments")
        seen.add(spelled)


def _spelled(name: str, arguments: Mapping[str, Any]) -> str:
    return f"{name} {json.dumps(arguments, sort_keys=True)}" if arguments else name


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
    """What sets columns of the board apart; the number of episodes does not."""
    return protocol.track, protocol.way, protocol.shot, protocol.query, protocol.seed
