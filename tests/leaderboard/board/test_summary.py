"""The sentences that head the board claim what the ranking says, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from leaderboard.board import Board
from leaderboard.board.build import empty_ranking
from leaderboard.board.model import ColumnFacts, Computed, MeasuredPart
from leaderboard.board.summary import abridged, headline, leaders, sureness
from leaderboard.ranking import Column, Interval, Standing

COLUMNS = tuple(Column(name, "few-shot", 5, 1, 15, name) for name in ("glyphs", "emoji"))


def standings(rows: Sequence[str], column: Column | None = None) -> tuple[Standing, ...]:
    """From rows ``name letters``; a row without letters is partial, as overall rows can be."""
    found = []
    for place, row in enumerate(rows, 1):
        name, _, letters = row.partition(" ")
        partial = () if letters else COLUMNS[:1]
        rank = Interval(place, place, place)
        found.append(Standing(name, column, Interval(0.5, 0.4, 0.6), rank, letters, 0.9, 2, 60, partial))
    return tuple(found)


def board(overall: Sequence[str], *columns: Sequence[str]) -> Board:
    used = COLUMNS[: len(columns)]
    ranking = replace(
        empty_ranking(0.01),
        columns=used,
        overall=standings(overall),
        by_column={column: standings(rows, column) for column, rows in zip(used, columns, strict=True)},
    )
    facts = tuple(ColumnFacts(column, column.benchmark, column.title, 60, 0.2) for column in used)
    return Board(Computed(None, ranking, (), facts, (), (), (), ()), MeasuredPart(()))


CLEAR, TIED, OTHER = ("a a", "b b", "c c"), ("a a", "b ab", "c b"), ("b a", "a b", "c c")


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (board((), ()), "No method has been evaluated yet."),
        (board(("a a",), ("a a",)), "a stands alone: there is nothing to compare it with."),
        (board(CLEAR, CLEAR), "a is ahead, and separable from each of the 2 others."),
        (board(CLEAR[:2], CLEAR[:2]), "a is ahead, and separable from the other method."),
        (board(TIED, TIED), "No clear winner: a and b cannot be told apart."),
        (
            board(("a ab", "b b", "c a"), ("a ab", "b b", "c a")),
            "No clear winner: a scores highest, but cannot be told from b and c.",
        ),
        (board(("a a", "b a"), ("a a", "b a")), "No clear winner: a and b cannot be told apart."),
        (
            board(*[[f"{name} a" for name in "abcde"]] * 2),
            "No clear winner: a scores highest, but no other method can be told from it.",
        ),
        (
            board(*[[*(f"{name} a" for name in "abcde"), "f b"]] * 2),
            "No clear winner: a scores highest, but 4 of the 5 others cannot be told from it.",
        ),
        (board(CLEAR, CLEAR, CLEAR), "a is ahead overall, and separable from each of the 2 others."),
        (board(TIED, CLEAR, OTHER), "No clear winner overall: a and b cannot be told apart."),
        (
            board(("a a", "b a", "p"), CLEAR, CLEAR),
            "No clear winner overall: a and b cannot be told apart.",
        ),
        (board(("p", "q"), CLEAR, CLEAR), "No overall order: no method has a result in every column."),
    ],
)
def test_the_headline_says_who_leads_and_how_clearly(shown: Board, sentence: str) -> None:
    assert headline(shown) == sentence


def test_the_probability_is_left_out_where_it_is_open() -> None:
    assert sureness(board(CLEAR, CLEAR)) == "Probability that a is better than the next, b: 0.90."
    assert sureness(board(("a a",), ("a a",))) == ""


def test_each_column_names_its_leader_and_who_cannot_be_told_from_it() -> None:
    first, second = leaders(board(TIED, CLEAR, OTHER))
    assert (first.standing.method, first.tied) == ("a", ())
    assert (second.standing.method, second.tied) == ("b", ())
    assert leaders(board(TIED, TIED, OTHER))[0].tied == ("b",)
    assert leaders(board(CLEAR, CLEAR)) == ()  # the headline says it of the only column


def test_of_many_names_the_last_are_counted() -> None:
    assert abridged(["a", "b", "c"]) == "a, b and c"
    assert abridged(list("abcdef")) == "a, b and 4 others"
