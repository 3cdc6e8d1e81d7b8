"""What W&B is told of a cell: a pure function of the store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from leaderboard.records import Failure, Record
from leaderboard.store import OUTCOMES, Store
from leaderboard.store.envelope import canonical
from suite.mirror import describe
from suite.mirror.place import FOLDER, mirrored, run_id
from suite.runs.listing import accuracy

# Raised when runs are to be told otherwise: all of them are then written and sent again.
_VERSION = 1


@dataclass(frozen=True)
class Content:
    """A run but for its history and tables. ``folder`` is where it belongs, relative to the store.

    ``files`` are the sha256 of the record's files, from which the rest follows.
    """

    run: str
    folder: str
    name: str
    group: str
    job_type: str
    tags: tuple[str, ...]
    config: Mapping[str, Any]
    summary: Mapping[str, Any]
    exit_code: int = 0
    files: Mapping[str, str] | None = None

    @property
    def digest(self) -> str:
        """sha256, in hexadecimal, of all that the run will hold."""
        told = {name: value for name, value in asdict(self).items() if name != "folder"}
        return hashlib.sha256(canonical({"version": _VERSION, **told})).hexdigest()


def of_record(record: Record, sweeps: Iterable[str]) -> Content:
    """The run of a finished cell, which is part of ``sweeps``."""
    measured = record.measured
    summary = {
        **record.results,
        "accuracy": accuracy(record),
        "cost": {
            "wall_seconds": measured.wall_seconds,
            "cpu_seconds": measured.cpu_seconds,
            "gpu_seconds": measured.gpu_seconds,
            "peak_memory_mib": measured.peak_memory_mib,
        },
        "host": measured.host,
        "started": measured.started,
        "versions": measured.versions,
    }
    return Content(
        run=run_id(record.key, measured.attempt),
        folder=mirrored(record),
        name=_title(record),
        group=record.sweep,
        job_type=record.kind,
        tags=tuple(describe.tags(record.method, record.benchmark, record.protocol, {record.sweep, *sweeps})),
        config=describe.config(record.key, record.kind, record.method, record.spec, record.parents),
        summary={name: value for name, value in summary.items() if value is not None},
        files=record.files,
    )


def of_failure(failure: Failure, sweeps: Iterable[str]) -> Content:
    """The run of a cell that failed: W&B shows it as failed, with the reason in its summary."""
    run = run_id(failure.key, failure.attempt)
    return Content(
        run=run,
        folder=f"{FOLDER}/offline-run-19700101_000000-{run}",
        name=_title(failure),
        group=failure.sweep,
        job_type=failure.kind,
        tags=tuple(
            describe.tags(
                failure.method, failure.benchmark, failure.protocol, {failure.sweep, *sweeps, "failed"}
            )
        ),
        config=describe.config(failure.key, failure.kind, failure.method, failure.spec, ()),
        summary={"failure": failure.reason, "traceback": failure.traceback},
        exit_code=1,
    )


def history(record: Record, store: Store) -> list[dict[str, float]]:
    """What is drawn as curves: meta-validation accuracy over images, or the running mean over episodes."""
    if record.kind == "train":
        return [
            {"images": images, "train/validation_accuracy": value}
            for images, value in record.results.get("curve", [])
        ]
    if f"{OUTCOMES}.parquet" not in record.files:
        return []
    table = store.table(record, OUTCOMES)
    correct, queries = (np.cumsum(table[name].to_numpy()) for name in ("correct", "queries"))
    every = describe.thinned(len(table))
    return [
        {"episode": i + 1, "eval/mean_accuracy": float(correct[i] / queries[i])}
        for i in range(every - 1, len(table), every)
    ]


def outcome_rows(record: Record, store: Store) -> tuple[list[str], list[Iterable[Any]]] | None:
    """Columns and rows of the table of episodes; None for a cell that has none."""
    if f"{OUTCOMES}.parquet" not in record.files:
        return None
    table = store.table(record, OUTCOMES)
    correct, queries = (table[name].to_pylist() for name in ("correct", "queries"))
    rows: list[Iterable[Any]] = [
        [i, c, q, c / q] for i, (c, q) in enumerate(zip(correct, queries, strict=True))
    ]
    return ["episode", "correct", "queries", "accuracy"], rows


def _title(cell: Record | Failure) -> str:
    return describe.title(cell.kind, cell.spec, cell.method, cell.benchmark, cell.protocol, cell.seed)
