"""Every kind of page: complete without scripts, accessible, no wider than a phone, its links lead on."""

from __future__ import annotations

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
def test_axe_finds_no_serious_fault_on_any_kind_of_page(built: Built, visit: Open, scheme: str) -> None:
    for name in built.page_of_each_kind():
        page = visit(built.url(name), color_scheme=scheme)
        wait_for_scripts(page)
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        # Nothing but colours differs between the two.
        assert faults(page, RULES if scheme == "light" else COLOURS) == [], name


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


def test_every_link_leads_to_a_file_and_a_place_in_it(built: Built, visit: Open) -> None:
    pages = set(built.folder.rglob("*.html"))
    assert len(pages) >= len(built.page_of_each_kind())
    page = visit(built.url(), java_script_enabled=True)
    targets: dict[Path, set[str]] = {}
    # Links in pictures have no plain ``href``.
    whole = "(link) => new URL(link.getAttribute('href'), document.baseURI).href"
    links = f"[...document.querySelectorAll('a[href]')].map({whole})"
    for start in sorted(pages):
        page.goto(start.as_uri())
        for link in page.evaluate(links):
            parts = urlsplit(link)
            assert parts.scheme == "file", f"{start} links to {link}"
            target = Path(unquote(parts.path))
            assert target.is_file(), f"{start} links to {link}"
            if parts.fragment and target.suffix == ".html" and "=" not in parts.fragment:
                targets.setdefault(target, set()).add(unquote(parts.fragment))
    for target, names in targets.items():
        page.goto(target.as_uri())
        ids = set(page.evaluate("[...document.querySelectorAll('[id]')].map((part) => part.id)"))
        assert names <= ids, target


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
