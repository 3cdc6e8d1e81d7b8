"""Several short cells in one task: each is recorded, and one that fails harms no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from engine_sweeps import sweep

from leaderboard.store import Store, StoreError
from suite.engine import body
from suite.engine.batch import execute_all
from suite.engine.body import Job
from suite.engine.plan import plan
from tests.support.jobs import job as cell_job


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Three trainings."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    given = sweep(tmp_path / "store", *({"scale": float(scale)} for scale in (1, 2, 3)))
    trainings = [cell for cell in plan(given).cells if cell.kind == "train"]
    assert len(trainings) == 3
    return [cell_job(cell, given.store, modules=("engine_doubles",)) for cell in trainings]


def test_every_cell_leaves_its_record_and_nothing_else(jobs: list[Job]) -> None:
    outcomes = execute_all(jobs)
    assert [outcome.fault for outcome in outcomes] == [None] * 3
    store = Store(jobs[0].store)
    assert all(store.get(job.cell.key) is not None for job in jobs)
    assert list(Path(jobs[0].reports).iterdir()) == []


def test_records_are_those_of_cells_that_run_singly(jobs: list[Job], tmp_path: Path) -> None:
    execute_all(jobs)
    alone = cell_job(jobs[1].cell, tmp_path / "other", modules=("engine_doubles",))
    body.execute(alone)
    records = [Store(job.store).get(job.cell.key) for job in (jobs[1], alone)]
    assert records[0] is not None and records[1] is not None
    assert (records[0].results, records[0].files) == (records[1].results, records[1].files)


def test_a_cell_that_fails_harms_no_other(jobs: list[Job]) -> None:
    assert jobs[1].cell.benchmark
    other = jobs[1].cell.benchmark.model_copy(update={"digest": "f" * 64})
    jobs[1] = replace(jobs[1], cell=replace(jobs[1].cell, benchmark=other))
    assert [outcome.fault for outcome in execute_all(jobs)] == [None, "host", None]


def test_a_record_that_cannot_be_written_is_told_of_its_cell(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = body.put

    def put(store, record, work) -> None:  # type: ignore[no-untyped-def]
        if record.key == jobs[2].cell.key:
            raise StoreError("the disk is full")
        real(store, record, work)

    monkeypatch.setattr(body, "put", put)
    assert [outcome.fault for outcome in execute_all(jobs)] == [None, None, "store"]


def test_one_cell_is_no_batch(jobs: list[Job]) -> None:
    (outcome,) = execute_all(jobs[:1])
    assert outcome.fault is None and outcome.seconds > 0
