"""Sorting, searching and filtering, as a reader does them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from leaderboard.board import figures, pool_data, write_html
from leaderboard.board.pool_data import embedded
from leaderboard.ranking import Standing
from leaderboard.statistics import PoolRanking, rank_pool
from leaderboard.statistics.comparisons import corrected
from tests.browser.conftest import Built, Open

pytestmark = pytest.mark.browser

POOL = ["alpha", "gamma & <delta>", "epsilon", "control"]


def ranked(built: Built, methods: list[str], columns: list[str] | None = None) -> PoolRanking:
    """The pool as the statistics rank it, columns by their ids."""
    analysis = built.board.analysis
    assert analysis is not None
    chosen = [f.column for f in built.board.computed.columns if columns is None or f.id in columns]
    return rank_pool(embedded(analysis.estimates), methods, chosen, analysis.level, analysis.seed)


def table(page: Any, column: str = "overall") -> Any:
    return page.locator(f'table.standings[data-column="{column}"]')


def methods_in(found: Any) -> list[str]:
    rows = found.locator("tbody tr:not(.absent)").all()
    return [row.get_attribute("data-method") for row in rows if row.is_visible()]


def cells(found: Any, name: str) -> list[str]:
    return [
        " ".join(text.split()) for text in found.locator(f"tbody tr:not(.absent) td.{name}").all_inner_texts()
    ]


def shows(page: Any, standings: tuple[Standing, ...], column: str = "overall") -> None:
    """The table holds exactly these standings, in words and figures."""
    found = table(page, column)
    assert methods_in(found) == [standing.method for standing in standings]
    written = [figures.rank(standing.rank).replace("(", "").replace(")", "") for standing in standings]
    assert [text.replace("\n", " ") for text in cells(found, "rank")] == written
    assert cells(found, "next") == [figures.probability(s.p_better_than_next) for s in standings]
    assert [text.replace("·", "") for text in cells(found, "tied")] == [s.tie_groups for s in standings]
    if column == "overall":
        assert cells(found, "score") == [figures.score(standing.score) for standing in standings]


def sorted_by(page: Any, column: str, wanted: list[Any], read: Callable[[str], Any]) -> None:
    """The column comes to be in this order, soon after its heading said so."""
    for _ in range(1_000):
        found = [read(text) for text in cells(table(page), column)]
        if found == wanted:
            return
        page.wait_for_timeout(20)
    assert found == wanted


def is_filtered(page: Any) -> None:
    page.locator("#filter .pool:not(:empty)").wait_for()


def is_whole(page: Any) -> None:
    page.locator("#filter .pool:empty").wait_for(state="attached")


def choose(page: Any, keep: list[str]) -> None:
    page.locator("summary", has_text="Methods:").click()
    page.get_by_role("button", name="None", exact=True).first.click()
    for method in keep:
        page.locator(f"input[name=method][value={quote_css(method)}]").check()
    page.keyboard.press("Escape")
    is_filtered(page)


def score(text: str) -> float:
    return float(text.split()[0])


def quote_css(text: str) -> str:
    return f'"{text}"'


def test_a_heading_sorts_its_table_and_says_so(made: Built, visit: Open) -> None:
    page = visit(made.url())
    found = table(page)
    before = methods_in(found)
    scores = sorted(score(text) for text in cells(found, "score"))
    heading = found.locator("th", has_text="score")
    heading.get_by_role("button").click()
    page.locator("th[aria-sort=descending]").wait_for()
    sorted_by(page, "score", scores[::-1], score)
    heading.get_by_role("button").click()
    page.locator("th[aria-sort=ascending]").wait_for()
    sorted_by(page, "score", scores, score)
    found.locator("th", has_text="Method").get_by_role("button").click()
    page.locator("th.who[aria-sort=ascending]").wait_for()
    page.locator(f'tbody tr:first-child[data-method="{min(before)}"]').first.wait_for()
    assert methods_in(found) == sorted(before)
    assert page.locator("th[aria-sort]").count() == 1


def test_a_table_is_sorted_with_the_keyboard_alone(made: Built, visit: Open) -> None:
    page = visit(made.url())
    before = cells(table(page), "next")
    button = table(page).locator("th", has_text="P(> next)").get_by_role("button")
    button.focus()
    page.keyboard.press("Enter")
    page.locator("th[aria-sort=descending]").wait_for()
    shown = sorted((text for text in before if text != figures.MISSING), reverse=True)
    sorted_by(page, "next", [*shown, *[figures.MISSING] * (len(before) - len(shown))], str)
    assert button.evaluate("button => document.activeElement === button")


def test_a_search_narrows_the_rows_and_leaves_ranks_alone(made: Built, visit: Open) -> None:
    page = visit(made.url())
    ranks = dict(zip(methods_in(table(page)), cells(table(page), "rank"), strict=True))
    page.get_by_role("searchbox").fill("EPSI")
    assert methods_in(table(page)) == [m for m in ranks if m.startswith("epsilon")]
    assert page.locator(".found").inner_text() == "2 methods found"
    visible = table(page).locator("tbody tr:visible td.rank").all_inner_texts()
    assert [" ".join(text.split()) for text in visible] == [ranks["epsilon"], ranks["epsilon (twin)"]]
    page.get_by_role("searchbox").fill("no such method")
    assert methods_in(table(page)) == []
    page.get_by_role("searchbox").fill("")
    assert methods_in(table(page)) == list(ranks)


def test_a_filter_makes_a_pool_that_is_ranked_anew(made: Built, visit: Open) -> None:
    page = visit(made.url())
    whole = dict(zip(methods_in(table(page)), cells(table(page), "rank"), strict=True))
    choose(page, POOL)
    wanted = ranked(made, POOL)
    shows(page, wanted.overall)
    for column, standings in wanted.by_column.items():
        shows(page, standings, made.board.facts(column).id)
    now = dict(zip(methods_in(table(page)), cells(table(page), "rank"), strict=True))
    assert now["control"] == "4 4–4" and whole["control"] != now["control"]
    assert "in this pool" in page.locator("h1").inner_text()
    assert "4 of 8 methods on 4 of 4 columns" in page.locator("#filter .pool").inner_text()
    page.get_by_role("button", name="Whole board").click()
    is_whole(page)
    assert dict(zip(methods_in(table(page)), cells(table(page), "rank"), strict=True)) == whole
    assert "in this pool" not in page.locator("h1").inner_text() and "#" not in page.url


def test_columns_make_a_pool_too(made: Built, visit: Open) -> None:
    page = visit(made.url())
    page.locator("summary", has_text="Columns:").click()
    page.get_by_role("button", name="1-shot").click()
    is_filtered(page)
    chosen = [facts.id for facts in made.board.computed.columns if facts.column.shot == 1]
    everyone = [facts.label for facts in made.board.computed.methods]
    wanted = ranked(made, everyone, chosen)
    shows(page, wanted.overall)
    for facts in made.board.computed.columns:
        assert page.locator(f'[data-block="{facts.id}"]').first.is_visible() == (facts.id in chosen)
        assert table(page).locator(f'th[data-column="{facts.id}"]').is_visible() == (facts.id in chosen)


def test_methods_are_left_out_by_what_they_are(made: Built, visit: Open) -> None:
    page = visit(made.url())
    everyone = [facts.label for facts in made.board.computed.methods]
    page.get_by_label("Hide transductive").check()
    is_filtered(page)
    kept = [method for method in everyone if method != "gamma & <delta>"]
    shows(page, ranked(made, kept).overall)
    page.get_by_label("Hide partial").check()
    page.locator("#filter .pool", has_text="6 of 8").wait_for()
    shows(page, ranked(made, [method for method in kept if method != "half"]).overall)


def test_what_a_search_finds_can_become_the_pool(made: Built, visit: Open) -> None:
    page = visit(made.url())
    page.get_by_role("searchbox").fill("a")
    found = methods_in(table(page))
    page.locator("summary", has_text="Methods:").click()
    page.get_by_role("button", name="Those found").click()
    is_filtered(page)
    assert 1 < len(found) < 8 and sorted(methods_in(table(page))) == sorted(found)
    shows(page, ranked(made, found).overall)


def test_a_pool_can_be_linked_and_the_browser_goes_back_and_forward(made: Built, visit: Open) -> None:
    page = visit(made.url())
    choose(page, POOL)
    link = page.url
    assert all(f"method={quote_plus(method)}" in link for method in POOL)
    page.get_by_label("Hide transductive").check()
    page.locator("#filter .pool", has_text="3 of 8").wait_for()
    page.go_back()
    page.locator("#filter .pool", has_text="4 of 8").wait_for()
    shows(page, ranked(made, POOL).overall)
    page.go_forward()
    page.locator("#filter .pool", has_text="3 of 8").wait_for()
    assert page.get_by_label("Hide transductive").is_checked()

    linked = visit(link)
    is_filtered(linked)
    shows(linked, ranked(made, POOL).overall)
    assert linked.locator("input[name=method]:checked").count() == len(POOL)


def test_a_link_within_the_page_keeps_the_pool(made: Built, visit: Open) -> None:
    page = visit(f"{made.url()}#method=alpha&method=control")
    is_filtered(page)
    page.get_by_role("link", name="Cost", exact=True).first.click()
    assert page.url.endswith("#method=alpha&method=control")
    assert page.evaluate("document.activeElement.id") == "cost"
    assert page.evaluate("scrollY") > 0


def test_a_link_names_what_is_no_longer_on_the_board(made: Built, visit: Open) -> None:
    page = visit(f"{made.url()}#method=alpha&method=control&method={quote('<b>gone</b>')}")
    is_filtered(page)
    assert "Not on this board: <b>gone</b>." in page.locator("#filter .pool").inner_text()
    shows(page, ranked(made, ["alpha", "control"]).overall)


def test_an_empty_choice_is_said(made: Built, visit: Open) -> None:
    page = visit(f"{made.url()}#method=")
    is_filtered(page)
    assert "Nothing is left to rank" in page.locator("#filter .pool").inner_text()
    assert methods_in(table(page)) == []


def test_a_board_too_large_for_the_page_says_so_and_still_searches(
    made: Built, visit: Open, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_data, "MOST_BYTES", 1_000)
    page = visit(write_html(made.board, tmp_path / "board").as_uri())
    assert not (tmp_path / "board" / "assets" / "pool.js").exists()
    assert "too large to rank pools" in page.locator("#filter").inner_text()
    assert page.locator("input[name=method]").count() == 0
    page.get_by_role("searchbox").fill("alpha")
    assert methods_in(table(page)) == ["alpha"]


def test_verdicts_and_pairs_are_those_of_the_pool(made: Built, visit: Open) -> None:
    page = visit(f"{made.url()}#method=alpha&method=epsilon&method=control")
    is_filtered(page)
    matrix = page.locator("table.matrix").first
    rows = matrix.locator("tbody tr:visible")
    assert [row.get_attribute("data-method") for row in rows.all()] == ["alpha", "epsilon", "control"]
    assert matrix.locator(".place:visible").all_inner_texts() == ["1", "2", "3"]
    assert matrix.locator("thead th:visible").all_inner_texts() == ["1", "2", "3"]
    assert rows.first.locator("td:visible").count() == 3

    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    pairs = page.locator("table.pairs[data-column]").first
    column = next(f.column for f in made.board.computed.columns if f.id == pairs.get_attribute("data-column"))
    analysis = made.board.analysis
    assert analysis is not None
    whole = next(found for found in analysis.estimates if found.column == column)
    chosen = whole.among(["alpha", "epsilon", "control"])
    p = corrected(chosen.tail)
    shown = pairs.locator("tbody tr:visible").all()
    assert len(shown) == 3
    for row in shown:
        a, b = chosen.rows([row.get_attribute("data-a"), row.get_attribute("data-b")])
        assert row.locator(".holm").inner_text() == figures.p_value(float(p[a, b]))
    page.get_by_role("button", name="Whole board").click()
    is_whole(page)
    for row in pairs.locator("tbody tr").all():
        pair = made.board.computed.ranking.comparison(
            row.get_attribute("data-a"), row.get_attribute("data-b"), column
        )
        assert row.locator(".holm").inner_text() == figures.p_value(pair.p_holm)


def test_what_is_true_of_the_whole_board_alone_goes_with_it(made: Built, visit: Open) -> None:
    page = visit(made.url())
    parts = page.locator("[data-whole-board]")
    assert parts.count() > 2 and parts.filter(visible=True).count() > 0
    page.get_by_label("Hide transductive").check()
    is_filtered(page)
    assert parts.filter(visible=True).count() == 0
