"""Where a submission stands: its accuracy and rank in each column, and the verdict against its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from leaderboard.board import Board
from leaderboard.ranking import Column, Comparison, Standing

Place = Literal["above", "below", "control"]

CONTROL = "untrained"


@dataclass(frozen=True)
class Against:
    """The verdict against one other method, and where that one stands: next above, next below, or control."""

    place: Place
    comparison: Comparison


@dataclass(frozen=True)
class InColumn:
    """One benchmark under one protocol; ``methods`` are ranked there."""

    title: str
    standing: Standing
    methods: int
    against: tuple[Against, ...]


@dataclass(frozen=True)
class Answer:
    """All that a submitter asked. ``overall`` is None where it has no result; ``missing``: where, and why."""

    method: str
    overall: Standing | None
    ordered_by: str
    methods: int
    columns: tuple[InColumn, ...]
    missing: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON types only."""
        return asdict(self)


def answers(board: Board, name: str) -> Iterator[Answer]:
    """The answer for each row of the board that the method ``name`` has, one for each set of arguments.

    A row without any result counts too.
    """
    absent = [absence.method for absence in board.computed.absences]
    labels = [facts.label for facts in board.computed.methods if facts.name == name]
    labels += [label for label in dict.fromkeys(absent) if label.partition("(")[0] == name]
    for label in dict.fromkeys(labels or [name]):
        yield answer(board, label)


def answer(board: Board, label: str) -> Answer:
    """The answer for one row of the board."""
    ranking = board.computed.ranking
    overall = next((standing for standing in ranking.overall if standing.method == label), None)
    absences = [absence for absence in board.computed.absences if absence.method == label]
    return Answer(
        method=label,
        overall=overall,
        ordered_by=ranking.ordered_by,
        methods=len(ranking.overall),
        columns=tuple(
            _column(board, label, column) for column in ranking.columns if _stands(board, label, column)
        ),
        missing=tuple((board.facts(absence.column).title, absence.reason) for absence in absences),
    )


def _stands(board: Board, label: str, column: Column) -> bool:
    return any(standing.method == label for standing in board.computed.ranking.by_column[column])


def _column(board: Board, label: str, column: Column) -> InColumn:
    ranking = board.computed.ranking
    standings = ranking.by_column[column]
    order = [standing.method for standing in standings]
    at = order.index(label)
    others: dict[str, Place] = {}
    others |= {order[at - 1]: "above"} if at > 0 else {}
    others |= {order[at + 1]: "below"} if at + 1 < len(order) else {}
    controls = {facts.label for facts in board.computed.methods if facts.name == CONTROL}
    for control in sorted(controls & set(order) - {label}):
        others.setdefault(control, "control")
    against = (Against(place, ranking.comparison(label, other, column)) for other, place in others.items())
    return InColumn(board.facts(column).title, standings[at], len(order), tuple(against))
