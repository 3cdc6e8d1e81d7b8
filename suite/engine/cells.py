"""The unit of work: a cell, whose key says everything that its result depends on, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from leaderboard.records import BenchmarkIdentity, CellKind, MethodIdentity, PlannedCell, Protocol, subject
from suite.methods.source import Budget
from suite.mirror.describe import title

# Raised when the suite itself computes something else from the same spec: older records then go unused.
CELL_VERSION = 1


@dataclass(frozen=True)
class Cell:
    """One training, evaluation, measurement, or run of a paper's experiment.

    ``spec`` (JSON types) holds all that decides the result; ``parents`` are the keys of the cells whose
    results are read. The other fields repeat parts of ``spec`` as a record shows them; ``method.label`` is
    for the eye. Resources, tracking, paths and hosts are no part of a cell: they may change, its result may
    not.
    """

    kind: CellKind
    spec: Mapping[str, Any]
    parents: tuple[str, ...] = ()
    method: MethodIdentity | None = field(default=None, compare=False)
    benchmark: BenchmarkIdentity | None = field(default=None, compare=False)
    protocol: Protocol | None = field(default=None, compare=False)
    seed: int | None = field(default=None, compare=False)

    @cached_property
    def key(self) -> str:
        """sha256, in hexadecimal, of the canonical JSON of kind, spec and parents."""
        identity = {
            "cell": CELL_VERSION,
            "kind": self.kind,
            "spec": self.spec,
            "parents": sorted(self.parents),
        }
        return hashlib.sha256(canonical(identity)).hexdigest()

    @property
    def track(self) -> str:
        """The track that it is of: what its ``benchmark`` is follows from that."""
        return self.protocol.track if self.protocol else str(self.spec.get("track", "few-shot"))

    @property
    def planned(self) -> PlannedCell:
        """How the plan of a sweep describes it."""
        return PlannedCell(
            kind=self.kind,
            method=self.method.label if self.method else subject(self.kind, self.spec),
            benchmark=self.benchmark.name if self.benchmark else None,
            protocol=self.protocol,
            seed=self.seed,
        )

    @property
    def title(self) -> str:
        """How it is called in a live view: ``train maml · glyphs · seed 0``."""
        return title(self.kind, self.spec, self.method, self.benchmark, self.protocol, self.seed)


@dataclass(frozen=True)
class Shape:
    """The episodes that a training prepares for: classes, and support and query images of each."""

    way: int
    shot: int
    query: int


TRANSFER = "transfer"
"""The track on which methods train on one labelled problem and adapt to another."""


def train_cell(
    method: MethodIdentity,
    benchmark: BenchmarkIdentity,
    shape: Shape,
    budget: Budget,
    seed: int,
    *,
    track: str = "few-shot",
) -> Cell:
    """Train ``method``, whose arguments are those that matter to training, within ``budget``.

    On the transfer track ``benchmark`` is a transfer task, whose source is trained on.
    """
    spec = {
        # Trainings from before there were tracks have none, and keep their keys.
        **({"track": track} if track != "few-shot" else {}),
        "method": method_spec(method),
        "benchmark": benchmark.model_dump(mode="json"),
        "episode": asdict(shape),
        "budget": budget.spec,
        "seed": seed,
    }
    return Cell("train", spec, (), method, benchmark, None, seed)


def evaluate_cell(
    method: MethodIdentity, benchmark: BenchmarkIdentity, protocol: Protocol, seed: int, parent: Cell
) -> Cell:
    """Score the checkpoint of ``parent`` under ``protocol``, adapting with all of the method's arguments."""
    spec = {
        "method": method_spec(method),
        "benchmark": benchmark.model_dump(mode="json"),
        "protocol": protocol.model_dump(mode="json"),
        "seed": seed,
    }
    return Cell("evaluate", spec, (parent.key,), method, benchmark, protocol, seed)


def canonical(value: object) -> bytes:
    """The one JSON spelling of ``value``: sorted keys, tuples as lists, no NaN.

    Raises TypeError or ValueError for what JSON cannot say, so that no key rests on a ``repr``.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True
    ).encode()


def method_spec(method: MethodIdentity) -> dict[str, Any]:
    """What of a method a cell's result depends on: all but its label."""
    return {
        "name": method.name,
        "version": method.version,
        "source_hash": method.source_hash,
        "arguments": method.arguments,
    }
