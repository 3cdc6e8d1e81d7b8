"""Who is on the board: methods told apart by identity and training budget, each under a label of its own."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from leaderboard.board.model import MethodFacts
from leaderboard.records import Failure, MethodIdentity, Record

_SHORTEST_SUFFIX = 4


def describe(evaluate: Record, train: Record | None) -> MethodFacts:
    """The method of an evaluate cell, under the label that its record gives it."""
    if evaluate.method is None:
        raise ValueError(f"evaluate cell {evaluate.key[:12]} names no method")
    return _facts(evaluate.method, train)


def describe_failed(failure: Failure) -> MethodFacts | None:
    """The method of a failed cell, or None where it names none."""
    return None if failure.method is None else _facts(failure.method, failure)


def _facts(method: MethodIdentity, budgeted: Record | Failure | None) -> MethodFacts:
    return MethodFacts(
        label=method.label,
        name=method.name,
        version=method.version,
        source_hash=method.source_hash,
        arguments=method.arguments,
        budget={} if budgeted is None else dict(budgeted.spec.get("budget", {})),
        given=method.label,
    )


def concerned(cell: Failure | Record, methods: Mapping[str, MethodFacts]) -> list[str]:
    """Which of the methods, by identity, a cell without a result leaves with a hole.

    A training holds those arguments alone that matter to it, so that it may be that of several methods, and
    so does what is measured of one.
    """
    own = cell.method
    if own is None:
        return []
    budget = cell.spec.get("budget")
    return [
        key
        for key, facts in methods.items()
        if (facts.name, facts.version, facts.source_hash) == (own.name, own.version, own.source_hash)
        and (budget is None or not facts.budget or dict(facts.budget) == dict(budget))
        and all(
            name in facts.arguments and facts.arguments[name] == own.arguments[name] for name in own.arguments
        )
        and (cell.kind in ("train", "measure") or len(facts.arguments) == len(own.arguments))
    ]


def identity(facts: MethodFacts) -> str:
    """sha256 of all that makes two rows of one label different methods."""
    parts = [facts.label, facts.name, facts.version, facts.source_hash, facts.arguments, facts.budget]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def unique_labels(found: Mapping[str, MethodFacts]) -> tuple[dict[str, str], list[str]]:
    """Identity -> a label that no other has, and a note for each label that had to be told apart.

    Different methods under one label get `` #`` and the first digits of their identity, as many as needed.
    """
    groups = defaultdict(list)
    for key, facts in sorted(found.items()):
        groups[facts.label].append(key)
    labels, notes = {}, []
    for label, keys in sorted(groups.items()):
        if len(keys) == 1:
            labels[keys[0]] = label
            continue
        length = _SHORTEST_SUFFIX
        while len({key[:length] for key in keys}) < len(keys):
            length += 1
        labels.update({key: f"{label} #{key[:length]}" for key in keys})
        notes.append(_told_apart(label, [found[key] for key in keys], [labels[key] for key in keys]))
    return labels, notes


def _told_apart(label: str, methods: list[MethodFacts], labels: list[str]) -> str:
    def spelled(value: Any) -> str:
        return json.dumps(value, sort_keys=True)

    differing = [
        name
        for name, values in (
            ("source", [m.source_hash for m in methods]),
            ("version", [m.version for m in methods]),
            ("arguments", [spelled(m.arguments) for m in methods]),
            ("training budget", [spelled(m.budget) for m in methods]),
            ("name", [m.name for m in methods]),
        )
        if len(set(values)) > 1
    ]
    return (
        f"{len(methods)} different methods are called {label}; they differ in {' and '.join(differing)} "
        f"and stand apart as {', '.join(labels)}."
    )
