"""What is kept of a finished cell: an immutable, checksummed, versioned record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1

CellKind = Literal["train", "evaluate", "measure", "diversity", "paper"]


# Under which key of a cell's ``spec`` stands what it is about, where that is no method.
_SUBJECTS: Mapping[str, str] = {"measure": "measure", "diversity": "probe", "paper": "paper"}


def subject(kind: str, spec: Mapping[str, Any]) -> str | None:
    """What a cell that is of no method is called after: its measure, probe or paper. None for others."""
    named = spec.get(_SUBJECTS.get(kind, ""))
    return str(named["name"]) if isinstance(named, Mapping) and "name" in named else None


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MethodIdentity(_Frozen):
    """A method is its name, version, source hash and resolved arguments. The board calls it ``label``."""

    name: str
    version: str
    source_hash: str
    arguments: dict[str, Any]
    label: str


class BenchmarkIdentity(_Frozen):
    """Which data: equal names with unequal digests are different data."""

    name: str
    options: dict[str, Any]
    digest: str


class Protocol(_Frozen):
    """How it is scored. ``query`` counts images a class; ``seed`` decides the episodes."""

    track: Literal["few-shot", "transfer", "adaptation"] = "few-shot"
    way: int
    shot: int
    query: int
    episodes: int
    seed: int = 0


class Measured(_Frozen):
    """What clock and operating system said: differs from run to run, kept apart from what was computed."""

    started: str
    wall_seconds: float
    cpu_seconds: float
    gpu_seconds: float = 0.0
    peak_memory_mib: float
    host: str
    attempt: int = 1
    wandb_folder: str | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    platform: str | None = None
    threads: int | None = None


class Record(_Frozen):
    """One finished cell. Everything but ``measured`` is a pure function of the cell's spec and its parents.

    ``spec`` is the resolved configuration of the cell; ``results`` the small computed figures (JSON);
    ``files`` the sha256 of each file beside the record (tables as Parquet, weights as safetensors).
    """

    key: str
    kind: CellKind
    sweep: str
    spec: dict[str, Any]
    parents: tuple[str, ...] = ()
    method: MethodIdentity | None = None
    benchmark: BenchmarkIdentity | None = None
    protocol: Protocol | None = None
    seed: int | None = None
    results: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)
    measured: Measured


class Failure(_Frozen):
    """A quarantined cell: the method's own fault, kept with its traceback, shown as a hole on the board."""

    key: str
    kind: CellKind
    sweep: str
    spec: dict[str, Any]
    method: MethodIdentity | None = None
    benchmark: BenchmarkIdentity | None = None
    protocol: Protocol | None = None
    seed: int | None = None
    reason: str
    """One sentence: what the method did."""
    traceback: str = ""
    attempt: int = 1


class PlannedCell(_Frozen):
    """What a cell is to be, for those who look at it before it is there. ``method`` is a label, or what a
    cell of no method is about (``subject``).
    """

    kind: CellKind
    method: str | None = None
    benchmark: str | None = None
    protocol: Protocol | None = None
    seed: int | None = None


class Plan(_Frozen):
    """The cells that a sweep consists of, as last planned: ``keys`` of every kind, finished or not.

    Cells are shared between sweeps, so a record's own ``sweep`` only says who computed it first. ``cells``
    describes them by key.
    """

    sweep: str
    keys: tuple[str, ...]
    cells: dict[str, PlannedCell] = Field(default_factory=dict)


class Origin(_Frozen):
    """Where records came from that were computed elsewhere: a bundle that was imported.

    ``bundle`` is the sha256 of its file, ``file`` the name it had here, ``imported`` when, and ``keys`` the
    records that it brought; those that were here already are none of them.
    """

    bundle: str
    file: str
    imported: str
    keys: tuple[str, ...]


class SplitSize(_Frozen):
    """How much a split holds."""

    classes: int
    images: int


class BenchmarkCard(_Frozen):
    """What data are and whose, kept once for each digest, so that a board can tell it without the data.

    ``image_shape`` is [channels, height, width]. ``sheet`` says in words what the contact sheet beside it
    shows; ``sheet_sha256`` is filled in when it is stored.
    """

    name: str
    digest: str
    options: dict[str, Any]
    title: str
    description: str
    licence: str
    attribution: str
    split_rule: str
    citation: str = ""
    packages: dict[str, str] = Field(default_factory=dict)
    image_shape: tuple[int, int, int]
    domains: tuple[str, ...] = ()
    splits: dict[str, SplitSize]
    sheet: str
    sheet_sha256: str = ""
