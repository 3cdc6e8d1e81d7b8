"""Events survive the way over a line of text."""

import json

import pytest

from suite.engine import events
from suite.engine.cells import Cell
from suite.engine.wire import CellWord, decode, encode

CELL = Cell("paper", {"paper": {"name": "cka"}})
WORD = CellWord(CELL.key, "paper", CELL.title)

EVENTS = [
    (events.Notice("a line\nand another"), None),
    (events.SweepPlanned("demo", 48, 3, 0, 0, "league-store"), None),
    (events.Tick(1, 48, 0, 0, 2, 3.5, None), None),
    (events.CellStarted(CELL, 2), events.CellStarted(WORD, 2)),
    (events.CellFinished(CELL, 1.5, 0.25, 1), events.CellFinished(WORD, 1.5, 0.25, 1)),
    (events.SweepEnded(1, 0, 0, 0, 1, 2.0, "s3://bucket/store", False), None),
]


@pytest.mark.parametrize(("sent", "received"), EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_comes_back_from_its_line(sent: events.Event, received: events.Event | None) -> None:
    line = encode(sent)
    assert "\n" not in line
    assert decode(line) == (received or sent)


@pytest.mark.parametrize(
    "line", ["", "demo: 48 cells", "3", "[]", "{}", '{"event": "Party"}', '{"event": "Notice"}']
)
def test_what_is_no_event_is_none(line: str) -> None:
    assert decode(line) is None


def test_a_later_version_may_say_more() -> None:
    told = {**json.loads(encode(events.Notice("hm"))), "colour": "red"}
    assert decode(json.dumps(told)) == events.Notice("hm")
