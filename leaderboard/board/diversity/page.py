"""What the page "Diversity" is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from leaderboard.board import plots
from leaderboard.board.diversity import pictures, sentences
from leaderboard.board.diversity.model import Contest, Diversity, Gap, Grid, Measurement, Panel, Ruler
from leaderboard.board.model import BenchmarkFacts, Board
from leaderboard.ranking import Interval

PAGE = "diversity.html"

# More pictures of one kind tell no more than the first: the table has them all.
MOST_PANELS = 12
_SHADES = 8


@dataclass(frozen=True)
class Drawn:
    """A panel with its picture."""

    panel: Panel
    contest: Contest
    ruler: Ruler
    picture: pictures.Crosses
    said: list[str]


@dataclass(frozen=True)
class Row:
    """A gap with the number and title of its benchmark."""

    number: int
    facts: BenchmarkFacts
    contest: Contest
    gap: Gap
    rule: str


@dataclass(frozen=True)
class Table:
    """Diversities by one ruler: (number, data, what was measured), the least diverse first."""

    ruler: Ruler
    rows: tuple[tuple[int, BenchmarkFacts, Measurement], ...]


def diversity_page(board: Board, diversity: Diversity) -> dict[str, Any]:
    """What its template is given beside what every page is."""
    data = {facts.digest: facts for facts in board.computed.benchmarks}
    number = {digest: place for place, digest in enumerate(diversity.order, 1)}
    return {
        "diversity": diversity,
        "headline": sentences.headline(diversity),
        "said": sentences,
        "drawn": [_drawn(diversity, panel, data, number) for panel in diversity.panels[:MOST_PANELS]],
        "left_out": max(0, len(diversity.panels) - MOST_PANELS),
        "rows": [
            Row(number[gap.digest], data[gap.digest], contest, gap, sentences.rule(gap))
            for contest in diversity.contests
            for gap in sorted(contest.gaps, key=lambda gap: (number[gap.digest], gap.column))
        ],
        "tables": [_table(diversity, ruler, data, number) for ruler in diversity.rulers],
        "confounds": sentences.confounds(board, diversity),
        "numbered": [(number[digest], data[digest]) for digest in diversity.order],
        "shade": _shade,
        "traces": [(series, pictures.traces(series)) for series in diversity.sizes],
        "cross_size": (pictures.WIDTH, pictures.HEIGHT),
        "spelled": _spelled,
        "thousands": plots.thousands,
    }


def _drawn(
    diversity: Diversity, panel: Panel, data: dict[str, BenchmarkFacts], number: dict[str, int]
) -> Drawn:
    contest = diversity.contest(panel.contest)
    spots = []
    for gap in contest.gaps:
        measurement = diversity.measurement(gap.digest, panel.ruler)
        if measurement is not None and gap.column in panel.measured:
            spots.append(
                pictures.Spot(
                    number[gap.digest],
                    data[gap.digest].title,
                    measurement.mean,
                    gap.comparison.difference,
                    gap.comparison.verdict,
                )
            )
    picture = pictures.crosses(spots, panel.line)
    return Drawn(panel, contest, diversity.ruler(panel.ruler), picture, sentences.trend(panel))


def _table(
    diversity: Diversity, ruler: Ruler, data: dict[str, BenchmarkFacts], number: dict[str, int]
) -> Table:
    mine = [m for m in diversity.measurements if m.ruler == ruler.id]
    mine.sort(key=lambda m: (m.mean.estimate, m.digest))
    return Table(ruler, tuple((number[m.digest], data[m.digest], m) for m in mine))


def _shade(grid: Grid, accuracy: Interval) -> int:
    """0 for the grid's lowest accuracy, ``_SHADES`` for its highest."""
    found = [cell.accuracy.estimate for row in grid.cells for cell in row if cell is not None]
    low, high = min(found), max(found)
    return round(_SHADES * (accuracy.estimate - low) / (high - low)) if high > low else _SHADES // 2


def _spelled(interval: Interval | None) -> str:
    """A diversity: ``0.117 [0.110, 0.124]``."""
    if interval is None:
        return "–"
    if interval.low is None or interval.high is None:
        return f"{interval.estimate:.3f}"
    return f"{interval.estimate:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
