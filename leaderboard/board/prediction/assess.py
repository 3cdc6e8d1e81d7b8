"""From the transfer track's cells and measurements to what its pages show beside the ranking."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from leaderboard.board.model import Entry
from leaderboard.board.pool import Pool
from leaderboard.board.prediction.correlate import predictors
from leaderboard.board.prediction.model import Adapted, Figure, Measurements, Pair, Place, Transfer
from leaderboard.board.prediction.pairs import pairs
from leaderboard.statistics.prediction import FEWEST


def assess(pool: Pool, entries: Sequence[Entry], level: float) -> Transfer:
    """Pairs, how each seed adapted, the measures of what was trained, and which of them predict accuracy.

    ``entries`` are the board's own.
    """
    told, recipes = pairs(pool)
    figures = _figures(entries, told, pool.measured)
    found = predictors(entries, told, figures, level)
    return Transfer(
        pairs=told,
        recipes=recipes,
        adapted=tuple(_adapted(pool)),
        figures=figures,
        predictors=found,
        silent=_silent(len(recipes), bool(figures), bool(found)),
    )


def _adapted(pool: Pool) -> Iterable[Adapted]:
    for (method, column), cells in pool.cells.items():
        for cell in cells:
            results = cell.record.results
            tuned = results.get("tuned_parameters")
            yield Adapted(method, column, cell.seed, dict(results.get("chosen") or {}), tuned)


def _figures(
    entries: Sequence[Entry], told: Sequence[Pair], measured: Sequence[Measurements]
) -> tuple[Figure, ...]:
    """Of each way of training, on each data, by place; a training that several methods adapt counts once."""
    values = {each.training: each.values for each in measured}
    recipes = {pair.method: pair.recipe for pair in told}
    found: dict[tuple[str, str, Place], dict[int, float]] = defaultdict(dict)
    for entry in entries:
        for seed in entry.seeds:
            for place, value in values.get(seed.train_key or "", {}).items():
                found[recipes[entry.method], entry.column.digest, place][seed.seed] = value
    return tuple(
        Figure(recipe, digest, place, tuple(sorted(by_seed)), tuple(by_seed[s] for s in sorted(by_seed)))
        for (recipe, digest, place), by_seed in sorted(found.items())
    )


def _silent(recipes: int, measured: bool, found: bool) -> str:
    """Why nothing is said of prediction; empty where something is."""
    if not measured:
        return (
            "No trained representation was measured, so nothing can be held against accuracy. A sweep "
            "measures what it trains; run it again, and only the measures are computed."
        )
    if recipes < FEWEST:
        return (
            f"What predicts transfer cannot be told from {recipes} way{'s' * (recipes != 1)} of training: it "
            f"takes {FEWEST} or more. Of four, one order in twelve is monotone by chance."
        )
    if not found:
        return "No figure was measured of enough ways of training that also have accuracies."
    return ""
