"""What the store tells of trained representations: figures by training."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict, ValidationError

from leaderboard.board.prediction.model import Measurements, Place
from leaderboard.board.reading import Broken
from leaderboard.records import Record


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True)

    problem: str
    split: str
    layer: str
    values: Mapping[str, float | None]


class _Results(BaseModel):
    model_config = ConfigDict(frozen=True)

    measure: str
    rows: tuple[_Row, ...]
    reference: str | None = None


def read_measurements(records: Iterable[Record]) -> tuple[tuple[Measurements, ...], list[Broken]]:
    """Figures of each training, sorted by its key, and the records that cannot be read as such.

    Measurements that are of no one training, such as layer similarities, are passed over. What is undefined
    or not finite is left out.
    """
    found: dict[str, dict[Place, float]] = {}
    broken: list[Broken] = []
    for record in sorted(records, key=lambda record: record.key):
        if record.kind != "measure" or record.method is None:
            continue
        try:
            if not record.parents:
                raise ValueError("it names no training")
            results = _Results.model_validate(record.results)
        except ValueError as error:
            broken.append(Broken(record.key, f"it cannot be read as a measurement: {_told(error)}", record))
            continue
        code = str(record.spec.get("measure", {}).get("source_hash", ""))
        found.setdefault(record.parents[0], {}).update(_values(results, code))
    return tuple(Measurements(key, found[key]) for key in sorted(found)), broken


def _values(results: _Results, code: str) -> dict[Place, float]:
    return {
        Place(figure, results.reference or "", row.problem, row.split, row.layer, code): value
        for row in results.rows
        for figure, value in row.values.items()
        if value is not None and math.isfinite(value)
    }


def _told(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    message = first["msg"][:1].lower() + first["msg"][1:]
    return f"{'.'.join(map(str, first['loc']))}: {message}"
