"""The board as JSON: everything, with columns by their ids."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

from leaderboard.board.columns import FEW_SHOT
from leaderboard.board.model import Board
from leaderboard.board.papers import paper_as_json
from leaderboard.ranking import Column

BOARD_SCHEMA_VERSION = 1

# Enough for any reader, and too few for the last bits in which two machines' summations differ.
_DIGITS = 10


def to_json(board: Board, measured: bool = True) -> str:
    """JSON text with sorted keys: ``schema_version``, ``computed``, where there are any ``diversity`` and
    ``papers``, and ``measured`` unless switched off; on other tracks than few-shot ``track``, and on that of
    transfer ``transfer``. ``tracks`` holds the boards of other tracks, each in the same form.

    Floats have ten significant digits; what is not finite is null.
    """
    parts = _parts(board, measured)
    return json.dumps(parts, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _parts(board: Board, measured: bool) -> dict[str, Any]:
    ids = {facts.column: facts.id for facts in board.computed.columns}
    parts: dict[str, Any] = {
        "schema_version": BOARD_SCHEMA_VERSION,
        "computed": _plain(board.computed, ids),
    }
    if board.diversity is not None:
        parts["diversity"] = _plain(board.diversity, ids)
    for facts in parts["computed"]["columns"]:
        facts["column"] = dataclasses.asdict(next(c for c, name in ids.items() if name == facts["id"]))
    if board.papers:
        parts["papers"] = [paper_as_json(paper, measured) for paper in board.papers]
    if measured:
        parts["measured"] = _plain(board.measured, ids)
    if board.track != FEW_SHOT:
        parts["track"] = board.track
    if board.transfer is not None:
        parts["transfer"] = _plain(board.transfer, ids)
    if board.tracks:
        parts["tracks"] = {other.track: _parts(other, measured) for other in board.tracks}
    return parts


def _plain(value: Any, ids: Mapping[Column, str]) -> Any:
    if isinstance(value, Column):
        return ids[value]
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), ids) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(_plain(key, ids)): _plain(part, ids) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part, ids) for part in value]
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value
