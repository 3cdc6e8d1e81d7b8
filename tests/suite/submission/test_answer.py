"""The answer to a submission, from a board of planted results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leaderboard import Store
from leaderboard.board import Board, build
from suite.submission import spelled
from suite.submission.answer import Answer, answers
from tests.support.fabricate import Planted, fabricate, failure
from tests.support.fabricate import PlantedColumn as Column

PLANTED = (
    Planted("strong", 0.80),
    Planted("mine", 0.70),
    Planted("close", 0.69),
    Planted("weak", 0.50),
    Planted("untrained", 0.35),
)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    folder = tmp_path_factory.mktemp("fabricated") / "store"
    return build(fabricate(folder, PLANTED))


@pytest.fixture(scope="module")
def mine(board: Board) -> Answer:
    [told] = answers(board, "mine")
    return told


def test_it_is_held_against_its_neighbours_and_the_control(mine: Answer) -> None:
    assert len(mine.columns) == 2
    for column in mine.columns:
        found = {against.place: (against.comparison.a, against.comparison.b) for against in column.against}
        assert found == {
            "above": ("mine", "strong"),
            "below": ("mine", "close"),
            "control": ("mine", "untrained"),
        }
        assert column.methods == 5 and column.standing.rank.estimate in (2, 3)
        verdicts = {against.place: against.comparison.verdict for against in column.against}
        assert verdicts["above"] == "worse" and verdicts["control"] == "better"


def test_verdicts_are_those_of_the_ranking(board: Board, mine: Answer) -> None:
    for column in mine.columns:
        for against in column.against:
            pair = against.comparison
            assert pair == board.computed.ranking.comparison("mine", pair.b, pair.column)
            assert board.facts(pair.column).title == column.title


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("strong", {"below": "mine", "control": "untrained"}),
        ("weak", {"above": "close", "below": "untrained"}),
        ("untrained", {"above": "weak"}),
    ],
)
def test_the_ends_of_the_board_have_one_neighbour(board: Board, name: str, places: dict[str, str]) -> None:
    [told] = answers(board, name)
    for column in told.columns:
        assert {against.place: against.comparison.b for against in column.against} == places


def test_an_answer_is_json(mine: Answer) -> None:
    told = json.loads(json.dumps(mine.to_dict()))
    assert told["method"] == "mine" and told["overall"]["rank"]["low"] <= told["overall"]["rank"]["high"]
    [above, *_] = told["columns"][0]["against"]
    assert above["place"] == "above" and above["comparison"]["verdict"] == "worse"


def test_an_answer_is_text(mine: Answer) -> None:
    text = spelled.answer(mine)
    assert text.startswith("mine is rank 2 [") and "of 5 overall, tie group" in text
    assert text.count("\n  accuracy ") == 2 and text.count("\n  above    strong     −") == 2
    for line in text.splitlines():
        assert len(line) <= 110
        if "undecided" in line:
            assert line.endswith("would decide")
    assert text.count("points [") == 6


def test_a_method_without_any_result_is_told_with_its_own_message(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", PLANTED[:1])
    store.put_failure(failure(Planted("mine", 0.0), Column("glyphs")))
    [told] = answers(build(store), "mine")
    assert told.overall is None and told.columns == ()
    [(title, reason)] = [missing for missing in told.missing if missing[0].startswith("glyphs")]
    assert f"{title}\n  no result: {reason}" in spelled.answer(told)
    assert reason == failure(Planted("mine", 0.0), Column("glyphs")).reason


def test_a_method_that_nobody_knows_has_no_result(board: Board) -> None:
    [told] = answers(board, "nobody")
    assert spelled.answer(told) == "nobody has no result."


def test_one_training_seed_is_said_to_give_no_interval(tmp_path: Path) -> None:
    fabricate(tmp_path / "store", PLANTED, seeds=(0,))
    [told] = answers(build(Store(tmp_path / "store")), "mine")
    assert "undecided: one training seed gives no interval; take two or more" in spelled.answer(told)
