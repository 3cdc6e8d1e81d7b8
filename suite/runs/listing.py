"""One row a cell, whatever became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from leaderboard.records import Failure, PlannedCell, Record, subject
from leaderboard.store import CorruptRecord, Store, StoreError
from suite.runs.live import Word, running

State = Literal["finished", "waiting", "running", "failed", "corrupt"]
STATES: tuple[State, ...] = ("finished", "waiting", "running", "failed", "corrupt")
"""In the order of a list: what asks for attention stands last, above the prompt."""


@dataclass(frozen=True)
class Row:
    """A cell as ``league runs`` lists it; None where the store does not say.

    ``method`` is a label. ``protocol`` is ``5w1s`` (5-way 1-shot), of a training the one that it prepares
    for; on the transfer track ``5-labels`` (a class) or ``all-labels``. ``accuracy`` (0..1) is that of the
    test episodes, or a training's best on meta-validation.
    ``share`` (0..1) is how far a running cell is. ``reason`` says why a cell failed or is corrupt.
    ``wandb_folder`` is relative to the store. ``bundle`` names the file that a record was imported from.
    """

    key: str
    state: State
    kind: str | None = None
    sweep: str | None = None
    method: str | None = None
    benchmark: str | None = None
    protocol: str | None = None
    seed: int | None = None
    accuracy: float | None = None
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    gpu_seconds: float | None = None
    peak_memory_mib: float | None = None
    attempt: int | None = None
    host: str | None = None
    started: str | None = None
    share: float | None = None
    reason: str | None = None
    wandb_folder: str | None = None
    bundle: str | None = None


def listing(store: Store, sweep: str | None = None) -> list[Row]:
    """Every cell that ``store`` knows (of one sweep, if given), sorted by state, then by what it computes.

    Raises StoreError where there is no store, or no such sweep in it.
    """
    if not store.exists:
        raise StoreError(f"there is no store at {store.url}: run a sweep into it first, or mend the path")
    corrupt: list[CorruptRecord] = []
    bundles = {key: origin.file for origin in store.origins() for key in origin.keys}
    rows = {record.key: _finished(record, bundles) for record in store.scan(None, sweep, corrupt.append)}
    for failure in store.failures(sweep, corrupt.append):
        rows.setdefault(failure.key, _failed(failure))
    for error in corrupt:
        rows[error.key] = Row(error.key, "corrupt", reason=f"{error.path}: {error.reason}")
    words = running(store.location.local) if store.location.local else {}
    _add_planned(rows, store, sweep, words)
    if sweep is not None and not rows:
        known = sorted({*store.plans(), *(record.sweep for record in store.scan())})
        raise StoreError(f"the store {store.url} has no sweep {sweep!r}; it has {', '.join(known) or 'none'}")
    return sorted(rows.values(), key=_order)


def _add_planned(rows: dict[str, Row], store: Store, sweep: str | None, words: Mapping[str, Word]) -> None:
    """Add what is planned and not there, and mark what runs."""
    for name in store.plans() if sweep is None else [sweep]:
        plan = store.plan(name)
        for key in plan.keys if plan else ():
            if key in words and rows.get(key, _NONE).state != "finished":
                rows[key] = _planned(key, "running", name, plan.cells.get(key) if plan else None, words[key])
            elif key not in rows:
                rows[key] = _planned(key, "waiting", name, plan.cells.get(key) if plan else None)


_NONE = Row("", "waiting")


def short_protocol(way: int, shot: int) -> str:
    """``5w1s``: 5-way 1-shot."""
    return f"{way}w{shot}s"


def _finished(record: Record, bundles: Mapping[str, str]) -> Row:
    measured = record.measured
    return Row(
        key=record.key,
        state="finished",
        **_identity(record),
        accuracy=accuracy(record),
        wall_seconds=measured.wall_seconds,
        cpu_seconds=measured.cpu_seconds,
        gpu_seconds=measured.gpu_seconds,
        peak_memory_mib=measured.peak_memory_mib,
        attempt=measured.attempt,
        host=measured.host,
        started=measured.started,
        wandb_folder=measured.wandb_folder,
        bundle=bundles.get(record.key),
    )


def accuracy(record: Record) -> float | None:
    """Accuracy (0..1) on the test episodes, or of a training its best on meta-validation."""
    found = record.results.get("mean_accuracy")
    if isinstance(found, float | int):
        return float(found)
    curve = record.results.get("curve")
    return max((float(point[1]) for point in curve), default=None) if isinstance(curve, list) else None


def _failed(failure: Failure) -> Row:
    return Row(failure.key, "failed", **_identity(failure), attempt=failure.attempt, reason=failure.reason)


def _identity(cell: Record | Failure) -> dict[str, Any]:
    shape = cell.spec.get("protocol") or cell.spec.get("episode") or {}
    return {
        "kind": cell.kind,
        "sweep": cell.sweep,
        "method": cell.method.label if cell.method else subject(cell.kind, cell.spec),
        "benchmark": cell.benchmark.name if cell.benchmark else None,
        "protocol": _protocol(shape, shape.get("track", cell.spec.get("track"))),
        "seed": cell.seed,
    }


def _protocol(shape: Mapping[str, Any], track: str | None) -> str | None:
    """What rows call a protocol; None where the cell has none, as a training on the transfer track."""
    if not {"way", "shot"} <= shape.keys() or (track == "transfer" and "episodes" not in shape):
        return None
    if track == "transfer":
        return f"{shape['shot'] or 'all'}-labels"
    return short_protocol(shape["way"], shape["shot"])


def _planned(key: str, state: State, sweep: str, cell: PlannedCell | None, word: Word | None = None) -> Row:
    told = {"host": word.host, "share": word.share} if word else {}
    if cell is None:  # planned by a version that did not describe its cells
        return Row(key, state, sweep=sweep, **told)  # type: ignore[arg-type]
    protocol = _protocol(cell.protocol.model_dump(), cell.protocol.track) if cell.protocol else None
    return Row(
        key,
        state,
        cell.kind,
        sweep,
        cell.method,
        cell.benchmark,
        protocol,
        cell.seed,
        **told,  # type: ignore[arg-type]
    )


_KINDS = {"train": 0, "evaluate": 1}


def _order(row: Row) -> tuple[object, ...]:
    return (
        STATES.index(row.state),
        row.sweep or "",
        row.benchmark or "",
        row.method or "",
        row.protocol or "",
        -1 if row.seed is None else row.seed,
        _KINDS.get(row.kind or "", len(_KINDS)),
        row.key,
    )
