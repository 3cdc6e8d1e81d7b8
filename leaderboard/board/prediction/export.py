"""The transfer track's own part as CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator

from leaderboard.board.as_csv import written
from leaderboard.board.model import Board
from leaderboard.board.prediction.model import Correlation, Place, Transfer

_PLACE = ("figure", "reference", "problem", "split", "layer")
ADAPTED = ("method", "training", "adaptation", "column", "seed", "tuned_parameters", "chosen")
MEASURES = ("training", "benchmark", "digest", *_PLACE, "seed", "value")
PREDICTION = (*_PLACE, "column", "rho", "rho_low", "rho_high", "trainings", "averaged", "answer", "more")


def tables(board: Board, transfer: Transfer) -> dict[str, str]:
    """File name -> CSV: how each seed adapted, what was measured of each training, and what predicts."""
    return {
        "adapted.csv": written(ADAPTED, _adapted(board, transfer)),
        "measures.csv": written(MEASURES, _measures(board, transfer)),
        "prediction.csv": written(PREDICTION, _prediction(board, transfer)),
    }


def _adapted(board: Board, transfer: Transfer) -> Iterator[tuple[object, ...]]:
    pairs = {pair.method: pair for pair in transfer.pairs}
    for each in transfer.adapted:
        pair = pairs.get(each.method)
        who = (None, None) if pair is None else (pair.recipe, pair.adaptation)
        chosen = json.dumps(dict(each.chosen), sort_keys=True)
        yield (each.method, *who, board.facts(each.column).id, each.seed, each.tuned, chosen)


def _measures(board: Board, transfer: Transfer) -> Iterator[tuple[object, ...]]:
    titles = {facts.digest: facts.title for facts in board.computed.benchmarks}
    for figure in transfer.figures:
        for seed, value in zip(figure.seeds, figure.values, strict=True):
            where = (figure.recipe, titles[figure.digest], figure.digest, *_place(figure.place))
            yield (*where, seed, value)


def _prediction(board: Board, transfer: Transfer) -> Iterator[tuple[object, ...]]:
    for found in transfer.predictors:
        for correlation in (found.pooled, *found.columns):
            yield (*_place(found.place), *_correlation(board, correlation))


def _place(place: Place) -> tuple[str, ...]:
    return place.figure, place.reference, place.problem, place.split, place.layer


def _correlation(board: Board, found: Correlation) -> tuple[object, ...]:
    column = "pooled" if found.column is None else board.facts(found.column).id
    rho = (None,) * 3 if found.rho is None else (found.rho.estimate, found.rho.low, found.rho.high)
    return (column, *rho, found.methods, found.adaptations, found.answer, found.more)
