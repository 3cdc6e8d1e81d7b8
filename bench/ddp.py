"""MAML's meta-batch on two processes against one: the same outer gradient, in how much less time.

``python -m bench.ddp RANK FOLDER SECONDS PROBLEM`` is one of the two processes; the first prints what it
found, as one JSON object.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from bench.case import Case, Report, Work
from bench.maml import Problem, outer_problem

_ROOT = Path(__file__).parents[1]
_SIZE = 2
_SECONDS, _LEAST_ROUNDS = 20.0, 3
_PATIENCE_SECONDS = 600.0


def cases(quick: bool) -> list[Case]:
    """Small and large images, in second order."""
    if quick:
        return [_case(Problem(4, 16, 1, True, tasks=2), 0.0)]
    return [_case(problem, _SECONDS) for problem in (Problem(32, 28, 1, True), Problem(32, 84, 3, True))]


def _case(problem: Problem, seconds: float) -> Case:
    return Case(f"{problem.name}, 1 → {_SIZE} processes", partial(_prepare, problem, seconds))


def _prepare(problem: Problem, seconds: float) -> Work:
    return Work(partial(_in_processes, problem, seconds), report=_report)


def _in_processes(problem: Problem, seconds: float) -> dict[str, float]:
    with TemporaryDirectory(prefix="bench-ddp-") as folder:
        words = [folder, str(seconds), json.dumps(asdict(problem))]
        members = [
            subprocess.Popen(
                [sys.executable, "-m", "bench.ddp", str(rank), *words],
                cwd=_ROOT,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for rank in range(_SIZE)
        ]
        try:
            said = [member.communicate(timeout=_PATIENCE_SECONDS) for member in members]
        finally:
            for member in members:
                member.kill()
    for member, (_, complaint) in zip(members, said, strict=True):
        if member.returncode:
            raise RuntimeError(f"a process of a shared meta-batch failed:\n{complaint}")
    told: dict[str, float] = json.loads(said[0][0].splitlines()[-1])
    return told


def _report(told: Any) -> Report:
    return Report(seconds=told.pop("seconds"), figures=told)


def measure(rank: int, folder: Path, seconds: float, problem: Problem) -> dict[str, float]:
    """Take turns for about ``seconds``: the first process alone, then both, with one thread each.

    ``seconds`` and ``alone_s`` are medians of an outer gradient on two processes and on one; ``speedup`` the
    median of their ratios, round by round, and ``efficiency`` that over the number of processes.
    ``difference`` is that of the two gradients, relative to their length.
    """
    from suite.parallel import Crew, accumulate_shared, met

    torch.set_num_threads(1)
    network, meta_loss, support, query = outer_problem(problem)
    alone, shared, difference = [], [], 0.0

    def gradient(crew: Crew) -> Tensor:
        accumulate_shared(crew, network, meta_loss, support, query)
        return torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])

    with met(rank, _SIZE, folder, _PATIENCE_SECONDS) as crew:
        for each in (Crew(), crew):  # compiles, allocates and imports
            gradient(each)
        began, going = time.perf_counter(), True
        while going:
            if rank == 0:
                spent, expected = _timed(partial(gradient, Crew()))
                alone.append(spent)
            crew.gather(torch.zeros(1))
            spent, found = _timed(partial(gradient, crew))
            shared.append(spent)
            if rank == 0:
                difference = float((found - expected).norm() / expected.norm())
            late = time.perf_counter() - began > seconds and len(shared) >= (_LEAST_ROUNDS if seconds else 1)
            going = not bool(crew.gather(torch.tensor([float(late)]))[0])
    if rank:
        return {}
    speedup = statistics.median(one / two for one, two in zip(alone, shared, strict=True))
    return {
        "seconds": statistics.median(shared),
        "alone_s": statistics.median(alone),
        "speedup": speedup,
        "efficiency": speedup / _SIZE,
        "difference": difference,
    }


def _timed(job: Callable[[], Tensor]) -> tuple[float, Tensor]:
    began = time.perf_counter()
    found = job()
    return time.perf_counter() - began, found


if __name__ == "__main__":
    given = Problem(**json.loads(sys.argv[4]))
    sys.stdout.write(
        json.dumps(measure(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), given)) + "\n"
    )
