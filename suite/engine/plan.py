"""From a sweep to its cells: what there is to compute, in one fixed order, and what of it the store has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import tasks
from leaderboard.records import BenchmarkIdentity, CellKind, Failure, Protocol
from leaderboard.store import Store
from suite import submission
from suite.config import MethodConfig, ProtocolConfig, SweepConfig
from suite.engine.cells import Cell, Shape, evaluate_cell, train_cell
from suite.engine.diversity import diversity_cell, rulers
from suite.engine.identity import Identified, identify, identify_walled
from suite.engine.priorities import priorities
from suite.engine.schedule import children, descendants
from suite.engine.terms import Terms
from suite.engine.transfers import too_many_labels, transfer_cells
from suite.isolation import Code
from suite.methods.source import Budget

_ORDER: Mapping[CellKind, int] = {"train": 0, "evaluate": 1}


@dataclass(frozen=True)
class Plan:
    """Cells, parents before children, and where each stands in the store.

    ``terms`` are those of the sweep, or of the errand, that wants them. A parent that is no cell of the plan
    must be in the store. ``done``: keys of finished cells -> seconds they took. ``failed``: quarantined
    cells. ``blocked``: keys of cells that build on those. ``codes``: what a worker must load to have their
    methods, by name. ``notes``: sentences on what is not as one might expect. ``priorities``: of the
    cells to which the sweep gives one.
    """

    terms: Terms
    cells: tuple[Cell, ...]
    codes: Mapping[str, Code] = field(default_factory=dict)
    done: Mapping[str, float] = field(default_factory=dict)
    failed: Mapping[str, Failure] = field(default_factory=dict)
    blocked: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    priorities: Mapping[str, int] = field(default_factory=dict)

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules that register the suite's own methods on import; submissions have none."""
        return tuple(sorted({code.module for code in self.codes.values() if not code.submitted}))

    @property
    def pending(self) -> tuple[Cell, ...]:
        """Cells still to be computed, in order."""
        settled = {*self.done, *self.failed, *self.blocked}
        return tuple(cell for cell in self.cells if cell.key not in settled)


def plan(sweep: SweepConfig) -> Plan:
    """The cells of ``sweep``, all still to be computed. Its benchmarks and transfer tasks are loaded, hence
    prepared, for their digests.

    Raises what the registries raise for unknown names, and ValueError where a benchmark has too few classes
    or images for a protocol, every transfer task for the labels, or a priority selects nothing: all before
    anything is computed.
    """
    notes = tuple(too_many_labels(sweep))
    submitted = {found.name: found for found in map(submission.read, sweep.submissions)}
    methods = [
        _identify(method, sweep, network, submitted.get(method.name))
        for network in sweep.model.networks
        for method in sweep.methods
    ]
    measured_by = rulers(sweep.diversity)
    cells: dict[str, Cell] = {}
    for options in sweep.benchmarks:
        benchmark = tasks.load(options.name, **options.options)
        identity = BenchmarkIdentity(
            name=benchmark.name, options=dict(benchmark.options), digest=benchmark.digest
        )
        for protocol in _protocols(sweep.protocols, options.name):
            _check(benchmark, protocol)
            for seed in sweep.seeds:
                for method in methods:
                    for cell in _chain(method, identity, protocol, sweep.budget, seed):
                        cells.setdefault(cell.key, cell)
        for ruler in measured_by:
            cell = diversity_cell(identity, benchmark, ruler)
            cells.setdefault(cell.key, cell)
    for cell in transfer_cells(sweep, methods):
        cells.setdefault(cell.key, cell)
    # All trainings, then all evaluations, then the rest: the order in which a person would read them.
    ordered = tuple(sorted(cells.values(), key=lambda cell: _ORDER.get(cell.kind, len(_ORDER))))
    codes = {method.code.name: method.code for method in methods}
    return Plan(sweep, ordered, codes, notes=notes, priorities=priorities(sweep.priorities, ordered))


def look_up(bare: Plan, store: Store, *, retry: bool = False) -> Plan:
    """``bare`` with what ``store`` knows of its cells.

    Checksums are verified: corrupt records are set aside, and count as not computed. Quarantined cells stay
    so unless ``retry``, and block those that build on them.
    """
    # Behind a URL, files are compared where they are needed: they would all have to come to this host.
    found = store.found([cell.key for cell in bare.cells], verify_files=store.location.local is not None)
    done = {record.key: record.measured.wall_seconds for record in found}
    kept = {} if retry else {failure.key: failure for failure in store.failures()}
    failed = {cell.key: kept[cell.key] for cell in bare.cells if cell.key in kept and cell.key not in done}
    below = children(bare.cells)
    blocked = {child for key in failed for child in descendants(key, below)} - done.keys() - failed.keys()
    return replace(bare, done=done, failed=failed, blocked=frozenset(blocked))


def _identify(
    method: MethodConfig,
    sweep: SweepConfig,
    network: Mapping[str, str | int],
    submitted: submission.Submission | None,
) -> Identified:
    series = sweep.model.series
    if submitted is None:
        return identify(method.name, method.arguments, network, series=series)
    if not sweep.trust:
        return identify_walled(submitted, method.arguments, network, series=series)
    submission.load_trusted(submitted.code)
    return identify(method.name, method.arguments, network, submitted.code, series=series)


def _chain(
    method: Identified, benchmark: BenchmarkIdentity, protocol: ProtocolConfig, budget: Budget, seed: int
) -> tuple[Cell, Cell]:
    shape = Shape(protocol.way, protocol.shot, protocol.query)
    train = train_cell(method.training, benchmark, shape, budget, seed)
    scored = Protocol.model_validate(
        {name: getattr(protocol, name) for name in Protocol.model_fields}, strict=True
    )
    return train, evaluate_cell(method.whole, benchmark, scored, seed, train)


def _protocols(protocols: Sequence[ProtocolConfig], benchmark: str) -> list[ProtocolConfig]:
    return [protocol for protocol in protocols if not protocol.benchmarks or benchmark in protocol.benchmarks]


def _check(benchmark: tasks.Benchmark, protocol: ProtocolConfig) -> None:
    for split in tasks.SPLITS:
        tasks.Episodes(benchmark, split, protocol.way, protocol.shot, protocol.query, protocol.seed)
