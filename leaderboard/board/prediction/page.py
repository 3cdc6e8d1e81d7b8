"""What the page "What predicts transfer?" is made of, and the measures on other pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from leaderboard.board.model import BenchmarkFacts, Board, ColumnFacts, Entry
from leaderboard.board.plots import Scale
from leaderboard.board.prediction import pictures, words
from leaderboard.board.prediction.correlate import first_places
from leaderboard.board.prediction.model import Correlation, Figure, Place, Predictor, Recipe, Transfer

PAGE, STYLE = "prediction.html", "prediction.css"

# More pictures tell no more than the first: tables and files have every figure.
MOST_DRAWN = 12
_MOST_OPEN = 3
_CORRELATIONS = Scale(-1.0, 1.0, (-1.0, -0.5, 0.0, 0.5, 1.0))


@dataclass(frozen=True)
class Drawn:
    """A predictor with a picture for each column."""

    found: Predictor
    title: str
    opened: bool
    panels: tuple[tuple[ColumnFacts, Correlation, pictures.Cloud], ...]


@dataclass(frozen=True)
class MeasureTable:
    """Figures on one benchmark: a row for each way of training, None where it was not measured."""

    facts: BenchmarkFacts
    places: tuple[Place, ...]
    rows: tuple[tuple[Recipe, tuple[Figure | None, ...]], ...]


def prediction_page(board: Board, transfer: Transfer) -> dict[str, Any]:
    """What its template is given beside what every page is."""
    shown = [found for found in transfer.predictors if found.shown]
    columns = [column for column in board.computed.ranking.columns if _correlated(transfer, column)]
    return {
        "transfer": transfer,
        "headline": words.headline(transfer),
        "words": words,
        "shown": shown,
        "behind": [found for found in transfer.predictors if not found.shown],
        "facts_of_columns": [board.facts(column) for column in columns],
        "scale": _CORRELATIONS,
        "drawn": [_drawn(board, transfer, found, n) for n, found in enumerate(shown[:MOST_DRAWN])],
        "undrawn": max(0, len(shown) - MOST_DRAWN),
        "ways": list(enumerate(_ways(transfer), 1)),
        "cloud_size": (pictures.WIDTH, pictures.HEIGHT),
    }


def measure_tables(board: Board, transfer: Transfer) -> list[MeasureTable]:
    """A table for each benchmark that has any figures: the places shown first."""
    first = first_places([figure.place for figure in transfer.figures])
    found = []
    for facts in board.computed.benchmarks:
        mine = {
            (figure.recipe, figure.place): figure
            for figure in transfer.figures
            if figure.digest == facts.digest and figure.place in first
        }
        places = tuple(words.ordered([place for _, place in mine]))
        rows = tuple(
            (recipe, tuple(mine.get((recipe.label, place)) for place in places))
            for recipe in transfer.recipes
            if any(label == recipe.label for label, _ in mine)
        )
        if rows:
            found.append(MeasureTable(facts, places, rows))
    return found


def measures_of(board: Board, transfer: Transfer, method: str) -> list[tuple[BenchmarkFacts, Figure]]:
    """Every figure of a method's representation, by benchmark and place."""
    label = next((pair.recipe for pair in transfer.pairs if pair.method == method), None)
    return [
        (facts, figure)
        for facts in board.computed.benchmarks
        for figure in sorted(transfer.figures, key=lambda each: (each.place.layer != "features", each.place))
        if figure.digest == facts.digest and figure.recipe == label
    ]


def _correlated(transfer: Transfer, column: object) -> bool:
    return any(each.column == column for found in transfer.predictors for each in found.columns)


def _ways(transfer: Transfer) -> list[str]:
    return sorted({pair.adaptation for pair in transfer.pairs})


def _drawn(board: Board, transfer: Transfer, found: Predictor, number: int) -> Drawn:
    means = {
        (figure.recipe, figure.digest): figure.mean
        for figure in transfer.figures
        if figure.place == found.place
    }
    ways = {way: number for number, way in enumerate(_ways(transfer), 1)}
    pairs = {pair.method: pair for pair in transfer.pairs}
    panels = []
    for correlation in found.columns:
        assert correlation.column is not None
        spots = [
            pictures.Spot(pair.words, ways[pair.adaptation], figure, _accuracy(entry))
            for entry in board.computed.entries
            if entry.column == correlation.column and entry.method in pairs
            for pair in [pairs[entry.method]]
            if (figure := means.get((pair.recipe, entry.column.digest))) is not None
        ]
        if spots:
            panels.append((board.facts(correlation.column), correlation, pictures.cloud(spots)))
    return Drawn(found, words.title(found.place, transfer), number < _MOST_OPEN, tuple(panels))


def _accuracy(entry: Entry) -> float:
    return sum(seed.accuracy for seed in entry.seeds) / len(entry.seeds)
