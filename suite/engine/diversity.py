"""A diversity cell: how different the tasks of one benchmark are to one probe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch

import tasks
from leaderboard.records import BenchmarkIdentity
from suite.config import DiversityConfig, ProbeConfig
from suite.engine.cells import Cell
from suite.engine.diversity_tables import results, tables
from suite.engine.work import Desk, HostLacks, Work, load_benchmark
from suite.measures import diversity_coefficient, redraw
from suite.methods.identity import source_hash
from suite.probes import Probe, ProbeLacks, UnknownProbe, probe

NAME, VERSION = "diversity_coefficient", "1"
# Enough for a floor that is known far better than the difference to what stands on it.
_REDRAWN = 20
_SOURCES = tuple(
    f"suite.measures.{name}"
    for name in ("diversity", "diversity_floor", "diversity_statistics", "task2vec", "fisher", "montecarlo")
)


@dataclass(frozen=True)
class Ruler:
    """What a benchmark's diversity is measured with: a probe, and the tasks that it is shown."""

    probe: Probe
    wanted: DiversityConfig
    mc: bool = False


def rulers(wanted: DiversityConfig, *, mc: bool = False) -> list[Ruler]:
    """A ruler for each probe of ``wanted``.

    Raises ValueError for a probe that does not exist or cannot be had here, TypeError for an option that it
    does not take.
    """
    return [Ruler(_probe(given), wanted, mc) for given in wanted.probes]


def diversity_cell(identity: BenchmarkIdentity, benchmark: tasks.Benchmark, ruler: Ruler) -> Cell:
    """Measure the diversity of ``benchmark`` with ``ruler``.

    Raises ValueError where it has too few classes or images for the tasks asked for.
    """
    wanted, found = ruler.wanted, ruler.probe
    _episodes(benchmark, asdict(wanted))
    spec = {
        "benchmark": identity.model_dump(mode="json"),
        "measure": {"name": NAME, "version": VERSION, "source_hash": _source_hash()},
        "split": wanted.split,
        "task": {"way": wanted.way, "shot": wanted.shot, "query": wanted.query},
        "tasks": wanted.tasks,
        "redrawn": min(wanted.tasks, _REDRAWN),
        "seed": wanted.seed,
        "probe": {"name": found.name, "options": dict(found.options), "digest": found.digest},
        "estimator": "monte carlo" if ruler.mc else "exact",
    }
    return Cell("diversity", spec, benchmark=identity, seed=wanted.seed)


def diversity(cell: Cell, desk: Desk) -> Work:
    """Embed the tasks, and compare each two of them."""
    assert cell.benchmark is not None
    spec = cell.spec
    found = _planned_probe(spec["probe"])
    benchmark = load_benchmark(cell.benchmark)
    episodes = _episodes(benchmark, {**spec, **spec["task"]})
    redrawn = redraw(episodes, spec["redrawn"])
    drawn = [episodes[i] for i in range(spec["tasks"])]
    whole = len(drawn) + sum(map(len, redrawn.draws.values()))

    def on_task(done: int) -> None:
        desk.progress(done / whole, done * len(drawn[0].indices))

    if torch.cuda.is_available():
        found.module.cuda()
    mc = spec["estimator"] == "monte carlo"
    measured = diversity_coefficient(drawn, found, redrawn=redrawn, mc=mc, on_task=on_task)
    told = {"probe": found.label, "split": spec["split"], **spec["task"]}
    return Work({**results(measured), **told}, tables(measured, episodes))


def _episodes(benchmark: tasks.Benchmark, told: Mapping[str, Any]) -> tasks.Episodes:
    return tasks.Episodes(
        benchmark, told["split"], told["way"], told["shot"], told["query"], told["seed"], told["tasks"]
    )


def _probe(given: ProbeConfig) -> Probe:
    try:
        return probe(given.name, **given.options)
    except (UnknownProbe, ProbeLacks) as error:
        raise ValueError(str(error)) from error


def _planned_probe(told: Mapping[str, Any]) -> Probe:
    """The probe that a cell was planned with. Raises HostLacks where this host has another by its name."""
    try:
        found = probe(told["name"], **told["options"])
    except ProbeLacks as error:
        raise HostLacks(str(error)) from error
    if found.digest != told["digest"]:
        raise HostLacks(
            f"the probe {found.label} has digest {found.digest[:12]} there, and {told['digest'][:12]} where "
            "the measurement was planned; install the same versions on both"
        )
    return found


def _source_hash() -> str:
    return source_hash(_SOURCES[0], also=_SOURCES)
