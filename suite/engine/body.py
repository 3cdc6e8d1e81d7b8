"""What runs in a worker: one cell, from a clean state to its record in the store."""

from __future__ import annotations

import platform
import socket
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import lru_cache
from importlib import import_module, metadata
from pathlib import Path

import psutil
import torch

from leaderboard.records import CellKind, Measured, Record
from leaderboard.store import Store, StoreError
from suite.config import Tracking
from suite.engine import distributed, tracking
from suite.engine.cells import Cell
from suite.engine.gpus import gauge, nothing
from suite.engine.guard import Cost, Guard, prepare, thread_count, time_sentence
from suite.engine.opening import Doors
from suite.engine.outcomes import Outcome
from suite.engine.progress import Report, Reporter, Voice
from suite.engine.work import Desk, HostLacks, ParentMissing, Work
from suite.errors import first_line
from suite.isolation import Code, Limits
from suite.isolation.errors import Misbehaved, NoWalls, OutOfTime, Raised, WallsFell
from suite.methods import MethodError
from suite.submission import load_trusted


@dataclass(frozen=True)
class Job:
    """A cell and how it is to be run. ``token`` tells this attempt from all others, of other drivers too.

    ``store`` is a folder's absolute path, ``reports`` the folder for word of running cells; ``modules``
    register the sweep's methods; ``code`` is that of the cell's own method, which runs behind walls where it
    is ``walled``.
    """

    cell: Cell
    sweep: str
    store: str
    reports: str
    modules: tuple[str, ...]
    attempt: int
    token: str
    cpus: float
    gpus: float
    memory_mib: int
    seconds: float
    tracking: Tracking
    code: Code | None = None
    walled: bool = False


Keep = Callable[[Store, Record, Work], object]
"""What commits a record and its files to a store, now or later."""


def execute(job: Job) -> Outcome:
    """Run a cell and commit its record; whatever goes wrong in it comes back as an Outcome."""
    try:
        with presence(job) as (reporter, scratch):
            return attempt(job, reporter, scratch, put)
    except OSError as error:
        return unwritable(job, error)


@contextmanager
def presence(job: Job) -> Iterator[tuple[Reporter, Path]]:
    """Word of this process under the cell's key, and a folder for its files, while the block runs.

    Raises OSError where neither can be written.
    """
    process = psutil.Process()
    report = Report(job.token, process.pid, process.create_time(), socket.gethostname(), node=node())
    if "://" in job.store:  # what the driver made is on its own host
        Path(job.reports).mkdir(parents=True, exist_ok=True)
    reporter = Reporter(Path(job.reports), job.cell.key, report, gauge() if job.gpus else nothing)
    try:
        with tempfile.TemporaryDirectory(dir=job.reports, prefix=f"{job.cell.key}.") as scratch:
            yield reporter, Path(scratch)
    finally:
        reporter.close()


def node() -> str:
    """Ray's name for the host of this process; empty outside a cluster."""
    import ray

    return str(ray.get_runtime_context().get_node_id()) if ray.is_initialized() else ""


def unwritable(job: Job, error: OSError) -> Outcome:
    """What is told where not even the first word of a cell could be written."""
    return Outcome("store", f"the store {job.store} cannot be written to: {error.strerror or error}")


def put(store: Store, record: Record, work: Work) -> None:
    """Commit a record with what the cell computed."""
    store.put(record, work.tables, work.files)


def attempt(job: Job, reporter: Voice, scratch: Path, keep: Keep) -> Outcome:
    """Run a cell and hand its record to ``keep``; ``scratch`` is an empty folder for what it writes."""
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    run = tracking.Run()
    try:
        load_code(job)
        store = Store(job.store)
        if store.get(job.cell.key) is not None:  # an orphan of an earlier driver was faster
            return Outcome()
        prepare(job.cell.seed or 0, job.cpus, job.gpus)
        run = tracking.start(job.tracking, job.cell, job.sweep, job.attempt, store.location.writable())
        with Guard(job.memory_mib, job.seconds, reporter.condemn) as guard:
            reporter.enter("working")
            opened = doors(job)
            work = _compute(job, _desk(job, opened, store, scratch, reporter, run), opened)
            cost = guard.conclude().beside(opened.used)
            reporter.enter("closing")
            run.finish(work.results)
            keep(store, _record(job, work, _measured(job, started, cost, run, opened)), work)
        return Outcome(seconds=cost.wall_seconds, figure=work.figure, tracking=run.problem)
    except (Exception, SystemExit) as error:  # noqa: BLE001 whatever a method raises: it is told, with its traceback
        run.fail()
        return blamed(error, job, run.problem)


def load_code(job: Job) -> None:
    """Import what registers the cell's method. Raises HostLacks where it cannot be."""
    for module in job.modules:
        _import(module)
    if job.code is not None and job.code.submitted and not job.walled:
        load_trusted(job.code)


def doors(job: Job) -> Doors:
    """What opens the cell's method."""
    limits = Limits(memory_mib=job.memory_mib, seconds=job.seconds)
    return Doors(job.cell.method, job.code, limits, walled=job.walled)


def _compute(job: Job, desk: Desk, doors: Doors) -> Work:
    if distributed.is_shared(job.cell.kind, job.gpus):
        return distributed.train(job, desk, doors.add)
    return _worker(job.cell)(job.cell, desk)


def _desk(job: Job, doors: Doors, store: Store, scratch: Path, reporter: Voice, run: tracking.Run) -> Desk:
    opened = doors.open(seed=job.cell.seed or 0, threads=thread_count(job.cpus), gpus=job.gpus)
    return Desk(store, scratch, reporter.update, run.log, opened, job.code)


def _record(job: Job, work: Work, measured: Measured) -> Record:
    cell = job.cell
    return Record(
        key=cell.key,
        kind=cell.kind,
        sweep=job.sweep,
        spec=dict(cell.spec),
        parents=cell.parents,
        method=cell.method,
        benchmark=cell.benchmark,
        protocol=cell.protocol,
        seed=cell.seed,
        results=work.results,
        measured=measured,
    )


def _measured(job: Job, started: str, cost: Cost, run: tracking.Run, doors: Doors) -> Measured:
    return Measured(
        started=started,
        wall_seconds=cost.wall_seconds,
        cpu_seconds=cost.cpu_seconds,
        gpu_seconds=cost.wall_seconds * job.gpus,
        peak_memory_mib=cost.peak_memory_mib,
        host=socket.gethostname(),
        attempt=job.attempt,
        wandb_folder=run.folder,
        versions={**_versions(), **doors.requirements()},
        platform=platform.platform(),
        threads=torch.get_num_threads(),
    )


def blamed(error: BaseException, job: Job, tracking_problem: str | None = None) -> Outcome:
    """Whose fault an exception is."""
    if isinstance(error, distributed.Told):
        return replace(error.outcome, tracking=tracking_problem)
    if isinstance(error, ParentMissing):
        return Outcome("parent", str(error))
    if isinstance(error, HostLacks | NoWalls):
        return Outcome("host", f"{socket.gethostname()} cannot run {job.cell.title}: {error}")
    if isinstance(error, StoreError):
        return Outcome("store", str(error))
    if isinstance(error, OutOfTime):
        return Outcome("time", time_sentence(job.seconds), tracking=tracking_problem)
    if isinstance(error, WallsFell):
        return Outcome("lost", str(error), tracking=tracking_problem)
    walled = isinstance(error, Raised | Misbehaved) and error.traceback
    trace = walled or "".join(traceback.format_exception(error))
    if _is_memory(error):
        return Outcome(
            "memory", f"it ran out of memory: {first_line(error)}", trace, tracking=tracking_problem
        )
    if isinstance(error, MethodError):
        return Outcome("method", first_line(error), trace, tracking=tracking_problem)
    reason = f"raised {type(error).__name__}: {first_line(error)}"
    return Outcome("method", reason, trace, tracking=tracking_problem)


def _is_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # On a CPU torch says it with a RuntimeError.
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def _import(module: str) -> None:
    try:
        import_module(module)
    except ImportError as error:
        raise HostLacks(
            f"the module {module}, which registers a method of this sweep, cannot be imported there "
            f"({error}); install it on every host, or put it on the PYTHONPATH"
        ) from error


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("transfer-league", "torch", "numpy", "ray"):
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


# Loaded where first needed: a worker that trains has no use for what papers and measures bring along.
_WORK: Mapping[CellKind, str] = {
    "train": "training",
    "evaluate": "evaluating",
    "diversity": "diversity",
    "measure": "measuring",
    "paper": "papering",
}


def _worker(cell: Cell) -> Callable[[Cell, Desk], Work]:
    """What computes cells of this kind: the function that is named as the kind is."""
    worker: Callable[[Cell, Desk], Work] = getattr(
        import_module(f"suite.engine.{_WORK[cell.kind]}"), cell.kind
    )
    return worker
