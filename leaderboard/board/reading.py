"""What a board reads of a store: scored cells, what is broken, and what is told of methods and data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.records import BenchmarkCard, Failure, Origin, Record
from leaderboard.store import OUTCOMES, CorruptRecord, Store

SOURCE = "method.py"
"""The file of a submitted method, beside what it learned."""


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
class Broken:
    """A cell without a result and why; ``cell`` is what is still known of it."""

    key: str
    reason: str
    cell: Failure | Record | None = None


@dataclass(frozen=True)
class Found:
    """The cells of a board: evaluations with their trainings, those of other kinds, and those that are
    corrupt."""

    scored: list[Scored]
    others: list[Record]
    broken: list[Broken]


def read_cells(store: Store, sweep: str | None, planned: frozenset[str] | None) -> Found:
    """The cells of a sweep (None: all; ``planned``: its keys, where it has a plan). A training may be of any
    sweep."""
    trained: dict[str, Record] = {}
    evaluated: list[Record] = []
    others: list[Record] = []
    broken: list[Broken] = []
    for record in store.scan(on_corrupt=lambda error: broken.append(corrupt(error))):
        mine = record.key in planned if planned is not None else sweep in (None, record.sweep)
        if record.kind == "train":
            trained[record.key] = record
        elif mine:
            (evaluated if record.kind == "evaluate" else others).append(record)
    if planned is not None:
        broken = [cell for cell in broken if cell.key in planned]
    scored = []
    for record in evaluated:
        try:
            table = store.table(record, OUTCOMES)
        except CorruptRecord as error:
            broken.append(corrupt(error, record))
            continue
        train = next((trained[key] for key in record.parents if key in trained), None)
        scored.append(Scored(record, train, table["correct"].to_numpy() / table["queries"].to_numpy()))
    return Found(scored, others, broken)


def read_failures(store: Store, sweep: str | None) -> tuple[list[Failure], list[Broken]]:
    """Failures of the sweep (None: all), and those that are corrupt."""
    broken: list[Broken] = []
    return store.failures(sweep, on_corrupt=lambda error: broken.append(corrupt(error))), broken


def read_sources(
    store: Store, trainings: Mapping[str, Iterable[Record]]
) -> tuple[dict[str, str], list[Broken]]:
    """Label -> text of the method's file, from the first of its trainings that keeps one; and the corrupt."""
    sources: dict[str, str] = {}
    broken = {}
    for label, records in trainings.items():
        for record in records:
            try:
                text = store.file(record, SOURCE)
            except CorruptRecord as error:
                broken[record.key] = corrupt(error, record)
                continue
            if text is not None:
                sources[label] = text.decode("utf-8", errors="replace")
                break
    return sources, list(broken.values())


def read_origins(store: Store) -> tuple[dict[str, Origin], str]:
    """Key -> the bundle that brought a record, for those computed elsewhere; and a sentence where that cannot
    be read."""
    try:
        return {key: origin for origin in store.origins() for key in origin.keys}, ""
    except CorruptRecord as error:
        return {}, f"Which records were imported cannot be told: {error.path}: {error.reason}."


def read_cards(store: Store, digests: Iterable[str]) -> dict[str, tuple[BenchmarkCard, bytes] | str]:
    """Digest -> card and contact sheet of the data, or a sentence that says why there are none."""
    cards: dict[str, tuple[BenchmarkCard, bytes] | str] = {}
    for digest in sorted(set(digests)):
        try:
            cards[digest] = store.benchmark(digest) or (
                "This store keeps neither a card nor pictures of these data. Run a sweep on them again: its "
                "finished cells are not computed anew, and card and pictures are put there."
            )
        except CorruptRecord as error:
            cards[digest] = (
                f"Its card is corrupt: {error.path}: {error.reason}. Run a sweep on it to mend that."
            )
        except ValueError as error:
            cards[digest] = f"No card can be kept of these data: {error}."
    return cards


def corrupt(error: CorruptRecord, record: Record | None = None) -> Broken:
    """A cell whose record or files are not what was committed."""
    reason = f"corrupt: {error.path}: {error.reason}; run the sweep again to compute it anew"
    return Broken(error.key, reason, record)
