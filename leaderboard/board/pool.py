"""From a store to what is ranked: outcomes by method and column; and every cell without, with its reason."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.board.columns import column_of
from leaderboard.board.entrants import describe, identity, unique_labels
from leaderboard.board.model import Hole, MethodFacts
from leaderboard.ranking import Column, Outcomes, Run
from leaderboard.records import Failure, Plan, Record
from leaderboard.store import OUTCOMES, CorruptRecord, Store, StoreError


@dataclass(frozen=True)
class Scored:
    """An evaluate cell, what it was trained by, and its accuracy in 0..1 on each episode [episodes]."""

    record: Record
    train: Record | None
    accuracy: NDArray[np.float64]

    @property
    def seed(self) -> int:
        """The seed of its training."""
        return self.record.seed or 0


@dataclass(frozen=True)
class Pool:
    """What there is to rank: seeds in order for each (method label, column), and what is missing."""

    methods: tuple[MethodFacts, ...]
    cells: dict[tuple[str, Column], tuple[Scored, ...]]
    failures: tuple[Failure, ...]
    holes: tuple[Hole, ...]
    notes: tuple[str, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns in which any method has a result, sorted."""
        return tuple(sorted({column for _, column in self.cells}))

    def outcomes(self) -> Outcomes:
        """What is ranked; methods that adapt the same checkpoints are paired by seed too."""
        return Outcomes.collect(
            Run(method, column, cell.seed, cell.accuracy, "" if cell.train is None else cell.train.key)
            for (method, column), cells in self.cells.items()
            for cell in cells
        )

    def episodes(self) -> dict[Column, int]:
        """How many episodes every cell of a column has: numbered alike, so the first ones are shared."""
        counts: dict[Column, list[int]] = defaultdict(list)
        for (_, column), cells in self.cells.items():
            counts[column] += [len(cell.accuracy) for cell in cells]
        return {column: min(lengths) for column, lengths in sorted(counts.items())}


def gather(store: Store, sweep: str | None = None) -> Pool:
    """Everything in the store (of one sweep, if given) that a board shows. Reads only.

    A corrupt cell becomes a hole. Raises StoreError where there is no store, or no such sweep in it.
    """
    if not store.exists:
        raise StoreError(f"there is no store at {store.url}: run a sweep into it first, or mend the path")
    plan = None if sweep is None else store.plan(sweep)
    scored, holes = _read(store, sweep, None if plan is None else frozenset(plan.keys))
    done = frozenset(store.keys())
    failed = store.failures(sweep, on_corrupt=lambda error: holes.append(_corrupt(error)))
    failures = tuple(failure for failure in failed if failure.key not in done)
    holes += [_hole(failure, failure.reason) for failure in failures]
    if sweep is not None and plan is None and not (scored or holes):
        known = ", ".join(sorted({*store.plans(), *(record.sweep for record in store.scan())})) or "none"
        raise StoreError(f"the store {store.url} has no sweep {sweep!r}; it has {known}")
    methods, cells, notes = _by_method(scored)
    if plan is not None:
        notes += _unfinished(plan, done | {failure.key for failure in failed})
    order = sorted(set(holes), key=lambda hole: (hole.method or "~", hole.benchmark or "~", hole.key))
    return Pool(methods, cells, failures, tuple(order), tuple(notes))


def _read(store: Store, sweep: str | None, planned: frozenset[str] | None) -> tuple[list[Scored], list[Hole]]:
    """Evaluate cells with their trainings (of any sweep), and a hole for every corrupt cell."""
    trained: dict[str, Record] = {}
    evaluated: list[Record] = []
    holes: list[Hole] = []
    for record in store.scan(on_corrupt=lambda error: holes.append(_corrupt(error))):
        mine = record.key in planned if planned is not None else sweep in (None, record.sweep)
        if record.kind == "train":
            trained[record.key] = record
        elif record.kind == "evaluate" and mine:
            evaluated.append(record)
    if planned is not None:
        holes = [hole for hole in holes if hole.key in planned]
    scored = []
    for record in evaluated:
        try:
            table = store.table(record, OUTCOMES)
        except CorruptRecord as error:
            holes.append(_hole(record, _reason(error)))
            continue
        train = next((trained[key] for key in record.parents if key in trained), None)
        scored.append(Scored(record, train, table["correct"].to_numpy() / table["queries"].to_numpy()))
    return scored, holes


def _by_method(
    scored: list[Scored],
) -> tuple[tuple[MethodFacts, ...], dict[tuple[str, Column], tuple[Scored, ...]], list[str]]:
    found = {}
    identities = []
    for cell in scored:
        facts = describe(cell.record, cell.train)
        key = identity(facts)
        identities.append(key)
        found[key] = facts
    labels, notes = unique_labels(found)
    grouped: dict[tuple[str, Column], dict[int, list[Scored]]] = defaultdict(lambda: defaultdict(list))
    for key, cell in zip(identities, scored, strict=True):
        grouped[labels[key], column_of(cell.record)][cell.seed].append(cell)
    cells = {}
    for place in sorted(grouped):
        seeds = grouped[place]
        cells[place] = tuple(_one(seeds[seed]) for seed in sorted(seeds))
        surplus = sum(len(same) - 1 for same in seeds.values())
        if surplus:
            notes.append(
                f"{place[0]} has {surplus} further evaluation{'s' * (surplus > 1)} of the same seeds on "
                f"{place[1].title}: the one with most episodes counts."
            )
    methods = tuple(
        sorted(
            (MethodFacts(**{**vars(found[key]), "label": labels[key]}) for key in found),
            key=lambda facts: facts.label,
        )
    )
    return methods, cells, notes


def _one(same_seed: list[Scored]) -> Scored:
    return min(same_seed, key=lambda cell: (-len(cell.accuracy), cell.record.key))


def _unfinished(plan: Plan, done: frozenset[str]) -> list[str]:
    missing = len(set(plan.keys) - done)
    if not missing:
        return []
    verb = "has" if missing == 1 else "have"
    return [f"{missing:,} of the sweep's {len(plan.keys):,} planned cells {verb} not been computed yet."]


def _corrupt(error: CorruptRecord) -> Hole:
    return Hole(error.key, None, None, None, None, _reason(error))


def _reason(error: CorruptRecord) -> str:
    return f"corrupt: {error.path}: {error.reason}; run the sweep again to compute it anew"


def _hole(cell: Record | Failure, reason: str) -> Hole:
    return Hole(
        key=cell.key,
        kind=cell.kind,
        method=cell.method.label if cell.method else None,
        benchmark=cell.benchmark.name if cell.benchmark else None,
        seed=cell.seed,
        reason=reason,
    )
