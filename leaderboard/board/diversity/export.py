"""Gaps and diversities as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from leaderboard.board.as_csv import written
from leaderboard.board.diversity.model import Contest, Diversity, Gap, Measurement, Ruler
from leaderboard.board.model import Board
from leaderboard.ranking import Interval

HEADER = (
    *("benchmark", "digest", "column", "way", "shot", "transfer", "maml", "backbone", "width"),
    *("gap", "gap_low", "gap_high", "d", "d_low", "d_high", "d_of_one_percent", "verdict"),
    *("more_episodes", "more_seeds", "best_accuracy", "chance"),
    *("ruler", "probe", "probe_digest", "estimator", "split", "tasks", "seed"),
    *("diversity", "diversity_low", "diversity_high", "pairs_low", "pairs_high"),
    *("floor", "floor_low", "floor_high", "standardized"),
    *("complexity", "complexity_low", "complexity_high", "domains", "classes_per_domain"),
)
_GAP, _MEASURED = 21, 19


def diversity_to_csv(board: Board, diversity: Diversity) -> str:
    """A row for each gap and ruler that measured its data; gaps without one, and data without a gap, have a
    row too, with the other part left empty. Accuracies and diversities in 0..1."""
    return written(HEADER, _rows(board, diversity))


def _rows(board: Board, diversity: Diversity) -> Iterator[tuple[object, ...]]:
    titles = {facts.digest: facts.title for facts in board.computed.benchmarks}
    met = set()
    for contest in diversity.contests:
        for gap in contest.gaps:
            met.add(gap.digest)
            mine = _gap(board, contest, gap, titles[gap.digest])
            measured = [m for m in diversity.measurements if m.digest == gap.digest]
            for measurement in measured:
                yield (*mine, *_measured(diversity.ruler(measurement.ruler), measurement))
            if not measured:
                yield (*mine, *[None] * _MEASURED)
    for measurement in diversity.measurements:
        if measurement.digest not in met:
            nothing = (titles[measurement.digest], measurement.digest, *[None] * (_GAP - 2))
            yield (*nothing, *_measured(diversity.ruler(measurement.ruler), measurement))


def _gap(board: Board, contest: Contest, gap: Gap, title: str) -> tuple[object, ...]:
    column, effect, pair = gap.column, gap.effect, gap.comparison
    return (
        *(title, gap.digest, board.facts(column).id, column.way, column.shot),
        *(contest.transfer.method, contest.maml.method, contest.transfer.backbone, contest.transfer.width),
        *_interval(pair.difference),
        *_interval(None if effect is None else effect.d),
        None if effect is None else effect.threshold,
        *(pair.verdict, pair.more_episodes, pair.more_seeds, gap.best, gap.chance),
    )


def _measured(ruler: Ruler, found: Measurement) -> tuple[object, ...]:
    return (
        *(ruler.label, ruler.probe, ruler.probe_digest, ruler.estimator, ruler.split),
        *(found.tasks, found.seed),
        *_interval(found.mean),
        *(found.pairs.low, found.pairs.high),
        *_interval(found.floor),
        found.standardized,
        *_interval(found.complexity),
        *(found.domains, found.classes_per_domain),
    )


def _interval(interval: Interval | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if interval is None else (interval.estimate, interval.low, interval.high)
