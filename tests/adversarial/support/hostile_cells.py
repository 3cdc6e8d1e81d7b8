"""Cells of a hostile method, run as a worker runs them, in this process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine_sweeps import BUDGET, sweep

import tasks
from leaderboard.records import BenchmarkIdentity, MethodIdentity, Protocol
from leaderboard.store import Store
from suite.engine.body import execute
from suite.engine.cells import Cell, Shape, evaluate_cell, train_cell
from suite.engine.outcomes import Outcome
from suite.isolation import Code
from tests.support.jobs import job

WAY, EPISODES = 3, 12
CHANCE = 1 / WAY


@dataclass(frozen=True)
class Result:
    """How the two cells ended; ``accuracy`` is None where there is no record."""

    train: Outcome
    evaluate: Outcome | None
    accuracy: float | None

    @property
    def outcome(self) -> Outcome:
        """Of the cell that failed, or of the last."""
        return self.evaluate if self.evaluate is not None else self.train


def run(
    code: Code, folder: Path, *, seconds: float = 60, memory_mib: int = 1_536, walled: bool = True
) -> Result:
    """Train and evaluate ``code`` on a tiny benchmark, in a store of its own in ``folder``."""
    store = sweep(folder / "store").store
    cells = _cells(code)
    # The limit of memory is the walled process's, and this one's.
    limits = {"memory_mib": memory_mib, "seconds": seconds}

    def outcome(cell: Cell) -> Outcome:
        return execute(job(cell, store, modules=("engine_doubles",), code=code, walled=walled, **limits))

    trained = outcome(cells[0])
    if trained.fault is not None:
        return Result(trained, None, None)
    evaluated = outcome(cells[1])
    record = Store(store).get(cells[1].key)
    return Result(trained, evaluated, record.results["mean_accuracy"] if record else None)


def _cells(code: Code) -> tuple[Cell, Cell]:
    benchmark = tasks.load("engine_stripes")
    known = BenchmarkIdentity(name=benchmark.name, options=dict(benchmark.options), digest=benchmark.digest)
    method = MethodIdentity(name=code.name, version="1", source_hash="0" * 64, arguments={}, label=code.name)
    protocol = Protocol(track="few-shot", way=WAY, shot=1, query=3, episodes=EPISODES, seed=0)
    train = train_cell(method, known, Shape(WAY, 1, 3), BUDGET, 0)
    return train, evaluate_cell(method, known, protocol, 0, train)
