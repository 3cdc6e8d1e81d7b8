"""A cell's body, called as a worker calls it, in this process."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import engine_places  # noqa: F401 registers the double with large checkpoints
import pytest
import torch
from engine_sweeps import executions, sweep

from leaderboard.store import Store
from suite.config import MethodConfig
from suite.engine import training
from suite.engine.body import Job, execute
from suite.engine.cells import Cell
from suite.engine.outcomes import Outcome
from suite.engine.plan import plan
from suite.methods import MethodError
from tests.support.jobs import job as cell_job


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setenv("ENGINE_DOUBLES_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    given = sweep(tmp_path / "store")
    return cell_job(plan(given).cells[0], given.store, modules=("engine_doubles",))


def evaluation(job: Job) -> Job:
    return replace(job, cell=plan(sweep(Path(job.store))).cells[1])


def test_a_finished_cell_leaves_its_record_and_nothing_else(job: Job) -> None:
    outcome = execute(job)
    assert outcome.fault is None and outcome.figure == 1.0 and outcome.seconds > 0
    assert Store(job.store).get(job.cell.key) is not None
    assert list(Path(job.reports).iterdir()) == []
    assert execute(evaluation(job)).fault is None


def test_what_passes_between_driver_and_worker_is_small_however_large_the_checkpoint(job: Job) -> None:
    large = MethodConfig("engine_place", {"mib": 8})
    train, evaluate = plan(sweep(Path(job.store), methods=(large,))).cells
    for cell in (train, evaluate):
        handed = replace(job, cell=cell, modules=("engine_places",))
        outcome = execute(handed)
        assert outcome.fault is None
        assert len(pickle.dumps((handed, outcome))) < 10_000
    files = [path for path in Path(job.store).rglob("*") if path.is_file()]
    assert max(path.stat().st_size for path in files) >= 8 * 2**20


def test_a_cell_that_an_orphan_finished_is_not_run_again(job: Job, tmp_path: Path) -> None:
    execute(job)
    assert execute(job) == Outcome()
    assert len(executions(tmp_path / "log")) == 1


def test_a_missing_training_is_no_fault_of_the_method(job: Job) -> None:
    outcome = execute(evaluation(job))
    assert outcome.fault == "parent" and "not in the store" in outcome.reason


def test_other_data_on_a_host_is_told(job: Job) -> None:
    assert job.cell.benchmark
    other = job.cell.benchmark.model_copy(update={"digest": "f" * 64})
    outcome = execute(replace(job, cell=replace(job.cell, benchmark=other)))
    assert outcome.fault == "host"
    assert "digest" in outcome.reason and "ffffffffffff where the sweep was planned" in outcome.reason


def test_a_module_that_a_host_lacks_is_told(job: Job) -> None:
    outcome = execute(replace(job, modules=("no_such_module",)))
    assert outcome.fault == "host" and "no_such_module" in outcome.reason


def test_a_store_that_cannot_be_written_is_told(job: Job) -> None:
    outcome = execute(replace(job, reports=job.reports + "/nowhere"))
    assert outcome.fault == "store" and job.store in outcome.reason and "\n" not in outcome.reason


@pytest.mark.parametrize(
    ("error", "fault", "reason"),
    [
        (MemoryError("no\nmore"), "memory", "it ran out of memory: no"),
        (torch.OutOfMemoryError("CUDA out of memory"), "memory", "it ran out of memory: CUDA out of memory"),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory"),
            "memory",
            "it ran out of memory: [enforce fail",
        ),
        (MethodError("returned nonsense"), "method", "returned nonsense"),
        (
            RuntimeError("mat1 and mat2 differ\nin shape"),
            "method",
            "raised RuntimeError: mat1 and mat2 differ",
        ),
        (KeyError("x"), "method", "raised KeyError: 'x'"),
        (AssertionError(), "method", "raised AssertionError: (it gave no reason)"),
        (OSError(28, "No space left on device"), "method", "raised OSError: [Errno 28] No space"),
    ],
)
def test_whose_fault_an_exception_is(
    job: Job, monkeypatch: pytest.MonkeyPatch, error: Exception, fault: str, reason: str
) -> None:
    def work(cell: Cell, desk: Any) -> Any:
        raise error

    monkeypatch.setattr(training, "train", work)
    outcome = execute(job)
    assert outcome.fault == fault
    assert outcome.reason.startswith(reason) and "\n" not in outcome.reason
    assert "Traceback" in outcome.traceback
    assert Store(job.store).get(job.cell.key) is None and list(Path(job.reports).iterdir()) == []


def test_a_checkpoint_that_the_disk_refuses_is_the_stores_fault(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    import engine_doubles

    def save(self: object, path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(engine_doubles.Double, "save", save)
    outcome = execute(job)
    assert outcome.fault == "store" and "No space left on device" in outcome.reason
