"""The page "Diversity": accessible, no wider than a phone, and the same without scripts."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Built, Open
from tests.browser.test_pages import COLOURS, PHONE, RULES, faults, wait_for_scripts

pytestmark = pytest.mark.browser

PAGE = "diversity.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(diverse: Built, visit: Open, scheme: str) -> None:
    page = visit(diverse.url(PAGE), color_scheme=scheme)
    wait_for_scripts(page)
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert faults(page, RULES if scheme == "light" else COLOURS) == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_is_no_wider_than_its_window(diverse: Built, visit: Open, width: int) -> None:
    page = visit(diverse.url(PAGE), viewport={"width": width, "height": 844})
    wait_for_scripts(page)
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_reader_comes_there_from_the_first_page_and_sees_the_same_without_scripts(
    diverse: Built, visit: Open
) -> None:
    page = visit(diverse.url(), viewport=PHONE, java_script_enabled=False)
    page.get_by_role("navigation").get_by_role("link", name="Diversity", exact=True).click()
    assert page.url == diverse.url(PAGE) and "falls with diversity" in page.locator("h1").inner_text()
    assert page.locator("figure.cross svg").first.is_visible()
    assert page.locator("#gaps tbody tr").count() == 16
    assert page.locator("button").filter(visible=True).count() == 0


def test_gaps_can_be_sorted(diverse: Built, visit: Open) -> None:
    page = visit(diverse.url(PAGE))
    page.locator("#gaps thead button", has_text="Gap").click()
    gaps = page.locator("#gaps tbody tr td:nth-child(4)").evaluate_all(
        "(cells) => cells.map((cell) => Number(cell.dataset.sort))"
    )
    assert gaps == sorted(gaps, reverse=True) and len(set(gaps)) > 4
