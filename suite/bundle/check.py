"""Whether a record from elsewhere is what it says: its key fits its spec, its figures fit its outcomes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from leaderboard.records import Record
from leaderboard.store.tables import outcomes
from suite.bundle.errors import BundleError
from suite.engine.cells import Cell

OUTCOMES_FILE = "outcomes.parquet"
# Of a table: its file can be tiny where all of its rows are alike.
_MOST_EPISODES = 10_000_000
_MOST_BYTES = 1 << 28


def cell_of(record: Record) -> Cell:
    """The cell whose record it is."""
    return Cell(
        record.kind,
        record.spec,
        record.parents,
        record.method,
        record.benchmark,
        record.protocol,
        record.seed,
    )


def check_record(record: Record) -> None:
    """Raise BundleError where the parts of ``record`` contradict each other, whatever its checksum says."""
    who = f"record {record.key[:12]}"
    if record.kind not in ("train", "evaluate"):
        raise BundleError(f"{who} is of kind {record.kind!r}; trainings and evaluations can be exchanged")
    if cell_of(record).key != record.key:
        raise BundleError(
            f"{who}: its key does not fit its specification and parents: it was edited, or computed by a "
            "version of the suite whose keys differ"
        )
    for name, part in _parts(record).items():
        if record.spec.get(name) != part:
            raise BundleError(f"{who}: its {name} is not the one in its specification")
    if record.method is None or record.benchmark is None or record.seed is None:
        raise BundleError(f"{who} lacks its method, benchmark or seed")
    label, name = record.method.label, record.method.name
    if label != name and not (label.startswith(f"{name}(") and label.endswith(")")):
        raise BundleError(f"{who} labels the method {name!r} as {label!r}")
    for text in texts(record.model_dump()):
        if not all(letter.isprintable() or letter in "\n\t" for letter in text):
            raise BundleError(f"{who} holds a text with control characters: {text[:60]!r}")
    _check_clock(record, who)
    _check_results(record, who)
    if (record.kind == "evaluate") != (record.protocol is not None and len(record.parents) == 1):
        raise BundleError(f"{who}: an evaluation has a protocol and one parent, a training neither")


def _check_clock(record: Record, who: str) -> None:
    try:
        datetime.fromisoformat(record.measured.started)
    except ValueError as error:
        raise BundleError(
            f"{who}: it was started at {record.measured.started!r}, which is no time"
        ) from error


def _check_results(record: Record, who: str) -> None:
    """What a board reads of a record must be there, and be of its kind."""
    for name, fits in (_TRAINED if record.kind == "train" else _EVALUATED).items():
        if name not in record.results or not fits(record.results[name]):
            told = repr(record.results.get(name))[:60]
            raise BundleError(f"{who}: its result {name} cannot be {told}")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _curve(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(point, list) and len(point) == 2 and _count(point[0]) and _number(point[1])
        for point in value
    )


def _spent(value: Any) -> bool:
    return isinstance(value, dict) and all(_count(value.get(name)) for name in ("images", "backward_passes"))


_TRAINED: Mapping[str, Callable[[Any], bool]] = {
    "curve": _curve,
    "spent": _spent,
    "parameters": _count,
    "class_count": _count,
    "selection": lambda value: isinstance(value, str),
}
_EVALUATED: Mapping[str, Callable[[Any], bool]] = {
    "mean_accuracy": _number,
    "transductive": lambda value: isinstance(value, bool),
    "largest_change": lambda value: value is None or _number(value),
    "licence": lambda value: isinstance(value, str),
    "attribution": lambda value: isinstance(value, str),
}


def check_pair(record: Record, parent: Record) -> None:
    """Raise BundleError where ``parent`` is not a training that the evaluation ``record`` can build on."""
    who = f"record {record.key[:12]}"
    assert record.method is not None and record.protocol is not None
    same = (
        parent.kind == "train"
        and parent.method is not None
        and (parent.method.name, parent.method.version, parent.method.source_hash)
        == (record.method.name, record.method.version, record.method.source_hash)
        and parent.method.arguments.items() <= record.method.arguments.items()
        and (parent.benchmark, parent.seed) == (record.benchmark, record.seed)
    )
    if not same:
        raise BundleError(f"{who} builds on {parent.key[:12]}, which trained something else")


def check_outcomes(record: Record, path: Path) -> None:
    """Raise BundleError where the table of outcomes at ``path`` is malformed or not what the record says."""
    who = f"record {record.key[:12]}"
    assert record.protocol is not None
    table = read_outcomes(path, record.protocol.episodes, who)
    queries = record.protocol.way * record.protocol.query
    if table["queries"].to_numpy().tolist() != [queries] * len(table):
        raise BundleError(
            f"{who}: an episode of its protocol has {queries} queries; its table says otherwise"
        )
    mean = table["correct"].to_numpy().sum() / table["queries"].to_numpy().sum()
    told = record.results.get("mean_accuracy")
    if not isinstance(told, float | int) or not math.isclose(told, mean, rel_tol=0, abs_tol=1e-9):
        raise BundleError(f"{who}: its mean accuracy is {told}; its episodes give {mean:.6f}")


def read_outcomes(path: Path, episodes: int, who: str) -> pa.Table:
    """The outcomes in a Parquet file of so many ``episodes``; BundleError for any other file."""
    try:
        with pq.ParquetFile(path) as file:
            groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
            if episodes > _MOST_EPISODES:
                raise BundleError(f"{who}: {episodes:,} episodes are more than any evaluation has")
            if file.metadata.num_rows != episodes:
                raise BundleError(f"{who}: its table has {file.metadata.num_rows} episodes, not {episodes}")
            if sum(group.total_byte_size for group in groups) > _MOST_BYTES:
                raise BundleError(f"{who}: its table of outcomes is larger than any could be")
            return outcomes(file.read(use_threads=False))
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"{who}: its table of outcomes is none: {str(error).splitlines()[0]}") from error


def _parts(record: Record) -> dict[str, Any]:
    told: dict[str, Any] = {"seed": record.seed}
    if record.method:
        told["method"] = record.method.model_dump(mode="json", exclude={"label"})
    if record.benchmark:
        told["benchmark"] = record.benchmark.model_dump(mode="json")
    if record.protocol:
        told["protocol"] = record.protocol.model_dump(mode="json")
    return told


def texts(value: Any) -> Iterator[str]:
    """Every text in JSON data, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield str(key)
            yield from texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)
