"""Events as lines of JSON and back: for programs, and for a sweep that is watched from another machine."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, get_args

from suite.engine import events

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(events.Event)}
_EVENT, _CELL = "event", "cell"


@dataclass(frozen=True)
class CellWord:
    """Word of a cell that runs elsewhere: what an event's reader is told of it."""

    key: str
    kind: str
    title: str


def encode(event: events.Event) -> str:
    """One line of JSON: ``event``, the kind; its fields; a cell as its key, kind and title."""
    told: dict[str, Any] = {_EVENT: type(event).__name__}
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name == _CELL:
            value = asdict(CellWord(value.key, value.kind, value.title))
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
    kind = _KINDS[told[_EVENT]]
    known = {field.name: told[field.name] for field in fields(kind) if field.name in told}
    try:
        if _CELL in known:
            known[_CELL] = CellWord(**known[_CELL])
        event: events.Event = kind(**known)
    except TypeError:  # a field is missing: it is of an earlier version
        return None
    return event
