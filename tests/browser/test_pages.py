"""Every kind of page: complete without scripts, accessible, no wider than a phone, its links lead on."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.browser.conftest import Built, Open

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
    "preload": False,  # It would load style sheets a second time, which a page may not do from file://.
}


COLOURS = {**RULES, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


def faults(page: Any, rules: dict[str, Any] = RULES) -> list[str]:
    """What axe-core holds to be a serious or critical fault of the page, with the elements it names."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, options=rules).response["violations"]
    return [
        f"{fault['id']}: {node['html'][:150]} ({node['failureSummary']})"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def wait_for_scripts(page: Any) -> None:
    page.wait_for_function("document.readyState === 'complete'")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_on_any_kind_of_page(made: Built, visit: Open, scheme: str) -> None:
    for name in made.page_of_each_kind():
        page = visit(made.url(name), color_scheme=scheme)
        wait_for_scripts(page)
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        # Nothing but colours differs between the two.
        assert faults(page, RULES if scheme == "light" else COLOURS) == [], name


def test_axe_finds_no_serious_fault_on_a_real_board(standard: Built, visit: Open) -> None:
    page = visit(standard.url())
    wait_for_scripts(page)
    assert faults(page) == []


def test_axe_finds_no_serious_fault_in_a_pool_or_on_a_phone(made: Built, visit: Open) -> None:
    page = visit(f"{made.url()}#method=alpha&method=half&method=control", viewport=PHONE)
    page.locator("#filter .pool:not(:empty)").wait_for()
    page.locator("summary", has_text="Methods:").click()
    assert faults(page) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_page_is_wider_than_its_window(built: Built, visit: Open, width: int) -> None:
    for name in built.page_of_each_kind():
        page = visit(built.url(name), viewport={"width": width, "height": 844})
        wait_for_scripts(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert page.evaluate("scrollTo(99, 0), scrollX") == 0, name


def test_lists_of_the_filter_stay_within_a_phone(made: Built, visit: Open) -> None:
    page = visit(made.url(), viewport=PHONE)
    for choice in page.locator("details.choice").all():
        choice.locator("summary").click()
        box = choice.locator("fieldset").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
        page.keyboard.press("Escape")
        choice.locator("fieldset").wait_for(state="hidden")


def test_pages_say_the_same_without_scripts(built: Built, visit: Open) -> None:
    words = "[...document.querySelectorAll('h1, h2, h3, main tbody tr')].map((part) => part.textContent)"
    for name in built.page_of_each_kind():
        with_scripts, without = visit(built.url(name)), visit(built.url(name), java_script_enabled=False)
        wait_for_scripts(with_scripts)
        parts = without.locator("h1, h2, h3, main tbody tr").all_text_contents()
        assert with_scripts.evaluate(words) == parts and len(parts) > 5, name
        assert without.locator("#filter, button").filter(visible=True).count() == 0, name


class Links(HTMLParser):
    """Where a page's links lead, and the places in it that links may name."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.places: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.targets += [value or "" for name, value in attrs if tag == "a" and name == "href"]
        self.places |= {value or "" for name, value in attrs if name == "id"}


def test_every_link_leads_to_a_file_and_a_place_in_it(built: Built) -> None:
    pages = {page: Links(page) for page in built.folder.rglob("*.html")}
    assert len(pages) >= len(built.page_of_each_kind())
    for page, found in pages.items():
        for link in found.targets:
            parts = urlsplit(link)
            assert not parts.scheme and not parts.netloc, f"{page} links to {link}"
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.is_file(), f"{page} links to {link}"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].places, f"{page} links to {link}"


def test_a_reader_can_go_from_the_index_to_every_kind_of_page_and_back(made: Built, visit: Open) -> None:
    page = visit(made.url())
    page.locator("#overall tbody .who a", has_text="gamma & <delta>").click()
    assert "gamma & <delta>" in page.locator("h1").inner_text() and "/methods/" in page.url
    page.get_by_role("link", name="alpha", exact=True).first.click()
    assert "against" in page.locator("h1").inner_text() and "/pairs/" in page.url
    page.get_by_role("link", name="The whole board").click()
    page.locator("#columns caption a").first.click()
    assert "/benchmarks/" in page.url
    for _ in range(4):
        page.go_back()
    assert page.url == made.url()


def test_print_leaves_out_what_paper_cannot_do(standard: Built, visit: Open) -> None:
    page = visit(standard.url())
    page.emulate_media(media="print")
    assert page.locator("#filter, nav").filter(visible=True).count() == 0
    assert page.locator("#overall table.standings").is_visible()


def test_nothing_moves_for_those_who_ask_for_stillness(standard: Built, visit: Open) -> None:
    page = visit(standard.url(), reduced_motion="reduce")
    moves = "(part) => parseFloat(getComputedStyle(part).transitionDuration) > 0"
    assert page.evaluate(f"[...document.querySelectorAll('*')].some({moves})") is False
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
