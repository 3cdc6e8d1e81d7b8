"""The board as data: what was computed, and apart from it what was measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.board.diversity.model import Diversity
from leaderboard.board.papers import TriedPaper
from leaderboard.board.prediction.model import Transfer
from leaderboard.ranking import Column, Ranking
from leaderboard.statistics import Analysis

Outcomes = Mapping[tuple[str, Column], NDArray[np.float64]]


@dataclass(frozen=True)
class MethodFacts:
    """Who a row is. ``label`` is unique on the board; ``budget`` is what its training was allowed.

    ``given`` is the label in its records: another one where several methods share it, and on the transfer
    track, which calls methods by their parts.
    """

    label: str
    name: str
    version: str
    source_hash: str
    arguments: Mapping[str, Any]
    budget: Mapping[str, Any]
    given: str = ""


@dataclass(frozen=True)
class BenchmarkFacts:
    """Data that methods are scored on, and the columns that use them.

    ``title`` is what they are called on this board, and nothing else is. ``card`` is the store's own
    (``records.BenchmarkCard``) as JSON types, or None, and ``missing`` says why.
    """

    id: str
    title: str
    name: str
    digest: str
    options: Mapping[str, Any]
    columns: tuple[Column, ...]
    card: Mapping[str, Any] | None
    missing: str = ""


@dataclass(frozen=True)
class ColumnFacts:
    """One benchmark under one protocol; ``id`` and ``title`` are unique on the board.

    ``episodes`` is how many all methods share; ``chance`` the accuracy of guessing, in 0..1.
    """

    column: Column
    id: str
    title: str
    episodes: int
    chance: float
    licence: str | None = None
    attribution: str | None = None


@dataclass(frozen=True)
class SeedFacts:
    """One trained and scored seed. ``curve``: (training images, meta-validation accuracy in 0..1).

    ``train_accuracy`` is on meta-train tasks after training; ``plateau`` whether ``criterion``, in words, was
    met before the budget's end. Each is None or empty where it was not recorded.
    """

    seed: int
    evaluate_key: str
    train_key: str | None
    accuracy: float
    transductive: bool
    largest_change: float | None
    parameters: int | None = None
    images: int | None = None
    backward_passes: int | None = None
    selection: str | None = None
    curve: tuple[tuple[int, float], ...] = ()
    train_accuracy: float | None = None
    plateau: bool | None = None
    criterion: str = ""


@dataclass(frozen=True)
class Entry:
    """A method in a column, seed by seed."""

    method: str
    column: Column
    seeds: tuple[SeedFacts, ...]

    @property
    def transductive(self) -> bool:
        """Whether any seed's predictions for a query depended on the other queries."""
        return any(seed.transductive for seed in self.seeds)


@dataclass(frozen=True)
class Hole:
    """A cell without a result, and why. Fields that nobody knows are None.

    ``method`` is the label in its record; ``concerns`` the rows of the board that lack its result: a training
    may serve several.
    """

    key: str
    kind: str | None
    method: str | None
    benchmark: str | None
    seed: int | None
    reason: str
    concerns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Absence:
    """A method that has no standing in a column, and why."""

    method: str
    column: Column
    reason: str


@dataclass(frozen=True)
class Computed:
    """All that follows from specifications and seeds: equal for every run of the same sweep.

    ``unranked``: methods that failed and have no result at all.
    """

    sweep: str | None
    ranking: Ranking
    methods: tuple[MethodFacts, ...]
    columns: tuple[ColumnFacts, ...]
    entries: tuple[Entry, ...]
    holes: tuple[Hole, ...]
    absences: tuple[Absence, ...]
    notes: tuple[str, ...]
    unranked: tuple[MethodFacts, ...] = ()
    benchmarks: tuple[BenchmarkFacts, ...] = ()


@dataclass(frozen=True)
class Clock:
    """Time and memory of one cell, when it began (ISO 8601), the version of transfer-league that computed it,
    and the W&B folder of its run, relative to the store."""

    wall_seconds: float
    cpu_seconds: float
    gpu_seconds: float
    peak_memory_mib: float
    started: str = ""
    code: str | None = None
    wandb_folder: str | None = None


@dataclass(frozen=True)
class Cost:
    """What one seed of a method in a column took to train (None: nothing to train) and to evaluate."""

    method: str
    column: Column
    seed: int
    train_key: str | None
    train: Clock | None
    evaluate: Clock


@dataclass(frozen=True)
class Imported:
    """Where a record came from that was computed elsewhere: the name and sha256 of a bundle, and when it was
    imported (ISO 8601)."""

    file: str
    bundle: str
    imported: str


@dataclass(frozen=True)
class MeasuredPart:
    """All that differs from run to run. ``versions``: package -> versions that the cells ran with, sorted.

    ``origins``: key -> bundle, for the cells of this board that were computed elsewhere.
    """

    costs: tuple[Cost, ...]
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    origins: Mapping[str, Imported] = field(default_factory=dict)


@dataclass(frozen=True)
class Board:
    """A pure function of the store: equal stores give equal boards, and equal boards equal bytes.

    It is of one track. Where the store has several, the first of them holds the boards of the others.
    """

    computed: Computed
    measured: MeasuredPart
    analysis: Analysis | None = field(default=None, compare=False, repr=False)
    """What the ranking rests on, for ranking pools anew; None where there is nothing to rank."""
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Label -> text of the file, for submitted methods."""
    sheets: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)
    """Digest of data -> their contact sheet, a PNG."""
    finished: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    """Keys of all finished cells of the store, on this board or not."""
    diversity: Diversity | None = None
    """Diversity of the data, and transfer against MAML; None where there is neither."""
    papers: tuple[TriedPaper, ...] = ()
    """Papers whose claims were tried."""
    track: str = "few-shot"
    """Of all its columns."""
    transfer: Transfer | None = None
    """How methods adapted, and what predicts their accuracy; None on other tracks."""
    tracks: tuple[Board, ...] = ()
    """The boards of the store's other tracks, each ranked by itself."""

    @cached_property
    def outcomes(self) -> Outcomes:
        """Accuracies [seeds, episodes] of each method and column, on the episodes that its methods share."""
        if self.analysis is None:
            return {}
        table = self.analysis.table
        return {
            (cell.method, column): cell.values
            for column, cells in zip(table.columns, table.cells, strict=True)
            for cell in cells
        }

    def facts(self, column: Column) -> ColumnFacts:
        """What is known of a column."""
        return self._columns[column]

    def entries(self, method: str, column: Column | None = None) -> tuple[Entry, ...]:
        """A method in every column, or in one; nothing where it is absent."""
        own = self._entries.get(method, ())
        return own if column is None else tuple(entry for entry in own if entry.column == column)

    def costs(self, method: str, column: Column | None = None) -> tuple[Cost, ...]:
        """What was measured of a method in every column, or in one."""
        own = self._costs.get(method, ())
        return own if column is None else tuple(cost for cost in own if cost.column == column)

    def benchmark(self, column: Column) -> BenchmarkFacts:
        """The data of a column."""
        return next(facts for facts in self.computed.benchmarks if column in facts.columns)

    @cached_property
    def _columns(self) -> dict[Column, ColumnFacts]:
        return {facts.column: facts for facts in self.computed.columns}

    @cached_property
    def _entries(self) -> dict[str, tuple[Entry, ...]]:
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.computed.entries:
            found[entry.method].append(entry)
        return {method: tuple(entries) for method, entries in found.items()}

    @cached_property
    def _costs(self) -> dict[str, tuple[Cost, ...]]:
        found: dict[str, list[Cost]] = defaultdict(list)
        for cost in self.measured.costs:
            found[cost.method].append(cost)
        return {method: tuple(costs) for method, costs in found.items()}
