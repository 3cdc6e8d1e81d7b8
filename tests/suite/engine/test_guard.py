from __future__ import annotations

import os
import re
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from suite.engine import guard
from suite.engine.guard import Guard, prepare
from suite.engine.outcomes import Fault


@pytest.fixture
def exits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Exit codes with which a guard would have ended this process."""
    codes: list[int] = []
    monkeypatch.setattr(guard.os, "_exit", codes.append)
    return codes


def verdict_of(watch: Guard, verdicts: list[tuple[Fault, str]]) -> tuple[Fault, str]:
    with watch:
        deadline = time.monotonic() + 60
        while not verdicts and time.monotonic() < deadline:
            time.sleep(0.01)
    return verdicts[0]


def test_a_cell_over_its_memory_ends_its_process_and_says_why(exits: list[int]) -> None:
    verdicts: list[tuple[Fault, str]] = []
    fault, reason = verdict_of(Guard(1, 60, lambda *given: verdicts.append(given)), verdicts)
    assert (fault, exits[0]) == ("memory", 70)
    assert re.fullmatch(r"it used \d+ MiB of memory and may use 1 MiB", reason)


def test_a_cell_over_its_time_ends_its_process_where_no_driver_does(
    exits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_GRACE_SECONDS", 0.0)
    verdicts: list[tuple[Fault, str]] = []
    verdict = verdict_of(Guard(10**6, 0.5, lambda *given: verdicts.append(given)), verdicts)
    said = "it did not finish within its time limit of 0.5 s (resources.time_limit_seconds)"
    assert (verdict, exits[0]) == (("time", said), 70)


def test_a_cell_whose_parent_is_gone_ends_itself() -> None:
    # The process between us and the cell leaves at once, as a raylet that is killed does.
    body = """
import os, time
from suite.engine.guard import Guard
if os.fork() == 0:
    with Guard(10**6, 60, lambda *given: print(*given, flush=True)):
        time.sleep(30)
    print("it lived", flush=True)
else:
    time.sleep(1.0)
    os._exit(0)
"""
    command = [sys.executable, "-c", body]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.stdout == "lost the Ray node that ran it died\n"


def test_a_quiet_cell_is_measured_and_left_alone() -> None:
    calls: list[object] = []
    with Guard(10**6, 60, lambda *given: calls.append(given)) as watch:
        block = np.ones(64 * 2**20 // 8)
        sum(i * i for i in range(200_000))
        cost = watch.conclude()
    assert not calls and block[0] == 1.0
    assert cost.wall_seconds > 0 and cost.cpu_seconds > 0
    assert cost.peak_memory_mib > 64


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process reset its peak")
def test_the_peak_is_the_cells_own_and_not_an_earlier_ones() -> None:
    def peak(mib: int) -> float:
        with Guard(10**6, 60, lambda *given: None) as watch:
            block = np.ones(mib * 2**20 // 8)
            return watch.conclude().peak_memory_mib + 0.0 * block[0]

    before, large, after = peak(1), peak(512), peak(1)
    assert large > before + 450
    assert after < before + 100


def test_every_cell_starts_from_one_state_whatever_ran_before() -> None:
    def draw() -> tuple[float, float, int]:
        prepare(seed=3, cpus=1, gpus=0)
        return torch.rand(1).item(), float(np.random.rand()), torch.get_num_threads()

    before = draw()
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.set_num_threads(2)
    torch.rand(5)
    assert draw() == before == (before[0], before[1], 1)
    assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled()


def test_a_cell_without_gpus_sees_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    prepare(seed=0, cpus=0.5, gpus=0)
    assert (os.environ["CUDA_VISIBLE_DEVICES"], os.environ["OMP_NUM_THREADS"]) == ("", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    prepare(seed=0, cpus=2, gpus=1)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "1"
    torch.set_num_threads(1)
