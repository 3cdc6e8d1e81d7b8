"""Transfer against MAML: the gap in every column, and whether it changes with diversity over benchmarks."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import numpy as np
from scipy import special

from leaderboard.board.diversity.arms import is_maml, is_transfer, unlike
from leaderboard.board.diversity.model import Arm, Contest, Gap, Measurement, Panel, Ruler
from leaderboard.board.model import Board, MethodFacts
from leaderboard.ranking import Interval
from leaderboard.statistics.effect_size import effect_size
from leaderboard.statistics.table import Floats
from leaderboard.statistics.trend import FEWEST, line, rank_correlation

Measured = Mapping[tuple[str, str], Measurement]


def contests(board: Board, arms: Sequence[Arm]) -> tuple[Contest, ...]:
    """Each MAML arm against the transfer arm of its backbone and width that is most like it in the rest.

    ``arms`` come the plainest first: of several alike, such as transfer with other heads, that one is taken.
    """
    facts = {each.label: each for each in board.computed.methods}
    pairs = []
    for maml in _distinct(filter(is_maml, arms), facts):
        rivals = [
            arm
            for arm in arms
            if is_transfer(arm) and (arm.backbone, arm.width) == (maml.backbone, maml.width)
        ]
        if rivals:
            nearest = min(rivals, key=lambda arm: len(unlike(facts[arm.method], facts[maml.method])))
            pairs.append((nearest, maml))
    found = [
        (transfer, maml, gaps)
        for transfer, maml in pairs
        if (gaps := _gaps(board, transfer.method, maml.method))
    ]
    return tuple(
        Contest(
            id=f"contest-{number}",
            transfer=transfer,
            maml=maml,
            gaps=gaps,
            unlike=unlike(facts[transfer.method], facts[maml.method]),
        )
        for number, (transfer, maml, gaps) in enumerate(found, 1)
    )


def _distinct(arms: Iterable[Arm], facts: Mapping[str, MethodFacts]) -> list[Arm]:
    """The first of those that are told apart by nothing of an arm, body and budget."""
    found: dict[tuple[object, ...], Arm] = {}
    for arm in arms:
        mine = facts[arm.method]
        body = arm.initialisation, arm.adaptation, arm.backbone, arm.width, mine.arguments.get("batch_norm")
        found.setdefault((*body, json.dumps(dict(mine.budget), sort_keys=True)), arm)
    return list(found.values())


def _gaps(board: Board, transfer: str, maml: str) -> tuple[Gap, ...]:
    gaps = []
    for column in board.computed.ranking.columns:
        a, b = board.outcomes.get((transfer, column)), board.outcomes.get((maml, column))
        if a is None or b is None:
            continue
        comparison = board.computed.ranking.comparison(transfer, maml, column)
        gaps.append(
            Gap(
                column=column,
                digest=column.digest,
                comparison=comparison,
                effect=effect_size(comparison.difference, a, b),
                best=max(float(a.mean()), float(b.mean())),
                chance=board.facts(column).chance,
            )
        )
    return tuple(gaps)


def panels(
    contests: Sequence[Contest], rulers: Sequence[Ruler], measured: Measured, level: float
) -> tuple[Panel, ...]:
    """A panel for each contest, ruler, and way and shot of the columns, where any column has both figures."""
    found = []
    for contest, ruler in product(contests, rulers):
        shapes = sorted({(gap.column.way, gap.column.shot) for gap in contest.gaps})
        for way, shot in shapes:
            gaps = [
                gap
                for gap in contest.gaps
                if (gap.column.way, gap.column.shot) == (way, shot) and (gap.digest, ruler.id) in measured
            ]
            if gaps:
                found.append(_panel(contest.id, ruler.id, (way, shot), gaps, measured, level))
    return tuple(found)


def _panel(
    contest: str,
    ruler: str,
    shape: tuple[int, int],
    gaps: Sequence[Gap],
    measured: Measured,
    level: float,
) -> Panel:
    both = [(gap, measured[gap.digest, ruler]) for gap in gaps]
    # One seed gives a gap no error, and two columns on the same data are no two benchmarks.
    usable = {gap.digest: (gap, m) for gap, m in both if gap.comparison.difference.low is not None}
    x, x_error, y, y_error = _points(list(usable.values()), level)
    fit = line(x, x_error, y, y_error, level)
    return Panel(
        contest=contest,
        ruler=ruler,
        way=shape[0],
        shot=shape[1],
        measured=tuple(gap.column for gap, _ in both),
        line=fit,
        order=rank_correlation(x, y, level),
        silent="" if fit is not None else _silent(len(usable), len({gap.digest for gap, _ in both})),
        mean_effect=_mean([gap.effect.d.estimate for gap in gaps if gap.effect is not None], level),
    )


def _points(usable: Sequence[tuple[Gap, Measurement]], level: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Diversities and gaps [B] with their standard errors: those of a normal distribution with the same
    interval."""
    normal = float(special.ndtri((1 + level) / 2))

    def errors(intervals: Sequence[Interval]) -> Floats:
        widths = [(each.high or 0.0) - (each.low or 0.0) for each in intervals]
        return np.array(widths, dtype=np.float64) / (2 * normal)

    diversities = [measurement.mean for _, measurement in usable]
    gaps = [gap.comparison.difference for gap, _ in usable]
    return (
        np.array([each.estimate for each in diversities], dtype=np.float64),
        errors(diversities),
        np.array([each.estimate for each in gaps], dtype=np.float64),
        errors(gaps),
    )


def _silent(usable: int, benchmarks: int) -> str:
    """Why no line is drawn."""
    if usable >= FEWEST:
        return (
            "No slope: half of the spread of these diversities or more is error of measurement. More tasks, "
            "or benchmarks further apart, would tell them apart."
        )
    if benchmarks > usable:
        return (
            f"No slope: only {usable} of {benchmarks} benchmarks have a gap with an interval, and it takes "
            f"{FEWEST}. A gap has one from two training seeds on."
        )
    return f"No slope: {benchmarks} benchmark{'s' * (benchmarks != 1)}, and it takes {FEWEST}."


def _mean(effects: Sequence[float], level: float) -> Interval | None:
    if not effects:
        return None
    mean = float(np.mean(effects))
    if len(effects) < 2:
        return Interval(mean, None, None)
    error = float(np.std(effects, ddof=1)) / math.sqrt(len(effects))
    reach = float(special.stdtrit(len(effects) - 1, (1 + level) / 2)) * error
    return Interval(mean, mean - reach, mean + reach)
