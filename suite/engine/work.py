"""What a cell's work is given and gives back, whatever its kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

import tasks
import tasks.transfers
from leaderboard.records import BenchmarkIdentity
from leaderboard.store import Store
from suite.engine.cells import canonical
from suite.engine.opening import Open
from suite.isolation import Code
from suite.methods import Source


class ParentMissing(RuntimeError):
    """The record that a cell builds on is not in the store, or was corrupt."""


class HostLacks(RuntimeError):
    """This host lacks something that the sweep needs: no fault of the method."""


@dataclass(frozen=True)
class Desk:
    """What a cell works with: the store to read parents from, an empty folder for files to be, and two ears.

    ``progress(share, images)`` hears how far it is, ``log(figures)`` what there is to draw.
    ``open`` opens the cell's method, whose code is ``code``; ``source`` makes what it trains on.
    """

    store: Store
    scratch: Path
    progress: Callable[[float, int], None]
    log: Callable[[Mapping[str, float]], None]
    open: Open
    code: Code | None = None
    source: Callable[..., Source] = Source


@dataclass(frozen=True)
class Work:
    """What a cell computed: ``results`` (JSON) for its record, tables and files, and its accuracy."""

    results: dict[str, Any]
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    figure: float | None = None


def load_benchmark(identity: BenchmarkIdentity) -> tasks.Benchmark:
    """The benchmark that a cell was planned with. Raises HostLacks where this host has other data by its
    name.
    """
    benchmark = _load(identity.name, canonical(identity.options))
    _check("benchmark", benchmark.digest, identity)
    return benchmark


def load_transfer(identity: BenchmarkIdentity) -> tasks.Transfer:
    """The transfer task that a cell was planned with; otherwise as ``load_benchmark``."""
    task = _load_transfer(identity.name, canonical(identity.options))
    _check("transfer task", task.digest, identity)
    return task


def _check(what: str, digest: str, identity: BenchmarkIdentity) -> None:
    if digest != identity.digest:
        raise HostLacks(
            f"the {what} {identity.name} has digest {digest[:12]} there, "
            f"and {identity.digest[:12]} where the sweep was planned; install the same versions on both, "
            "then run `league data verify`"
        )


# Two, because a worker goes back and forth between few benchmarks, and they are held in memory.
@lru_cache(maxsize=2)
def _load(name: str, options: bytes) -> tasks.Benchmark:
    return tasks.load(name, **json.loads(options))


@lru_cache(maxsize=2)
def _load_transfer(name: str, options: bytes) -> tasks.Transfer:
    return tasks.transfers.load(name, **json.loads(options))
