"""Events as lines of JSON and back: for programs, and for a sweep that is watched from another machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, get_args

from suite.engine import events
from suite.engine.hosts import Host

VERSION = 1
"""Of the lines. Fields are added within a version; where one goes or changes its meaning, it is the next."""

RESULT = "Result"
"""What a line calls itself that is no event: the end of a sweep, as the command that ran it tells it."""

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(events.Event)}
_EVENT, _VERSION, _CELL, _HOSTS = "event", "version", "cell", "hosts"
# A sweep of an hour tells how it stands 500 times and more, one of a day 3,000 times: who comes late has to
# read all of it.
_ROUND_SHARE, _LONGEST_ROUND_SECONDS = 1 / 500, 30.0
_SHORTEST_ROUND_SECONDS = 1.0
_CELLS_A_ROUND = 16


@dataclass(frozen=True)
class CellWord:
    """Word of a cell that runs elsewhere: what an event's reader is told of it."""

    key: str
    kind: str
    title: str


def encode(event: events.Event) -> str:
    """One line of JSON: ``event``, the kind; ``version``; its fields; a cell as its key, kind and title."""
    told: dict[str, Any] = {_EVENT: type(event).__name__, _VERSION: VERSION}
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name == _CELL:
            value = asdict(CellWord(value.key, value.kind, value.title))
        elif field.name == _HOSTS:
            value = [asdict(host) for host in value]
        told[field.name] = value
    return json.dumps(told)


def decode(line: str) -> events.Event | None:
    """The event of a line that ``encode`` wrote; None of any other line.

    Fields that are not known here are left out: the other side may be of a later version.
    """
    try:
        told = json.loads(line)
    except ValueError:
        return None
    if not isinstance(told, dict) or told.get(_EVENT) not in _KINDS:
        return None
    try:
        known = _known(_KINDS[told[_EVENT]], told)
        if _CELL in known:
            known[_CELL] = CellWord(**_known(CellWord, known[_CELL]))
        if _HOSTS in known:
            known[_HOSTS] = tuple(Host(**_known(Host, host)) for host in known[_HOSTS])
        event: events.Event = _KINDS[told[_EVENT]](**known)
    except TypeError:  # a field is missing: it is of an earlier version
        return None
    return event


def is_result(line: str) -> bool:
    """Whether that is the line of a sweep's result."""
    return result(line) is not None


def result(line: str) -> dict[str, Any] | None:
    """What the line of a result tells; None of any other line."""
    try:
        told = json.loads(line)
    except ValueError:
        return None
    if not isinstance(told, dict) or told.get(_EVENT) != RESULT:
        return None
    return {name: value for name, value in told.items() if name not in (_EVENT, _VERSION)}


def _known(kind: type[Any], told: dict[str, Any]) -> dict[str, Any]:
    return {field.name: told[field.name] for field in fields(kind) if field.name in told}


class Thinned:
    """Hands events on, but those that only tell how things stand (``Tick``, ``HostsTold``, ``CellProgress``)
    in rounds, that follow each other the less often the longer the sweep goes on: from once a second to once
    in half a minute. Of running cells a round tells of sixteen.
    """

    def __init__(self, tell: Callable[[events.Event], None]) -> None:
        self._tell = tell
        self._cells: dict[str, events.CellProgress] = {}
        self._hosts: events.HostsTold | None = None
        self._due = 0.0

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.CellProgress):
            self._cells[event.cell.key] = event
        elif isinstance(event, events.HostsTold):
            self._hosts = event
        elif isinstance(event, events.Tick):
            self._round(event)
        else:
            if isinstance(event, events.CellFinished | events.CellFailed | events.CellRetried):
                self._cells.pop(event.cell.key, None)
            self._tell(event)

    def _round(self, tick: events.Tick) -> None:
        if tick.seconds >= self._due:
            pause = min(_LONGEST_ROUND_SECONDS, max(_SHORTEST_ROUND_SECONDS, tick.seconds * _ROUND_SHARE))
            self._due = tick.seconds + pause
            for progress in list(self._cells.values())[:_CELLS_A_ROUND]:
                self._tell(progress)
            if self._hosts is not None:
                self._tell(self._hosts)
            self._tell(tick)
        self._cells.clear()
