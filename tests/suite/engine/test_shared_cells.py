"""Cells whose training several workers share. The GPUs are Ray's word only: gloo carries what they say."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from engine_descent import Descent  # its import registers it
from engine_sweeps import sweep
from safetensors.torch import load_file

from leaderboard.records import Record
from leaderboard.store import Store
from suite.config import BenchmarkConfig, MethodConfig, Resources, SweepConfig
from suite.engine import Infeasible, distributed, progress, run
from suite.engine.capacity import gpus, request
from suite.engine.outcomes import Outcome
from suite.engine.plan import plan
from suite.methods import Budget

BUDGET = Budget(images=240, validations=2, validation_episodes=3)
METHODS = (
    MethodConfig("maml", {"meta_batch": 3, "inner_steps": 2}),
    MethodConfig("transfer", {"batch_size": 33, "head": "nearest_centroid"}),
)


def shared(store: Path, **changes: Any) -> SweepConfig:
    """A sweep of real methods whose cells get two GPUs each."""
    resources = Resources(2, 2, memory_mib_per_cell=6_000, time_limit_seconds=900)
    given = replace(
        sweep(store),
        methods=METHODS,
        benchmarks=(BenchmarkConfig("digits", {"size": 8, "rotated": True}),),
        resources=resources,
        budget=BUDGET,
    )
    return replace(given, **changes)


def test_only_trainings_get_several_gpus_and_their_workers_hold_them() -> None:
    resources = Resources(4, 2)
    assert gpus(resources, "train") == 2 and gpus(resources, "evaluate") == 1
    assert request(resources, 100, "train") == {"num_cpus": 0, "num_gpus": 0, "memory": 0}
    assert request(resources, 100, "evaluate")["num_gpus"] == 1
    assert request(replace(resources, gpus_per_cell=0.5), 100, "train")["num_gpus"] == 0.5


def test_a_method_that_cannot_be_shared_is_refused_before_anything_starts(tmp_path: Path) -> None:
    given = sweep(tmp_path, resources=Resources(1, 2))
    with pytest.raises(Infeasible, match="engine_double does not say that its training can be shared"):
        run(given)
    with pytest.raises(Infeasible, match="maml runs behind walls"):
        distributed.check(plan(shared(tmp_path)).cells[0], 2, walled=True)
    assert not list(Store(tmp_path).scan())


def test_the_first_worker_to_tell_is_believed(tmp_path: Path) -> None:
    distributed.tell_failure(tmp_path, Outcome("method", "raised ValueError: 3"))
    distributed.tell_failure(tmp_path, Outcome("memory", "it used too much"))
    assert distributed._failure(tmp_path, RuntimeError("died")).reason == "raised ValueError: 3"


def test_workers_that_told_nothing_were_lost(tmp_path: Path) -> None:
    outcome = distributed._failure(tmp_path, RuntimeError("a worker died\nand more"))
    assert outcome.fault == "lost" and outcome.reason.endswith("more than 3 times (a worker died)")


@pytest.fixture(scope="module")
def two_gpus() -> Iterator[None]:
    """A cluster of this machine that believes in two GPUs."""
    import ray

    from suite.engine.cluster import connect

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ray, "init", partial(ray.init, num_gpus=2))
        cluster = connect(None)
    yield
    cluster.stop()


@pytest.mark.slow
def test_two_workers_train_what_one_process_trains(two_gpus: None, tmp_path: Path) -> None:
    methods = (*METHODS, MethodConfig("engine_descent", {"head": "nearest_centroid"}))
    assert Descent.shareable
    report = run(shared(tmp_path / "two", methods=methods))
    assert report.exit_code == 0, [failure.traceback for failure in Store(tmp_path / "two").failures()]
    alone = Resources(1, 0, memory_mib_per_cell=6_000, time_limit_seconds=900)
    assert run(shared(tmp_path / "one", methods=methods, resources=alone)).exit_code == 0
    ones = trainings(tmp_path / "one")
    assert ones.keys() == {"maml", "transfer", "engine_descent"}
    for name, one in ones.items():
        two = trainings(tmp_path / "two")[name]
        assert two.results["spent"]["images"] == one.results["spent"]["images"]
        assert [at for at, _ in two.results["curve"]] == [at for at, _ in one.results["curve"]]
        assert two.measured.gpu_seconds == pytest.approx(2 * two.measured.wall_seconds)
    # Adam turns the rounding of a small gradient into a step of another size: tests/suite/parallel holds the
    # others' weights in float64. Those of gradient descent are as near as float32 has them.
    found = weights(tmp_path / "two", trainings(tmp_path / "two")["engine_descent"])
    for part, expected in weights(tmp_path / "one", ones["engine_descent"]).items():
        assert float((found[part] - expected).norm()) <= 1e-4 * float(expected.norm()) + 1e-6, part


@pytest.mark.slow
def test_what_a_method_does_wrong_is_told_once(two_gpus: None, tmp_path: Path) -> None:
    wrong = MethodConfig("transfer", {"batch_size": 33, "head": "nearest_centroid", "lr": 1e30})
    assert run(shared(tmp_path, methods=(wrong,))).exit_code == 1
    [failure] = [failure for failure in Store(tmp_path).failures() if failure.kind == "train"]
    assert "that are NaN or infinite" in failure.reason and "member.py" in failure.traceback
    assert failure.attempt == 1


@pytest.mark.slow
def test_a_worker_that_is_lost_is_replaced_and_changes_nothing(
    two_gpus: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = Budget(images=1_000, validations=2, validation_episodes=3)
    assert run(shared(tmp_path / "calm", methods=METHODS[:1], budget=long)).exit_code == 0
    hunter = Hunter(tmp_path / "stormy")
    hunter.start()
    report = run(shared(tmp_path / "stormy", methods=METHODS[:1], budget=long))
    hunter.join(timeout=10)
    assert report.exit_code == 0, [failure.reason for failure in Store(tmp_path / "stormy").failures()]
    assert hunter.killed, "the training ended before a worker could be killed"
    calm, stormy = (trainings(tmp_path / name)["maml"] for name in ("calm", "stormy"))
    assert stormy.results == calm.results and stormy.measured.attempt == 1
    for part, expected in weights(tmp_path / "calm", calm).items():
        assert torch.equal(weights(tmp_path / "stormy", stormy)[part], expected), part


class Hunter(threading.Thread):
    """Kills the second worker of the first training in ``store``, once something was written down."""

    def __init__(self, store: Path) -> None:
        super().__init__(daemon=True)
        self._cells = store / "driver" / "cells"
        self.killed = False

    def run(self) -> None:
        until = time.monotonic() + 600
        while not self.killed and time.monotonic() < until:
            for written in self._cells.glob("*/workers/training/checkpoint*/training.pt"):
                word = progress.read(written.parents[2], distributed.word_of(1))
                if word is not None:
                    psutil.Process(word.pid).kill()
                    self.killed = True
                    return
            time.sleep(0.05)


def trainings(store: Path) -> dict[str, Record]:
    return {record.method.name: record for record in Store(store).scan(kind="train") if record.method}


def weights(store: Path, record: Record) -> dict[str, torch.Tensor]:
    [file] = Store(store).location.writable().glob(f"records/*/{record.key}/**/model.safetensors")
    return load_file(file)
