"""Diversity cells of a store: each benchmark's figures by each ruler, and the cells that cannot be read."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leaderboard.board.diversity.model import Measurement, Ruler
from leaderboard.board.reading import Broken, corrupt
from leaderboard.ranking import Interval
from leaderboard.records import BenchmarkCard, BenchmarkIdentity, Record
from leaderboard.store import CorruptRecord, Store, StoreError

TASKS = "tasks"
"""The table of a diversity cell with a row for each task drawn."""

Pair = tuple[float, float]
Cards = Mapping[str, tuple[BenchmarkCard, bytes] | str]


class _Read(BaseModel):
    """What is read; a cell may hold more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Probe(_Read):
    name: str
    options: dict[str, Any]
    digest: str


class _Measure(_Read):
    version: str
    source_hash: str


class _Task(_Read):
    way: Annotated[int, Field(ge=2)]
    shot: Annotated[int, Field(ge=1)]
    query: Annotated[int, Field(ge=1)]


class _Spec(_Read):
    measure: _Measure
    split: str
    task: _Task
    tasks: Annotated[int, Field(ge=2)]
    seed: int
    probe: _Probe
    estimator: str


class _Results(_Read):
    mean: float
    interval: Pair
    pair_interval: Pair
    floor: float | None
    floor_interval: Pair | None
    standardized: float | None
    complexity: float
    complexity_interval: Pair
    effective_tasks: float
    probe: str


def read_diversity(
    store: Store, records: Iterable[Record], cards: Cards
) -> tuple[tuple[Ruler, ...], tuple[Measurement, ...], list[Broken]]:
    """Rulers, measurements by them, and what is broken; ``records`` of other kinds are passed over.

    Where a benchmark was measured several times by one ruler, the measurement with most tasks counts, and of
    equal ones that of the lowest seed.
    """
    rulers: dict[str, Ruler] = {}
    found: dict[tuple[str, str], Measurement] = {}
    broken = []
    for record in records:
        if record.kind != "diversity" or record.benchmark is None:
            continue
        try:
            ruler, measurement = _read(store, record, cards)
        except CorruptRecord as error:
            broken.append(corrupt(error, record))
            continue
        except (ValidationError, StoreError, KeyError) as error:
            broken.append(Broken(record.key, f"it cannot be read as a measurement: {_told(error)}", record))
            continue
        rulers[ruler.id] = ruler
        place = measurement.digest, ruler.id
        found[place] = min(found.get(place, measurement), measurement, key=lambda m: (-m.tasks, m.seed))
    return _labelled(rulers), tuple(found[place] for place in sorted(found)), broken


def _read(store: Store, record: Record, cards: Cards) -> tuple[Ruler, Measurement]:
    spec, results = _Spec.model_validate(record.spec), _Results.model_validate(record.results)
    ruler = _ruler(spec, results.probe)
    assert record.benchmark is not None
    drawn = set(store.table(record, TASKS)["domain"].to_pylist())
    domains = None if None in drawn else len(drawn)
    return ruler, Measurement(
        key=record.key,
        digest=record.benchmark.digest,
        ruler=ruler.id,
        tasks=spec.tasks,
        seed=spec.seed,
        mean=Interval(results.mean, *results.interval),
        pairs=Interval(results.mean, *results.pair_interval),
        floor=_interval(results.floor, results.floor_interval),
        standardized=results.standardized,
        complexity=Interval(results.complexity, *results.complexity_interval),
        effective_tasks=results.effective_tasks,
        domains=domains,
        classes_per_domain=_classes_per_domain(record.benchmark, spec.split, domains, cards),
    )


def _classes_per_domain(
    data: BenchmarkIdentity, split: str, domains: int | None, cards: Cards
) -> float | None:
    made = data.options.get("classes_per_domain")
    made = made.get(split) if isinstance(made, Mapping) else made
    if isinstance(made, int):
        return float(made)
    card = cards.get(data.digest, "")
    size = None if isinstance(card, str) else card[0].splits.get(split)
    return None if size is None or not domains else size.classes / domains


def _interval(estimate: float | None, ends: Pair | None) -> Interval | None:
    return None if estimate is None else Interval(estimate, *(ends or (None, None)))


def _ruler(spec: _Spec, label: str) -> Ruler:
    parts = {**spec.model_dump(exclude={"tasks", "seed"})}
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return Ruler(
        id=f"ruler-{digest[:8]}",
        label=label,
        probe=spec.probe.name,
        options=spec.probe.options,
        probe_digest=spec.probe.digest,
        estimator=spec.estimator,
        split=spec.split,
        way=spec.task.way,
        shot=spec.task.shot,
        query=spec.task.query,
        version=spec.measure.version,
        source_hash=spec.measure.source_hash,
    )


def _labelled(rulers: Mapping[str, Ruler]) -> tuple[Ruler, ...]:
    """Rulers by label; those of one label with what sets them apart."""
    ordered = sorted(rulers.values(), key=lambda ruler: (ruler.label, ruler.id))
    shared = Counter(ruler.label for ruler in ordered)
    return tuple(
        replace(
            ruler, label=f"{ruler.label} ({_apart(ruler, [r for r in ordered if r.label == ruler.label])})"
        )
        if shared[ruler.label] > 1
        else ruler
        for ruler in ordered
    )


def _apart(ruler: Ruler, alike: list[Ruler]) -> str:
    said: dict[str, set[Any]] = {
        f"{ruler.way}-way tasks of {ruler.shot} + {ruler.query}": {(r.way, r.shot, r.query) for r in alike},
        f"{ruler.split} split": {r.split for r in alike},
        ruler.estimator: {r.estimator for r in alike},
        f"weights {ruler.probe_digest[:8]}": {r.probe_digest for r in alike},
        f"version {ruler.version}": {r.version for r in alike},
        f"source {ruler.source_hash[:8]}": {r.source_hash for r in alike},
    }
    return ", ".join(words for words, values in said.items() if len(values) > 1) or ruler.id


def _told(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"
    return f"its table {TASKS} has no column {error}" if isinstance(error, KeyError) else str(error)
