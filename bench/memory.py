"""Peak memory of one side of a case, in a process of its own: ``python -m bench.memory heads 0 ours``."""

from __future__ import annotations

import ctypes
import gc
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from bench.case import Case, Work

_MIB = 2**20
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_of(benchmark: str, position: int, side: str, quick: bool) -> float | None:
    """MiB by which one call raises peak memory; None where this system does not tell (only Linux does).

    The call is made once before, so that imports and compiled code do not count. On a GPU it is what torch
    allocates there.
    """
    if not _CLEAR.exists():
        return None
    command = [sys.executable, "-m", "bench.memory", benchmark, str(position), side]
    threads = [str(torch.get_num_threads())] + (["--quick"] if quick else [])
    done = subprocess.run(
        command + threads, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the memory of {benchmark}, case {position}, {side} failed:\n{done.stderr}")
    return float(done.stdout.splitlines()[-1])


def cases_of(benchmark: str, quick: bool, **options: Any) -> list[Case]:
    """The cases of a benchmark by its name; ``options`` are such as this one has."""
    found: list[Case] = importlib.import_module(f"bench.{benchmark}").cases(quick, **options)
    return found


def _peak(case: Case, work: Work, side: str) -> float:
    job = work.ours if side == "ours" else work.peer
    assert job is not None
    job()
    gc.collect()
    if case.device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        job()
        torch.cuda.synchronize()
        return (torch.cuda.max_memory_allocated() - before) / _MIB
    # What the allocator kept of the first call would hide what the second one needs.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    _CLEAR.write_text("5")  # sets the high-water mark back to what is resident now
    before = _resident("VmRSS")
    job()
    return max(0.0, (_resident("VmHWM") - before) / 1024)


def _resident(field: str) -> int:
    """KiB, from the kernel's own account."""
    (line,) = [line for line in _STATUS.read_text().splitlines() if line.startswith(field)]
    return int(line.split()[1])


def _main(benchmark: str, position: str, side: str, threads: str, *flags: str) -> None:
    torch.set_num_threads(int(threads))
    case = cases_of(benchmark, "--quick" in flags)[int(position)]
    sys.stdout.write(f"{_peak(case, case.prepare(), side):.3f}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
