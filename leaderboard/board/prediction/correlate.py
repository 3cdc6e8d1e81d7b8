"""Rank correlation of every figure with accuracy: within task, labels and way to adapt, then averaged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from leaderboard.board.model import Entry
from leaderboard.board.prediction.model import FEATURES, Correlation, Figure, Pair, Place, Predictor
from leaderboard.board.prediction.verdict import answer, more
from leaderboard.ranking import Column
from leaderboard.statistics.prediction import (
    FEWEST,
    Drawn,
    Resampling,
    average,
    interval,
    rank_correlation,
    resample,
)
from leaderboard.statistics.table import Floats

# Sure answers first: one in reverse predicts no less.
_ORDER = {"predicts": 0, "opposite": 0, "undecided": 1, "nothing shown": 2, "cannot be told": 3}

_Strata = Mapping[Column, Mapping[str, Floats]]


def predictors(
    entries: Sequence[Entry], told: Sequence[Pair], figures: Sequence[Figure], level: float
) -> tuple[Predictor, ...]:
    """A predictor for each place: those shown first, then by answer and strength. Every place is there, also
    one of which nothing can be told."""
    if not figures:
        return ()
    recipes = sorted({pair.recipe for pair in told})
    seeds = sorted({seed.seed for entry in entries for seed in entry.seeds})
    strata = _strata(entries, told, recipes, seeds)
    resampling = _resampling(strata)
    shown = first_places([figure.place for figure in figures])
    found = []
    for place in sorted({figure.place for figure in figures}):
        measured = _measured(figures, place, recipes, seeds)
        found.append(_predictor(place, place in shown, measured, strata, resampling, level))
    return tuple(sorted(found, key=_strength))


def first_places(places: Sequence[Place]) -> frozenset[Place]:
    """Those that a reader sees first: the features below the head, on test images where they were measured
    there."""
    features = {place for place in places if place.layer == FEATURES}
    tested = {_alike(place) for place in features if place.split == "test"}
    return frozenset(p for p in features if p.split == "test" or _alike(p) not in tested)


def _alike(place: Place) -> tuple[str, ...]:
    return place.figure, place.reference, place.problem, place.code


def _strata(
    entries: Sequence[Entry], told: Sequence[Pair], recipes: Sequence[str], seeds: Sequence[int]
) -> _Strata:
    """Accuracies [R, S] of each column and way to adapt, nan where there is none."""
    pairs = {pair.method: pair for pair in told}
    found: dict[Column, dict[str, Floats]] = defaultdict(dict)
    for entry in sorted(entries, key=lambda entry: (entry.column, entry.method)):
        if entry.method not in pairs:
            continue
        pair = pairs[entry.method]
        values = found[entry.column].setdefault(pair.adaptation, np.full((len(recipes), len(seeds)), np.nan))
        for seed in entry.seeds:
            values[recipes.index(pair.recipe), seeds.index(seed.seed)] = seed.accuracy
    return found


def _resampling(strata: _Strata) -> Resampling | None:
    """The same draws for all figures, so that they differ in nothing but the figure."""
    values = [each for ways in strata.values() for each in ways.values()]
    return resample(np.any(np.isfinite(values), axis=0)) if values else None


def _measured(
    figures: Sequence[Figure], place: Place, recipes: Sequence[str], seeds: Sequence[int]
) -> dict[str, Floats]:
    """Digest -> a figure's values [R, S]."""
    found: dict[str, Floats] = {}
    for figure in figures:
        if figure.place == place:
            values = found.setdefault(figure.digest, np.full((len(recipes), len(seeds)), np.nan))
            columns = [seeds.index(seed) for seed in figure.seeds]
            values[recipes.index(figure.recipe), columns] = figure.values
    return found


def _predictor(
    place: Place,
    shown: bool,
    measured: Mapping[str, Floats],
    strata: _Strata,
    resampling: Resampling | None,
    level: float,
) -> Predictor:
    columns, means, counts = [], [], []
    for column, ways in strata.items():
        if column.digest not in measured or resampling is None:
            continue
        x = measured[column.digest]
        methods = max(_common(x, y) for y in ways.values())
        drawn = [found for y in ways.values() if (found := rank_correlation(x, y, resampling)) is not None]
        mean = average(drawn) if drawn else None
        columns.append(_correlation(column, mean, methods, len(drawn), level))
        counts.append(methods)
        means += [] if mean is None else [mean]
    pooled = _correlation(None, average(means) if means else None, max(counts, default=0), len(means), level)
    return Predictor(place, shown, pooled, tuple(columns))


def _common(x: Floats, y: Floats) -> int:
    return int(np.sum(np.any(np.isfinite(x) & np.isfinite(y), axis=1)))


def _correlation(
    column: Column | None, mean: Drawn | None, methods: int, averaged: int, level: float
) -> Correlation:
    rho = None if mean is None or methods < FEWEST else interval(mean, methods, level)
    said = answer(rho)
    return Correlation(
        column=column,
        rho=rho,
        methods=methods,
        adaptations=averaged,
        answer=said,
        more=more(rho.estimate, methods, level) if rho is not None and said == "undecided" else None,
    )


def _strength(found: Predictor) -> tuple[object, ...]:
    rho = found.pooled.rho
    strength = 0.0 if rho is None else -abs(round(rho.estimate, 9))
    return not found.shown, _ORDER[found.pooled.answer], strength, found.place
