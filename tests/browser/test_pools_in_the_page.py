"""The page's own ranking of a pool against the statistics', from the same draws."""

from __future__ import annotations

import random
from typing import Any

import pytest
from scipy import special

from leaderboard.board.pool_data import embedded
from leaderboard.ranking import Interval, Standing
from leaderboard.statistics import rank_pool
from tests.browser.conftest import Built, Open

pytestmark = pytest.mark.browser

LOAD = """() => new Promise((resolve) => {
  window.leaguePool = (data) => { window.data = window.leagueRanking.unpack(data); resolve(); };
  const script = document.createElement("script");
  script.src = "assets/pool.js";
  document.head.append(script);
})"""
RANK = """([methods, columns]) => {
  const found = window.leagueRanking.rankPool(window.data, new Set(methods), new Set(columns));
  return { overall: found.overall, byColumn: Object.fromEntries(found.byColumn) };
}"""


def pools(built: Built, count: int) -> list[tuple[list[str], list[Any]]]:
    """All and single methods and columns, and random choices of them."""
    methods = [facts.label for facts in built.board.computed.methods]
    columns = list(built.board.computed.ranking.columns)
    chosen = [(methods, columns), (methods, columns[:1]), (methods[:1], columns), (methods[:2], columns[-1:])]
    draw = random.Random(3)
    for _ in range(count):
        some = draw.sample(methods, draw.randint(2, len(methods)))
        chosen.append((some, draw.sample(columns, draw.randint(1, len(columns)))))
    return chosen


def same_interval(found: dict[str, Any], wanted: Interval) -> None:
    for name in ("estimate", "low", "high"):
        figure = getattr(wanted, name)
        assert found[name] == (None if figure is None else pytest.approx(figure, abs=1e-9)), name


def same(found: list[dict[str, Any]], wanted: tuple[Standing, ...]) -> None:
    assert [standing["method"] for standing in found] == [standing.method for standing in wanted]
    for mine, theirs in zip(found, wanted, strict=True):
        same_interval(mine["rank"], theirs.rank)
        assert mine["ties"] == theirs.tie_groups
        assert mine["missing"] == len(theirs.partial)
        p = theirs.p_better_than_next
        assert mine["next"] == (None if p is None else pytest.approx(p, abs=1e-9))
        if theirs.column is None:
            same_interval(mine["score"], theirs.score)


def test_a_pool_is_ranked_as_the_statistics_rank_it(built: Built, visit: Open) -> None:
    page = visit(built.url())
    page.evaluate(LOAD)
    analysis = built.board.analysis
    assert analysis is not None
    estimates = embedded(analysis.estimates)
    ids = {facts.column: facts.id for facts in built.board.computed.columns}
    for methods, columns in pools(built, 25):
        wanted = rank_pool(estimates, methods, columns, analysis.level, analysis.seed)
        found = page.evaluate(RANK, [methods, [ids[column] for column in columns]])
        same(found["overall"], wanted.overall)
        assert set(found["byColumn"]) == {ids[column] for column in wanted.by_column}
        for column, standings in wanted.by_column.items():
            same(found["byColumn"][ids[column]], standings)


def test_the_tail_of_the_t_distribution_is_that_of_scipy(standard: Built, visit: Open) -> None:
    page = visit(standard.url())
    grid = [(t, d) for t in (0, 1e-8, 0.3, 1, 2.5, 12.7, 60, 1e6) for d in (0.5, 1, 2, 3.7, 9, 40, 1e3, 1e6)]
    found = page.evaluate("grid => grid.map(([t, d]) => window.leagueStudent.tail(t, d))", grid)
    for (t, degrees), tail in zip(grid, found, strict=True):
        assert tail == pytest.approx(special.stdtr(degrees, -t), rel=1e-8, abs=1e-300)


def test_tie_letters_go_on_after_the_alphabet(standard: Built, visit: Open) -> None:
    page = visit(standard.url())
    apart = [[a != b for b in range(60)] for a in range(60)]
    letters = page.evaluate("apart => window.leagueTies.tieGroups(apart)", apart)
    assert letters[:3] == ["a", "b", "c"] and letters[51:54] == ["Z", "ß", "à"]
