"""Methods of the transfer track as what trained them and how they adapt, told by their records alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from leaderboard.board.defaults import given
from leaderboard.board.entrants import describe, identity, unique_labels
from leaderboard.board.model import MethodFacts
from leaderboard.board.pool import Pool
from leaderboard.board.prediction.model import Pair, Recipe
from leaderboard.records import Record

# What a recipe and a way to adapt are called after, where a method has such an argument.
_OBJECTIVE, _ADAPTATION = "objective", "adaptation"


@dataclass(frozen=True)
class _Parts:
    """A method beside its training: ``rest`` are the arguments that matter to adapting alone."""

    facts: MethodFacts
    trained: MethodFacts
    rest: Mapping[str, Any]


def pairs(pool: Pool) -> tuple[tuple[Pair, ...], tuple[Recipe, ...]]:
    """Every method that has a training, and every way of training, sorted by label."""
    facts = {each.label: each for each in pool.methods}
    found: dict[str, _Parts] = {}
    for (method, _), cells in pool.cells.items():
        train = next((cell.train for cell in cells if cell.train is not None), None)
        if train is not None and train.method is not None:
            found.setdefault(method, _parts(facts[method], train))
    labels, _ = unique_labels({identity(parts.trained): parts.trained for parts in found.values()})
    alike = _alike([parts.facts for parts in found.values()])
    words = _unique(
        {
            labels[identity(p.trained)]: _words(p.trained, p.trained.arguments, _OBJECTIVE, alike)
            for p in found.values()
        }
    )
    ways = {method: _way(parts) for method, parts in found.items()}
    spelled = _unique(
        {ways[method]: _words(parts.facts, parts.rest, _ADAPTATION, alike) for method, parts in found.items()}
    )
    told = tuple(
        Pair(method, label, ways[method], f"{words[label]} + {spelled[ways[method]]}")
        for method, parts in sorted(found.items())
        for label in [labels[identity(parts.trained)]]
    )
    recipes = tuple(
        Recipe(label, words[label], tuple(pair.method for pair in told if pair.recipe == label))
        for label in sorted(words)
    )
    return tuple(replace(pair, adaptation=spelled[pair.adaptation]) for pair in told), recipes


def _parts(facts: MethodFacts, train: Record) -> _Parts:
    trained = describe(train, train)
    rest = {name: value for name, value in facts.arguments.items() if name not in trained.arguments}
    return _Parts(facts, trained, rest)


def _alike(methods: Sequence[MethodFacts]) -> frozenset[str]:
    """Arguments that tell no method from another: all that have them have the same value."""
    values: dict[str, set[str]] = {}
    for facts in methods:
        for name, value in facts.arguments.items():
            values.setdefault(name, set()).add(json.dumps(value, sort_keys=True))
    return frozenset(name for name, found in values.items() if len(found) == 1)


def _words(facts: MethodFacts, arguments: Mapping[str, Any], first: str, alike: frozenset[str]) -> str:
    """The argument that tells most, or the method's name, and those given that are no defaults, but for those
    that are ``alike`` in all methods."""
    told = given(facts) or {}
    named = arguments.get(first)
    rest = [
        f"{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in sorted(arguments.items())
        if name != first and name not in alike and told.get(name) and not _text(value)
    ]
    return ", ".join([str(named) if named else facts.name, *rest])


def _text(value: object) -> bool:
    """Whether it is a whole file, which no name can hold."""
    return isinstance(value, str) and "\n" in value


def _way(parts: _Parts) -> str:
    """Which way to adapt, exactly."""
    facts = parts.facts
    return json.dumps([facts.name, facts.version, facts.source_hash, parts.rest], sort_keys=True)


def _unique(words: Mapping[str, str]) -> dict[str, str]:
    """The same words, with a number where several things would share them."""
    counted: dict[str, int] = {}
    taken = list(words.values())
    found = {}
    for key in sorted(words):
        counted[words[key]] = number = counted.get(words[key], 0) + 1
        found[key] = words[key] if taken.count(words[key]) == 1 else f"{words[key]} ({number})"
    return found
