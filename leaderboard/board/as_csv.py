"""The board as CSV: one table of standings, and what was measured in a table of its own."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence

from leaderboard.board import summary
from leaderboard.board.columns import FEW_SHOT
from leaderboard.board.model import Board, Clock
from leaderboard.ranking import Interval, Standing

STANDINGS_HEADER = (
    *("scope", "benchmark", "track", "way", "shot", "query", "episode_seed", "digest", "method"),
    *("rank", "rank_low", "rank_high", "score_name", "score", "score_low", "score_high", "tie_groups"),
    *(
        "p_better_than_next",
        "checkpoint_low",
        "checkpoint_high",
        "seeds",
        "episodes",
        "transductive",
        "parameters",
        "training_images",
    ),
    *("backward_passes", "missing_columns"),
)
MEASURED_HEADER = (
    *("method", "column", "seed"),
    *("train_wall_seconds", "train_cpu_seconds", "train_gpu_seconds", "train_peak_memory_mib"),
    *("evaluate_wall_seconds", "evaluate_cpu_seconds", "evaluate_gpu_seconds", "evaluate_peak_memory_mib"),
)


def to_csv(board: Board) -> str:
    """Standings, one row each: overall first, then column by column, best first. Scores and ranks as numbers.

    Boards of other tracks follow, one after the other. ``scope`` is ``overall`` or the column's id; ``score``
    is an accuracy in 0..1 in a column, and overall what ``score_name`` says. With one seed
    ``checkpoint_low`` and ``checkpoint_high`` bound its one model.
    """
    rows = (
        _standing(of_track, standing)
        for of_track in (board, *board.tracks)
        for ranking in [of_track.computed.ranking]
        for standing in (
            *ranking.overall,
            *(row for column in ranking.columns for row in ranking.by_column[column]),
        )
    )
    return written(STANDINGS_HEADER, rows)


def measured_to_csv(board: Board) -> str:
    """Seconds and memory of each method, column and seed; empty where nothing was trained."""
    rows = (
        (cost.method, of_track.facts(cost.column).id, cost.seed, *_clock(cost.train), *_clock(cost.evaluate))
        for of_track in (board, *board.tracks)
        for cost in of_track.measured.costs
    )
    return written(MEASURED_HEADER, rows)


def _standing(board: Board, standing: Standing) -> Sequence[object]:
    column = standing.column
    score_name = board.computed.ranking.ordered_by if column is None else "accuracy"
    # Few-shot was the only track once, and readers know its overall rows by having none.
    track = None if board.track == FEW_SHOT else board.track
    where: Sequence[object] = ("overall", None, track, *[None] * 5)
    if column is not None:
        where = (
            *(board.facts(column).id, column.benchmark, column.track, column.way, column.shot, column.query),
            *(column.episode_seed, column.digest),
        )
    facts = summary.of_method(board, standing.method, column)
    return (
        *where,
        standing.method,
        *_interval(standing.rank),
        score_name,
        *_interval(standing.score),
        standing.tie_groups,
        standing.p_better_than_next,
        None if standing.checkpoint is None else standing.checkpoint.low,
        None if standing.checkpoint is None else standing.checkpoint.high,
        standing.seeds,
        standing.episodes,
        "yes" if facts.transductive else "no",
        facts.parameters,
        facts.images,
        facts.backward_passes,
        " ".join(board.facts(missing).id for missing in standing.partial),
    )


def _interval(interval: Interval) -> tuple[float | None, float | None, float | None]:
    return interval.estimate, interval.low, interval.high


def _clock(clock: Clock | None) -> tuple[float | None, ...]:
    if clock is None:
        return (None,) * 4
    return clock.wall_seconds, clock.cpu_seconds, clock.gpu_seconds, clock.peak_memory_mib


def written(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as text; what is None or not finite is left empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.8g}" if math.isfinite(value) else ""
    return "" if value is None else value
