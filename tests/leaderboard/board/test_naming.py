"""What benchmarks are called: nobody should have to read digests to tell unions apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard import BenchmarkIdentity
from leaderboard.board import build
from leaderboard.board.naming import own_name, titled
from tests.support import fabricate as support
from tests.support.fabricate import METHODS, PlantedColumn, fabricate, sha


def identity(name: str, **options: object) -> BenchmarkIdentity:
    return BenchmarkIdentity(name=name, options=options, digest=sha(name, sorted(options.items())))


@pytest.mark.parametrize(
    ("name", "options", "called"),
    [
        ("glyphs", {"size": 28}, "glyphs"),
        ("glyphs", {"size": 28, "scripts": ["Georgian"]}, "glyphs Georgian"),
        ("glyphs", {"scripts": ["Latin", "Greek"]}, "glyphs Latin + Greek"),
        ("glyphs", {"scripts": list("abcde")}, "glyphs of 5 scripts"),
        ("union", {"of": ["glyphs", "emoji", {"digits": {"rotated": True}}]}, "glyphs ∪ emoji ∪ digits"),
        (
            "union",
            {"of": [{"glyphs": {"scripts": ["Latin"]}}, {"glyphs": {"scripts": ["Thai"]}}]},
            "glyphs Latin ∪ glyphs Thai",
        ),
        ("union", {"of": ["glyphs", "glyphs", "glyphs", "emoji"]}, "3 × glyphs ∪ emoji"),
        (
            "union",
            {"of": [{"glyphs": {"scripts": [f"{n} of many letters"]}} for n in "abc"]},
            "3 × glyphs",
        ),
        ("union", {"of": "glyphs"}, "union glyphs"),
    ],
)
def test_options_that_are_words_belong_to_the_name(
    name: str, options: dict[str, object], called: str
) -> None:
    assert own_name(name, options) == called


def test_what_alike_ones_differ_in_stands_in_brackets_and_nothing_else() -> None:
    few, many = identity("gaussian", between=1.0, size=28), identity("gaussian", between=10.0, size=28)
    alone = identity("digits", rotated=True)
    found = titled({each.digest: each for each in (few, many, alone)})
    assert found[few.digest] == "gaussian (between=1.0)" and found[many.digest] == "gaussian (between=10.0)"
    assert found[alone.digest] == "digits"


def test_an_option_that_one_lacks_is_left_out_of_its_name() -> None:
    one, two = identity("glyphs", size=28), identity("glyphs", size=28, seed=3)
    found = titled({each.digest: each for each in (one, two)})
    assert found == {one.digest: "glyphs", two.digest: "glyphs (seed=3)"}


options = st.dictionaries(
    st.sampled_from(["size", "of", "scripts"]),
    st.one_of(st.integers(0, 2), st.lists(st.sampled_from("ab"), max_size=4), st.sampled_from("ab")),
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["union", "glyphs"]), options), max_size=6))
def test_no_two_data_share_a_title(found: list[tuple[str, dict[str, object]]]) -> None:
    data = {
        sha(number): BenchmarkIdentity(name=name, options=given, digest=sha(number))
        for number, (name, given) in enumerate(found)
    }
    titles = titled(data)
    assert titles.keys() == data.keys() and len(set(titles.values())) == len(titles)


def test_unions_are_told_apart_on_the_whole_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "one": {"of": ["glyphs", "emoji"], "size": 28},
        "two": {"of": [{"glyphs": {"scripts": ["Thai"]}}, "emoji"], "size": 28},
    }

    def data(column: PlantedColumn) -> BenchmarkIdentity:
        return BenchmarkIdentity(name="union", options=known[column.benchmark], digest=sha(column.benchmark))

    monkeypatch.setattr(support, "data", data)
    columns = [PlantedColumn("one"), PlantedColumn("two"), replace(PlantedColumn("two"), shot=5)]
    board = build(fabricate(tmp_path / "store", METHODS, columns, episodes=10))
    assert {facts.title for facts in board.computed.columns} == {
        "glyphs ∪ emoji 5-way 1-shot",
        "glyphs Thai ∪ emoji 5-way 1-shot",
        "glyphs Thai ∪ emoji 5-way 5-shot",
    }
    assert {facts.id.rpartition("-")[0] for facts in board.computed.benchmarks} == {
        "glyphs-emoji",
        "glyphs-thai-emoji",
    }
    assert all(facts.id.startswith("glyphs-") and facts.id.isascii() for facts in board.computed.columns)
    # Two data, so overall figures rest on two benchmarks and not on one called union.
    assert any("Only 2 benchmarks" in note for note in board.computed.notes)
