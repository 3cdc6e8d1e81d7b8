"""Methods of the transfer track by what they are: ``sigmoid + knn``, where their records say it at length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from leaderboard.board.pool import Pool
from leaderboard.board.prediction.pairs import pairs
from leaderboard.board.reading import Scored
from leaderboard.ranking import Column

T = TypeVar("T")


def renamed(pool: Pool) -> Pool:
    """The pool with methods that have an objective and a way to adapt called after these.

    Their records' own labels stay as ``MethodFacts.given``. Others keep their labels, and so does a method
    whose new name another one has.
    """
    told, _ = pairs(pool)
    arguments = {facts.label: facts.arguments for facts in pool.methods}
    wanted = {
        pair.method: pair.words
        for pair in told
        if {"objective", "adaptation"} <= arguments.get(pair.method, {}).keys()
    }
    taken = {facts.label for facts in (*pool.methods, *pool.unranked)}
    names = {old: new for old, new in wanted.items() if new not in taken}
    if not names:
        return pool
    return replace(
        pool,
        methods=tuple(
            sorted(
                (replace(facts, label=names.get(facts.label, facts.label)) for facts in pool.methods),
                key=lambda facts: facts.label,
            )
        ),
        cells=dict(sorted(_cells(pool, names).items(), key=lambda item: item[0])),
        failed=_keys(pool.failed, names),
        holes=tuple(
            replace(hole, concerns=tuple(sorted(names.get(label, label) for label in hole.concerns)))
            for hole in pool.holes
        ),
        notes=(
            *pool.notes,
            "Methods are called by objective and way to adapt; the page of each has its full name.",
        ),
        sources=_keys(pool.sources, names),
    )


def _cells(pool: Pool, names: Mapping[str, str]) -> dict[tuple[str, Column], tuple[Scored, ...]]:
    return {(names.get(method, method), column): scored for (method, column), scored in pool.cells.items()}


def _keys(by_label: Mapping[str, T], names: Mapping[str, str]) -> dict[str, T]:
    return {names.get(label, label): value for label, value in by_label.items()}
