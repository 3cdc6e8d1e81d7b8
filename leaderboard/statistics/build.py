"""From outcomes to a ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.ranking import Column, Outcomes, Ranking
from leaderboard.statistics.comparisons import Pairs, compare, in_order, published
from leaderboard.statistics.effects import Effects, analyse
from leaderboard.statistics.estimates import Estimates, estimate
from leaderboard.statistics.notes import write_notes
from leaderboard.statistics.overall import ORDERED_BY, stand_overall
from leaderboard.statistics.spread import moderate_board
from leaderboard.statistics.standings import stand
from leaderboard.statistics.table import Table, lay_out


@dataclass(frozen=True)
class Analysis:
    """Outcomes, analysed. ``estimates``, column by column, is what any pool of them is ranked from."""

    table: Table
    effects: tuple[Effects, ...]
    pairs: tuple[Pairs, ...]
    estimates: tuple[Estimates, ...]
    margin: float
    level: float
    draws: int
    seed: int


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
    return publish(
        examine(outcomes, pool=pool, columns=columns, margin=margin, level=level, draws=draws, seed=seed)
    )


def examine(
    outcomes: Outcomes,
    *,
    pool: Sequence[str] | None = None,
    columns: Sequence[Column] | None = None,
    margin: float = 0.01,
    level: float = 0.95,
    draws: int = 1_000,
    seed: int = 0,
) -> Analysis:
    """All of ``rank`` that is estimated from outcomes; its arguments and errors are those of ``rank``."""
    if not 0 <= margin < 1:
        raise ValueError(f"margin must be an accuracy in 0..1 (0.01 is one point), not {margin}")
    if not 0.5 < level < 1:
        raise ValueError(f"level must lie between 0.5 and 1 (0.95 for 95 %), not {level}")
    if draws < 100:
        raise ValueError(f"draws must be at least 100 for an interval, not {draws}")
    table = lay_out(outcomes, pool, columns)
    board = tuple(analyse(column, cells) for column, cells in zip(table.columns, table.cells, strict=True))
    posteriors = moderate_board(board) or (None,) * len(board)
    both = list(zip(board, posteriors, strict=True))
    pairs = tuple(
        compare(effects, posterior, in_order(effects.means), margin, level) for effects, posterior in both
    )
    estimates = tuple(
        estimate(effects, posterior, found, level, draws, seed)
        for (effects, posterior), found in zip(both, pairs, strict=True)
    )
    return Analysis(table, board, pairs, estimates, margin, level, draws, seed)


def publish(analysis: Analysis) -> Ranking:
    """The ranking of all that was analysed."""
    level, margin = analysis.level, analysis.margin
    overall = stand_overall(analysis.estimates, level, analysis.seed)
    return Ranking(
        columns=analysis.table.columns,
        overall=overall.standings,
        by_column={estimates.column: stand(estimates, level) for estimates in analysis.estimates},
        comparisons=tuple(
            pair
            for effects, pairs in zip(analysis.effects, analysis.pairs, strict=True)
            for pair in published(effects, pairs, margin, level)
        ),
        ordered_by=ORDERED_BY,
        margin=margin,
        notes=write_notes(analysis.table, analysis.effects, margin=margin, level=level, draws=analysis.draws),
        aggregates=overall.aggregates,
        profiles=overall.profiles,
        level=level,
    )
