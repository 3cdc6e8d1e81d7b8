"""The words behind ``league measure diversity``: benchmarks, each with its options, probes, resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from suite.cli.shared import BadInput, Failed, bad_input

if TYPE_CHECKING:
    from suite.config import DiversityConfig, Resources
    from tasks import Benchmark

_RESOURCES = "resources"
# Support and query images of a class: enough for a floor well below what stands on it; else what every
# embedded benchmark has.
_USUAL, _FEWER = (5, 15), (1, 3)


@dataclass
class Asked:
    """What the words of the command line say: each benchmark with the options behind it, and resources."""

    benchmarks: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    resources: dict[str, Any] = field(default_factory=dict)


def asked(words: Sequence[str]) -> Asked:
    """``latent domains=1 glyphs``: two benchmarks, the first with an option."""
    from suite.config import ConfigError
    from suite.config.layers import split

    found = Asked()
    for word in words:
        if "=" not in word:
            found.benchmarks.append((word, {}))
            continue
        with bad_input(ConfigError):
            key, value = split(word)
        if key[0] == _RESOURCES and len(key) == 2:
            found.resources[key[1]] = value
        elif len(key) > 1:
            raise BadInput(f"{'.'.join(key)} is not an option; options have no dots, but for resources.KEY")
        elif not found.benchmarks:
            raise BadInput(f"{word} stands before any benchmark; write BENCHMARK {word}")
        else:
            found.benchmarks[-1][1][key[0]] = value
    if not found.benchmarks:
        raise BadInput("no benchmark is named; league data list shows them")
    return found


def load(name: str, options: dict[str, Any]) -> Benchmark:
    import tasks

    try:
        with bad_input(tasks.UnknownBenchmark, TypeError, ValueError):
            return tasks.load(name, **options)
    except tasks.DataError as error:
        raise Failed(str(error)) from error


def settings(wished: Mapping[str, Any], loaded: Sequence[Benchmark]) -> DiversityConfig:
    """The settings of a sweep's ``diversity``, from the command line's."""
    from suite.config import ConfigError, DiversityConfig, layers
    from suite.config.build import build

    shot, query = _shape(wished, loaded)
    found: dict[str, Any] = {}
    with bad_input(ConfigError):
        parsed = [layers.split(f"probe={probe}")[1] for probe in wished["probes"]]
        layers.assign(found, ["diversity", "probes"], parsed)
        given = {"tasks": wished["count"], **{key: wished[key] for key in ("split", "way", "seed")}}
        return build(DiversityConfig, {**found["diversity"], **given, "shot": shot, "query": query})


def _shape(wished: Mapping[str, Any], loaded: Sequence[Benchmark]) -> tuple[int, int]:
    """Support and query images of a class: those asked for, else the usual where all benchmarks have them."""
    import tasks

    shot, query = wished["shot"] or _USUAL[0], wished["query"] or _USUAL[1]
    if wished["shot"] and wished["query"]:
        return shot, query
    for benchmark in loaded:
        try:
            tasks.Episodes(benchmark, wished["split"], wished["way"], shot, query, 0)
        except ValueError as error:
            fewer = wished["shot"] or _FEWER[0], wished["query"] or _FEWER[1]
            click.echo(f"{error}; tasks are of {fewer[0]} + {fewer[1]} instead", err=True)
            return fewer
    return shot, query


def resources(given: dict[str, Any]) -> Resources:
    from suite.config import ConfigError, Resources
    from suite.config.build import build

    with bad_input(ConfigError):
        return build(Resources, given, _RESOURCES)
