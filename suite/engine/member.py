"""One worker of a shared training, as Ray Train runs it: it works as a cell's process does, with others."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import psutil
import torch
import torch.distributed as dist
from ray import train
from ray.train import Checkpoint, UserCallback

from leaderboard.store import Store
from suite.engine import body, distributed, progress, training
from suite.engine.guard import Guard, prepare
from suite.engine.outcomes import Fault, Outcome
from suite.engine.work import Desk, Work
from suite.isolation.inmate import Used
from suite.methods import Method
from suite.parallel import Crew, MemberLost, SharedMethod, SharedSource
from suite.parallel.training import State, read_state, write_state


def member(told: Mapping[str, Any]) -> tuple[Work, Used] | None:
    """Take part in the training of ``told["job"]``; the first worker returns the work and what all used.

    Whatever goes wrong is told in ``told["folder"]`` before it is raised; a lost neighbour is not: Ray sees
    to that.
    """
    job, folder = told["job"], Path(told["folder"])
    try:
        return _work(job, folder)
    except MemberLost:
        raise
    except (Exception, SystemExit) as error:
        distributed.tell_failure(folder, body.blamed(error, job))
        raise


def _work(job: body.Job, folder: Path) -> tuple[Work, Used] | None:
    context = train.get_context()
    rank, size = context.get_world_rank(), context.get_world_size()
    own = replace(job, cpus=job.cpus / size, gpus=1.0, memory_mib=job.memory_mib // size)
    body.load_code(own)
    prepare(own.cell.seed or 0, own.cpus, own.gpus)
    group = dist.new_group(backend="nccl") if torch.cuda.is_available() else None
    crew = Crew(rank, size, cast("dist.ProcessGroup | None", group))
    process = psutil.Process()
    report = progress.Report(job.token, process.pid, process.create_time(), socket.gethostname())
    reporter = progress.Reporter(folder, distributed.word_of(rank), report)

    def condemn(fault: Fault, reason: str) -> None:
        distributed.tell_failure(folder, Outcome(fault, reason))

    reporter.enter("working")
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=f"{rank}.") as mine,
        Guard(own.memory_mib, own.seconds, condemn) as guard,
    ):
        # What the first one leaves is what is kept; the others' goes with their folders.
        scratch = Path(mine) if rank else _emptied(folder / "first")
        work = training.train(own.cell, _desk(own, crew, scratch, folder, reporter))
        cost = guard.conclude()
    costs = crew.gather(torch.tensor([cost.cpu_seconds, cost.peak_memory_mib], dtype=torch.float64))
    if rank:
        return None
    return work, Used(*(float(total) for total in torch.stack(costs).sum(0)))


def _desk(job: body.Job, crew: Crew, scratch: Path, folder: Path, reporter: progress.Reporter) -> Desk:
    doors = body.doors(job)
    opened = doors.open(seed=job.cell.seed or 0, threads=torch.get_num_threads(), gpus=job.gpus)

    @contextmanager
    def shared() -> Iterator[Method]:
        with opened() as method:
            yield SharedMethod(method, crew, _RayDiary(folder))

    def log(figures: Mapping[str, float]) -> None:
        if crew.rank == 0:
            distributed.log(folder, dict(figures))

    source = partial(SharedSource, crew=crew)
    return Desk(Store(job.store), scratch, reporter.update, log, shared, job.code, source)


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


@dataclass(frozen=True)
class NoSecondTry(UserCallback):
    """Ends a training whose worker told what went wrong in ``folder``: that would go wrong again."""

    folder: Path

    def after_exception(self, run_context: Any, worker_exceptions: Any) -> None:
        if distributed.was_told(self.folder):
            raise RuntimeError("a worker told what went wrong")


@dataclass(frozen=True)
class _RayDiary:
    """What is written down is a checkpoint of Ray Train's, which finds it again after a worker was lost."""

    folder: Path

    def read(self) -> State | None:
        checkpoint = train.get_checkpoint()
        if checkpoint is None:
            return None
        with checkpoint.as_directory() as found:
            return read_state(Path(found))

    def write(self, state: State | None) -> None:
        from ray import train

        if state is None:
            train.report({})
            return
        with tempfile.TemporaryDirectory(dir=self.folder) as draft:
            write_state(Path(draft), state)
            train.report({}, checkpoint=Checkpoint.from_directory(draft))
