"""Accuracies by initialisation and adaptation, and by width."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from leaderboard.board.diversity.arms import (
    INITIALISATIONS,
    adaptation_order,
    is_maml,
    is_transfer,
)
from leaderboard.board.diversity.model import Arm, Contest, Grid, GridCell, SizeLine, SizeSeries
from leaderboard.board.model import Board
from leaderboard.ranking import Column, Interval
from leaderboard.statistics import Analysis
from leaderboard.statistics.comparisons import DECIMALS

Scores = Mapping[tuple[str, Column], Interval]
Places = Mapping[tuple[str, str], tuple[str, ...]]


def scores(board: Board) -> dict[tuple[str, Column], Interval]:
    """Accuracy of each method in each column; with one seed, that of its one model."""
    return {
        (standing.method, column): standing.checkpoint or standing.score
        for column, standings in board.computed.ranking.by_column.items()
        for standing in standings
    }


def grids(board: Board, arms: Sequence[Arm], known: Scores) -> tuple[Grid, ...]:
    """For each backbone and width: the grid of each column, and before them that averaged over columns of one
    way and shot. None where fewer than two initialisations or two adaptations met."""
    found: list[Grid] = []
    for backbone, width in sorted({(arm.backbone, arm.width) for arm in arms}):
        mine = [arm for arm in arms if (arm.backbone, arm.width) == (backbone, width)]
        single = [grid for c in board.computed.ranking.columns if (grid := _grid(mine, c, known)) is not None]
        for way, shot in sorted({(g.over[0].way, g.over[0].shot) for g in single}):
            alike = [g for g in single if (g.over[0].way, g.over[0].shot) == (way, shot)]
            if len(alike) > 1 and board.analysis is not None:
                found.append(_average(alike, board.analysis))
            found += alike
    return tuple(found)


def _grid(arms: Sequence[Arm], column: Column, known: Scores) -> Grid | None:
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for arm in arms:
        if (arm.method, column) in known:
            places[arm.initialisation, arm.adaptation].append(arm.method)
    rows = tuple(name for name in INITIALISATIONS if any(name == row for row, _ in places))
    heads = tuple(sorted({adaptation for _, adaptation in places}, key=adaptation_order))
    if len(rows) < 2 or len(heads) < 2:
        return None

    def cell(row: str, head: str) -> GridCell | None:
        methods = places.get((row, head))
        return GridCell(methods[0], known[methods[0], column], tuple(methods[1:])) if methods else None

    return Grid(
        backbone=arms[0].backbone,
        width=arms[0].width,
        column=column,
        over=(column,),
        initialisations=rows,
        adaptations=heads,
        cells=tuple(tuple(cell(row, head) for head in heads) for row in rows),
    )


def _average(single: Sequence[Grid], analysis: Analysis) -> Grid:
    """The mean over the columns that have all places that any has; its interval speaks of these columns."""
    rows = tuple(name for name in INITIALISATIONS if any(name in grid.initialisations for grid in single))
    heads = tuple(sorted({head for grid in single for head in grid.adaptations}, key=adaptation_order))
    placed = [{(r, h): c for r, h, c in _entries(grid)} for grid in single]
    wanted = set().union(*placed)
    whole = [grid for grid, places in zip(single, placed, strict=True) if places.keys() == wanted]
    columns = tuple(grid.over[0] for grid in whole)

    def cell(row: str, head: str) -> GridCell | None:
        found = [c for grid in whole for r, h, c in _entries(grid) if (r, h) == (row, head)]
        if not found:
            return None
        methods = dict.fromkeys(c.method for c in found)
        others = dict.fromkeys(other for c in found for other in c.others)
        where = [(c.method, column) for c, column in zip(found, columns, strict=True)]
        return GridCell(next(iter(methods)), _mean(where, analysis), (*list(methods)[1:], *others))

    return Grid(
        backbone=single[0].backbone,
        width=single[0].width,
        column=None,
        over=columns,
        initialisations=rows,
        adaptations=heads,
        cells=tuple(tuple(cell(row, head) for head in heads) for row in rows),
    )


def _entries(grid: Grid) -> list[tuple[str, str, GridCell]]:
    return [
        (row, head, cell)
        for row, cells in zip(grid.initialisations, grid.cells, strict=True)
        for head, cell in zip(grid.adaptations, cells, strict=True)
        if cell is not None
    ]


def _mean(where: Sequence[tuple[str, Column]], analysis: Analysis) -> Interval:
    """The mean of methods' accuracies over columns: its interval from the joint draws of the ranking."""
    by_column = {estimates.column: estimates for estimates in analysis.estimates}
    rows = [(by_column[c], by_column[c].methods.index(method)) for method, c in where]
    mean = round(float(np.mean([e.means[row] for e, row in rows])), DECIMALS)
    if not all(e.testable[row] for e, row in rows):
        return Interval(mean, None, None)
    drawn = np.mean([e.draws[row] for e, row in rows], axis=0)
    low, high = np.quantile(drawn, [(1 - analysis.level) / 2, (1 + analysis.level) / 2])
    return Interval(mean, round(float(low), DECIMALS), round(float(high), DECIMALS))


def sizes(
    board: Board, arms: Sequence[Arm], contests: Sequence[Contest], known: Scores
) -> tuple[SizeSeries, ...]:
    """The comparison's arms by width, in each column where one of them has several."""
    compared = [arm for arm in arms if is_transfer(arm) or is_maml(arm)]
    found = []
    for backbone in sorted({arm.backbone for arm in compared}):
        for column in board.computed.ranking.columns:
            lines = _lines([arm for arm in compared if arm.backbone == backbone], column, known)
            widths = sorted({width for each in lines for width, _, _ in each.points})
            if max((len(each.points) for each in lines), default=0) > 1:
                met = [
                    contest.id
                    for contest in contests
                    if contest.transfer.backbone == backbone
                    and any(gap.column == column for gap in contest.gaps)
                ]
                found.append(SizeSeries(backbone, column, tuple(widths), lines, tuple(met)))
    return tuple(found)


def _lines(arms: Sequence[Arm], column: Column, known: Scores) -> tuple[SizeLine, ...]:
    """Arms come the plainest first, and that one stands for its width."""
    points: dict[tuple[str, str], dict[int, tuple[int, str, Interval]]] = defaultdict(dict)
    for arm in arms:
        if (arm.method, column) in known:
            place = points[arm.initialisation, arm.adaptation]
            place.setdefault(arm.width, (arm.width, arm.method, known[arm.method, column]))
    return tuple(
        SizeLine(initialisation, adaptation, tuple(by_width[width] for width in sorted(by_width)))
        for (initialisation, adaptation), by_width in sorted(
            points.items(),
            key=lambda item: (-INITIALISATIONS.index(item[0][0]), adaptation_order(item[0][1])),
        )
    )
