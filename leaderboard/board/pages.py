"""What each page is made of: the board, and what is drawn from it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from leaderboard.board import figures, plots, summary
from leaderboard.board.critical import critical
from leaderboard.board.defaults import given
from leaderboard.board.histogram import Histogram, histogram
from leaderboard.board.model import BenchmarkFacts, Board, ColumnFacts, Imported, MethodFacts, Outcomes
from leaderboard.board.prediction import words
from leaderboard.board.prediction.page import measure_tables, measures_of
from leaderboard.board.scatter import Point, Scatter, scatter
from leaderboard.board.site import Site
from leaderboard.board.verdicts import MOST_METHODS
from leaderboard.ranking import Column, Comparison, Standing

# One picture holds no more curves than a reader can follow.
MOST_CURVES = 40

# The first page lists pairs up to so many rows, all columns together; it would load slowly with more.
MOST_LISTED = 1_000


@dataclass(frozen=True)
class SeedPair:
    """Mean accuracies in 0..1 of two models whose trainings had the same seed; None where one has none."""

    seed: int
    a: float | None
    b: float | None

    @property
    def difference(self) -> float | None:
        """A minus B."""
        return None if self.a is None or self.b is None else self.a - self.b


@dataclass(frozen=True)
class PairColumn:
    """Two methods in a column. ``shared``: they adapt the same checkpoints."""

    facts: ColumnFacts
    pair: Comparison
    picture: Histogram
    seeds: tuple[SeedPair, ...]
    shared: bool


@dataclass(frozen=True)
class Place:
    """A method's standing, and its verdicts against the one above and the one below (None: there is none)."""

    facts: ColumnFacts | None
    standing: Standing
    among: int
    above: tuple[str, Comparison | None] | None
    below: tuple[str, Comparison | None] | None


def common(board: Board, site: Site, measured: bool, root: str) -> dict[str, Any]:
    """What every page is given. ``root`` leads from the page's folder to the board's."""
    ranking = board.computed.ranking
    clocks = [clock for cost in board.measured.costs for clock in (cost.train, cost.evaluate) if clock]
    return {
        "root": root,
        "board": board,
        "computed": board.computed,
        "ranking": ranking,
        "measured": measured,
        "site": site,
        "summary": summary,
        "level": f"{100 * ranking.level:g} %",
        "overall_name": figures.overall_name(ranking.ordered_by),
        "has_gpu": any(clock.gpu_seconds for clock in clocks),
    }


def index_page(board: Board, measured: bool) -> dict[str, Any]:
    """The first page: every column, and all of them together."""
    ranking = board.computed.ranking
    panels = {column: _panels(board, column) for column in ranking.columns}
    return {
        "lead": summary.lead(board),
        "leaders": summary.leaders(board),
        "aggregate_names": sorted({name for scores in ranking.aggregates.values() for name in scores}),
        "standing_of": {
            (standing.method, column): standing
            for column in ranking.columns
            for standing in ranking.by_column[column]
        },
        "selections": _selections(board),
        "hashes": {facts.label: facts.source_hash for facts in board.computed.methods},
        "most_curves": MOST_CURVES,
        "panels_of": panels,
        "every_pair": _listed_pairs(board) <= MOST_LISTED,
        "panel_size": (plots.PANEL_WIDTH, plots.PANEL_HEIGHT),
        "has_curves": any(panels.values()),
        "critical_of": _criticals(board, [None, *ranking.columns]),
        "scatters_of": {column: scatters(board, column, measured) for column in (None, *ranking.columns)},
        "measure_tables": [] if board.transfer is None else measure_tables(board, board.transfer),
        "words": words,
    }


def method_page(board: Board, facts: MethodFacts) -> dict[str, Any]:
    """A method: who it is, where it stands, and every cell."""
    ranking = board.computed.ranking
    groups = [(None, ranking.overall), *((column, ranking.by_column[column]) for column in ranking.columns)]
    if len(ranking.columns) < 2:
        groups = groups[1:]
    return {
        "facts": facts,
        "counted": summary.of_method(board, facts.label),
        "time": summary.of_time(board, facts.label),
        "given": given(facts),
        "places": [
            _place(board, column, standings, number)
            for column, standings in groups
            for number, standing in enumerate(standings)
            if standing.method == facts.label
        ],
        "absences": [absence for absence in board.computed.absences if absence.method == facts.label],
        "holes": [hole for hole in board.computed.holes if facts.label in hole.concerns],
        "source": board.sources.get(facts.label),
        "costs": {(cost.column, cost.seed): cost for cost in board.costs(facts.label)},
        "imports": _imports(board, facts.label),
        "measures": [] if board.transfer is None else measures_of(board, board.transfer, facts.label),
        "words": words,
    }


def benchmark_page(board: Board, facts: BenchmarkFacts, measured: bool) -> dict[str, Any]:
    """Data: whose they are, what they look like, and who is ahead on them."""
    return {
        "facts_of_data": facts,
        "has_sheet": facts.digest in board.sheets,
        "licences": _said(board, facts, "licence"),
        "attributions": _said(board, facts, "attribution"),
        "critical_of": _criticals(board, facts.columns),
        "scatters_of": {column: scatters(board, column, measured) for column in facts.columns},
    }


def pair_page(board: Board, a: str, b: str, cells: Outcomes) -> dict[str, Any]:
    """Two methods: the paired differences behind each verdict. ``cells``: as ``Board.outcomes``."""
    columns = [
        _pair_column(board, a, b, column, cells)
        for column in board.computed.ranking.columns
        if (a, column) in cells and (b, column) in cells
    ]
    verdicts = [column.pair.verdict for column in columns]
    return {"a": a, "b": b, "columns": columns, "counts": {v: verdicts.count(v) for v in verdicts}}


def scatters(board: Board, column: Column | None, measured: bool) -> list[Scatter]:
    """Accuracy against each cost that varies: seconds, training images, parameters."""
    ranking = board.computed.ranking
    standings = ranking.overall if column is None else ranking.by_column[column]
    ranked = [standing for standing in standings if not standing.partial]
    counted = {s.method: summary.of_method(board, s.method, column) for s in ranked}
    timed = {s.method: summary.of_time(board, s.method, column) for s in ranked} if measured else {}
    costs: list[tuple[str, Callable[[float], str], dict[str, float | None]]] = [
        ("Seconds: one training and one evaluation", _seconds, {m: t.wall for m, t in timed.items()}),
        ("Training images", plots.thousands, {m: c.images for m, c in counted.items()}),
        ("Parameters", plots.thousands, {m: c.parameters for m, c in counted.items()}),
    ]
    found = []
    for name, spell, cost_of in costs:
        points = [
            Point(standing.method, place, cost, plots.drawn_interval(standing))
            for place, standing in enumerate(ranked, 1)
            if (cost := cost_of.get(standing.method)) is not None
        ]
        picture = scatter(points, name, spell, percent=column is not None)
        if picture is not None:
            found.append(picture)
    return found


def _seconds(value: float) -> str:
    return f"{value:.3g} s" if value < 1_000 else f"{value:,.0f} s"


def _imports(board: Board, method: str) -> list[tuple[Imported, int]]:
    """The bundles that a method's cells were imported from, and how many each brought."""
    keys = {
        key
        for entry in board.entries(method)
        for seed in entry.seeds
        for key in (seed.train_key, seed.evaluate_key)
        if key is not None
    }
    origins = board.measured.origins
    counted = Counter(origins[key] for key in keys if key in origins)
    return sorted(counted.items(), key=lambda item: (item[0].file, item[0].bundle))


def _said(board: Board, facts: BenchmarkFacts, name: str) -> list[str]:
    said = {getattr(board.facts(column), name) for column in facts.columns}
    return sorted(filter(None, said))


def _criticals(board: Board, columns: Any) -> dict[Column | None, Any]:
    ranking = board.computed.ranking
    return {c: critical(ranking.overall if c is None else ranking.by_column[c]) for c in columns}


def _listed_pairs(board: Board) -> int:
    sizes = [min(len(standings), MOST_METHODS) for standings in board.computed.ranking.by_column.values()]
    return sum(size * (size - 1) // 2 for size in sizes)


def _panels(board: Board, column: Column) -> plots.Panels | None:
    order = [standing.method for standing in board.computed.ranking.by_column[column]][:MOST_CURVES]
    chosen = set(order)
    entries = [e for e in board.computed.entries if e.column == column and e.method in chosen]
    return plots.panels(entries, order)


def _selections(board: Board) -> dict[str, str]:
    """How each method's checkpoints were selected, less the figures that differ from seed to seed."""
    said = {
        facts.label: sorted(
            {
                re.split(r"[:(]", seed.selection)[0].strip()
                for entry in board.entries(facts.label)
                for seed in entry.seeds
                if seed.selection
            }
        )
        for facts in board.computed.methods
    }
    return {label: "; ".join(parts) or figures.MISSING for label, parts in said.items()}


def _place(board: Board, column: Column | None, standings: tuple[Standing, ...], number: int) -> Place:
    def against(other: int) -> tuple[str, Comparison | None] | None:
        if not 0 <= other < len(standings):
            return None
        mine, theirs = standings[number].method, standings[other].method
        if column is None:
            return theirs, None
        return theirs, board.computed.ranking.comparison(mine, theirs, column)

    facts = None if column is None else board.facts(column)
    among = sum(not other.partial for other in standings)
    return Place(facts, standings[number], among, against(number - 1), against(number + 1))


def _pair_column(board: Board, a: str, b: str, column: Column, cells: Outcomes) -> PairColumn:
    pair = board.computed.ranking.comparison(a, b, column)
    first, second = cells[a, column], cells[b, column]
    differences = first.mean(axis=0) - second.mean(axis=0)
    grain = 1 / (column.way * column.query * int(np.lcm(len(first), len(second))))
    trainings = [
        {seed.seed: seed.train_key for entry in board.entries(method, column) for seed in entry.seeds}
        for method in (a, b)
    ]
    means = [
        dict(zip(keys, values.mean(axis=1), strict=True))
        for keys, values in zip(trainings, (first, second), strict=True)
    ]
    return PairColumn(
        facts=board.facts(column),
        pair=pair,
        picture=histogram(differences, pair.difference, grain),
        seeds=tuple(
            SeedPair(seed, means[0].get(seed), means[1].get(seed)) for seed in sorted({*means[0], *means[1]})
        ),
        shared=trainings[0] == trainings[1] and None not in trainings[0].values(),
    )
