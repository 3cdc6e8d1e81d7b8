"""From outcomes to a ranking."""

from __future__ import annotations

from collections.abc import Sequence

from leaderboard.ranking import Column, Outcomes, Ranking
from leaderboard.statistics.comparisons import published
from leaderboard.statistics.effects import analyse
from leaderboard.statistics.notes import write_notes
from leaderboard.statistics.overall import ORDERED_BY, stand_overall
from leaderboard.statistics.spread import moderate_board
from leaderboard.statistics.standings import stand
from leaderboard.statistics.table import lay_out


def rank(
    outcomes: Outcomes,
    *,
    pool: Sequence[str] | None = None,
    columns: Sequence[Column] | None = None,
    margin: float = 0.01,
    level: float = 0.95,
    draws: int = 1_000,
    seed: int = 0,
) -> Ranking:
    """Rank the methods of ``pool`` on ``columns`` (None: all), as if no others existed.

    ``margin``: accuracies nearer than this may be called equivalent. ``level``: of every interval and test.
    ``draws``: joint draws behind rank intervals, P(better than next) and overall intervals. The same outcomes
    and arguments give the same ranking, in whatever order methods and columns come; ``seed`` sets the draws.

    Raises ValueError for outcomes that are no accuracies, unknown or empty pools, and arguments out of range.
    """
    if not 0 <= margin < 1:
        raise ValueError(f"margin must be an accuracy in 0..1 (0.01 is one point), not {margin}")
    if not 0.5 < level < 1:
        raise ValueError(f"level must lie between 0.5 and 1 (0.95 for 95 %), not {level}")
    if draws < 100:
        raise ValueError(f"draws must be at least 100 for an interval, not {draws}")
    table = lay_out(outcomes, pool, columns)
    board = tuple(analyse(column, cells) for column, cells in zip(table.columns, table.cells, strict=True))
    posteriors = moderate_board(board) or (None,) * len(board)
    results = [
        stand(effects, posterior, margin, level, draws, seed)
        for effects, posterior in zip(board, posteriors, strict=True)
    ]
    overall = stand_overall(table, results, level, seed)
    return Ranking(
        columns=table.columns,
        overall=overall.standings,
        by_column={result.effects.column: result.standings for result in results},
        comparisons=tuple(
            pair for result in results for pair in published(result.effects, result.pairs, margin, level)
        ),
        ordered_by=ORDERED_BY,
        margin=margin,
        notes=write_notes(table, board, margin=margin, level=level, draws=draws),
        aggregates=overall.aggregates,
        profiles=overall.profiles,
        level=level,
    )
