"""From a store to what is ranked: outcomes by method and column; and every cell without, with its reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from leaderboard.board.columns import column_of, track_of
from leaderboard.board.diversity.model import Measurement, Ruler
from leaderboard.board.diversity.reading import read_diversity
from leaderboard.board.entrants import concerned, describe, describe_failed, identity, unique_labels
from leaderboard.board.model import Hole, MethodFacts
from leaderboard.board.naming import own_name, titled
from leaderboard.board.prediction.model import Measurements
from leaderboard.board.prediction.reading import read_measurements
from leaderboard.board.reading import (
    Broken,
    Scored,
    read_cards,
    read_cells,
    read_failures,
    read_origins,
    read_sources,
)
from leaderboard.ranking import Column, Outcomes, Run
from leaderboard.records import BenchmarkCard, BenchmarkIdentity, Failure, Origin, Plan, Record, subject
from leaderboard.store import Store, StoreError

Cells = Mapping[tuple[str, Column], tuple[Scored, ...]]


@dataclass(frozen=True)
class Pool:
    """What there is to rank: seeds in order for each (method label, column), and what is missing.

    ``unranked`` are methods without any result; ``failed`` the failures that concern a method, by its label;
    ``sources`` the files of submitted methods, by label; ``cards`` what the store tells of data, by digest:
    card and contact sheet, or why it tells nothing; ``finished`` the keys of all cells that the store has;
    ``others`` the cells that are neither trainings nor evaluations; ``measurements`` what those of diversity
    found, each by one of the ``rulers``; ``origins`` the bundles that brought records, by their keys;
    ``measured`` the figures of trained representations; ``tracks`` the track of each hole, by its key.
    """

    methods: tuple[MethodFacts, ...]
    unranked: tuple[MethodFacts, ...]
    cells: Cells
    failed: Mapping[str, tuple[Failure, ...]]
    holes: tuple[Hole, ...]
    notes: tuple[str, ...]
    sources: Mapping[str, str]
    cards: Mapping[str, tuple[BenchmarkCard, bytes] | str]
    finished: frozenset[str]
    others: tuple[Record, ...] = ()
    rulers: tuple[Ruler, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=dict)
    measured: tuple[Measurements, ...] = ()
    tracks: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def data(self) -> Mapping[str, BenchmarkIdentity]:
        """Digest -> data that methods were scored on, or whose diversity was measured."""
        scored = (cell.record for cells in self.cells.values() for cell in cells)
        diversity = (record for record in self.others if record.kind == "diversity")
        found = {r.benchmark.digest: r.benchmark for r in (*scored, *diversity) if r.benchmark is not None}
        return dict(sorted(found.items()))

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Digest -> what the data are called on this board; no two share a name."""
        return titled(self.data)

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
    found = read_cells(store, sweep, None if plan is None else frozenset(plan.keys))
    scored, broken = found.scored, found.broken
    done = frozenset(store.keys())
    failed, damaged = read_failures(store, sweep)
    failures = [failure for failure in failed if failure.key not in done]
    broken += [*damaged, *(Broken(failure.key, failure.reason, failure) for failure in failures)]
    if sweep is not None and plan is None and not (scored or broken or found.others):
        known = ", ".join(sorted({*store.plans(), *(record.sweep for record in store.scan())})) or "none"
        raise StoreError(f"the store {store.url} has no sweep {sweep!r}; it has {known}")
    ranked, unranked = _entrants(scored, failures)
    labels, notes = unique_labels({**ranked, **unranked})
    cells, repeated = _by_method(scored, labels)
    cards = read_cards(store, _digests([*(cell.record for cell in scored), *found.others]))
    rulers, measurements, unread = read_diversity(store, found.others, cards)
    measured, unlike = read_measurements(found.others)
    sources, unreadable = read_sources(store, _trainings(cells))
    origins, untold = read_origins(store)
    everyone = {**ranked, **unranked}
    broken += [*unreadable, *unread, *unlike]
    unfinished = [] if plan is None else _unfinished(plan, done | {failure.key for failure in failed})
    return Pool(
        methods=_labelled(ranked, labels),
        unranked=_labelled(unranked, labels),
        cells=cells,
        failed=_failed(failures, everyone, labels),
        holes=_holes(broken, everyone, labels),
        notes=(*notes, *repeated, *unfinished, *filter(None, [untold])),
        sources=sources,
        cards=cards,
        finished=done,
        others=tuple(found.others),
        rulers=rulers,
        measurements=measurements,
        origins=origins,
        measured=measured,
        tracks={lost.key: track_of(lost.cell) for lost in broken},
    )


def _digests(records: Iterable[Record]) -> set[str]:
    return {record.benchmark.digest for record in records if record.benchmark is not None}


def _entrants(
    scored: Iterable[Scored], failures: Iterable[Failure]
) -> tuple[dict[str, MethodFacts], dict[str, MethodFacts]]:
    """Methods by identity: those with results, and those that failures alone tell of."""
    ranked = {}
    for cell in scored:
        facts = describe(cell.record, cell.train)
        ranked[identity(facts)] = facts
    unranked = {}
    for failure in failures:
        failing = None if failure.kind == "measure" else describe_failed(failure)
        if failing is not None and not concerned(failure, ranked):
            unranked[identity(failing)] = failing
    return ranked, unranked


def _by_method(scored: Iterable[Scored], labels: Mapping[str, str]) -> tuple[Cells, list[str]]:
    grouped: dict[tuple[str, Column], dict[int, list[Scored]]] = defaultdict(lambda: defaultdict(list))
    for cell in scored:
        label = labels[identity(describe(cell.record, cell.train))]
        grouped[label, column_of(cell.record)][cell.seed].append(cell)
    cells, notes = {}, []
    for place in sorted(grouped):
        seeds = grouped[place]
        cells[place] = tuple(_one(seeds[seed]) for seed in sorted(seeds))
        surplus = sum(len(same) - 1 for same in seeds.values())
        if surplus:
            notes.append(
                f"{place[0]} has {surplus} further evaluation{'s' * (surplus > 1)} of the same seeds on "
                f"{place[1].title}: the one with most episodes counts."
            )
    return cells, notes


def _one(same_seed: list[Scored]) -> Scored:
    return min(same_seed, key=lambda cell: (-len(cell.accuracy), cell.record.key))


def _labelled(found: Mapping[str, MethodFacts], labels: Mapping[str, str]) -> tuple[MethodFacts, ...]:
    named = [replace(facts, label=labels[key]) for key, facts in found.items()]
    return tuple(sorted(named, key=lambda facts: facts.label))


def _trainings(cells: Cells) -> dict[str, list[Record]]:
    trainings: dict[str, list[Record]] = defaultdict(list)
    for (label, _), scored in cells.items():
        trainings[label] += [cell.train for cell in scored if cell.train is not None]
    return trainings


def _failed(
    failures: Iterable[Failure], methods: Mapping[str, MethodFacts], labels: Mapping[str, str]
) -> dict[str, tuple[Failure, ...]]:
    found: dict[str, list[Failure]] = defaultdict(list)
    for failure in failures:
        for key in concerned(failure, methods):
            found[labels[key]].append(failure)
    return {label: tuple(mine) for label, mine in found.items()}


def _holes(
    broken: Iterable[Broken], methods: Mapping[str, MethodFacts], labels: Mapping[str, str]
) -> tuple[Hole, ...]:
    holes = set()
    for lost in broken:
        cell = lost.cell
        rows = () if cell is None else tuple(sorted(labels[key] for key in concerned(cell, methods)))
        holes.add(
            Hole(
                key=lost.key,
                kind=cell.kind if cell else None,
                method=_who(cell),
                benchmark=own_name(cell.benchmark.name, cell.benchmark.options)
                if cell and cell.benchmark
                else None,
                seed=cell.seed if cell else None,
                reason=lost.reason,
                concerns=rows,
            )
        )
    return tuple(sorted(holes, key=lambda hole: (hole.method or "~", hole.benchmark or "~", hole.key)))


def _who(cell: Failure | Record | None) -> str | None:
    """The method's label, or what a cell of none is about."""
    if cell is None:
        return None
    return cell.method.label if cell.method is not None else subject(cell.kind, cell.spec)


def _unfinished(plan: Plan, done: frozenset[str]) -> list[str]:
    missing = len(set(plan.keys) - done)
    if not missing:
        return []
    verb = "has" if missing == 1 else "have"
    return [f"{missing:,} of the sweep's {len(plan.keys):,} planned cells {verb} not been computed yet."]
