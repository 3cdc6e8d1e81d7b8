"""Whole sweeps on a real Ray cluster of this machine, with methods that do all that methods may do wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from engine_sweeps import RESOURCES, computed, executions, sweep

from leaderboard.store import Store, StoreError
from suite.config import SweepConfig, Tracking
from suite.engine import EngineError, Infeasible, StoreBusy, SweepReport, events, outcomes, run
from suite.engine.lock import StoreLock

pytestmark = pytest.mark.usefixtures("ray_session")


class Heard:
    """Events, as they come."""

    def __init__(self) -> None:
        self.events: list[events.Event] = []

    def __call__(self, event: events.Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def outcome(given: SweepConfig, **options: Any) -> tuple[SweepReport, Heard]:
    heard = Heard()
    return run(given, on_event=heard, **options), heard


def counts(report: SweepReport) -> tuple[int, int, int, int]:
    return report.done, report.reused, report.failed, report.blocked


def reasons(store: Path) -> list[str]:
    return [failure.reason for failure in Store(store).failures()]


def nothing_left(store: Path) -> bool:
    left = [*store.glob("driver"), *(store / "tmp").glob("*")]
    return left == []


def test_a_sweep_fills_the_store_and_the_same_call_again_computes_nothing(
    tmp_path: Path, executions_log: Path
) -> None:
    before = len(executions(executions_log))
    given = sweep(tmp_path, {}, {"power": 1.0}, {"scale": 2.0}, seeds=(0, 1))
    report, heard = outcome(given)
    assert counts(report) == (10, 0, 0, 0) and report.exit_code == 0
    assert len(executions(executions_log)) - before == 10
    assert len(heard.of(events.CellFinished)) == 10 and len(heard.of(events.CellStarted)) == 10
    records = list(Store(tmp_path).scan(sweep="doubles"))
    assert len(records) == 10
    first = computed(tmp_path)

    again, heard = outcome(given)
    assert counts(again) == (0, 10, 0, 0) and again.exit_code == 0
    assert len(executions(executions_log)) - before == 10
    assert not heard.of(events.ClusterReady) and heard.of(events.SweepEnded)
    assert computed(tmp_path) == first and nothing_left(tmp_path)


def test_records_say_what_was_computed_and_what_it_cost(tmp_path: Path) -> None:
    outcome(sweep(tmp_path))
    store = Store(tmp_path)
    [train] = store.scan(kind="train")
    [score] = store.scan(kind="evaluate")
    assert train.results["curve"] == [[120, 1.0], [240, 1.0]] and train.seed == 0
    assert train.results["spent"] == {"images": 240, "backward_passes": 0}
    assert (train.results["parameters"], train.results["class_count"]) == (1, 10)
    assert "2 checkpoints" in train.results["selection"]
    assert (store.folder(train.key) / "checkpoint" / "weight.json").exists()
    assert score.parents == (train.key,) and score.protocol and score.protocol.way == 3
    assert score.results["mean_accuracy"] == 1.0 and score.results["transductive"] is False
    assert score.results["largest_change"] == 0.0
    table = store.table(score, "outcomes")
    assert table.column("episode").to_pylist() == list(range(6))
    assert table.column("queries").to_pylist() == [9] * 6
    for record in (train, score):
        assert record.measured.wall_seconds > 0 and record.measured.peak_memory_mib > 50
        assert record.measured.attempt == 1 and "torch" in record.measured.versions


def test_two_runs_agree_in_all_that_is_computed(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    outcome(sweep(one, {}, {"scale": 3.0}, seeds=(0, 1)))
    outcome(sweep(other, {"scale": 3.0}, {}, seeds=(1, 0), resources=replace(RESOURCES, max_in_flight=1)))
    assert computed(one) == computed(other)


def test_a_longer_sweep_computes_only_what_is_new(tmp_path: Path) -> None:
    outcome(sweep(tmp_path, {}))
    report, _ = outcome(sweep(tmp_path, {}, {"power": 3.0}, name="longer"))
    assert counts(report) == (1, 2, 0, 0)
    assert len(list(Store(tmp_path).scan(sweep="longer"))) == 3


@pytest.mark.parametrize(
    ("misbehaviour", "said"),
    [
        ({"fault": "raise"}, "raised ValueError: the double was told to raise"),
        ({"fault": "leave"}, "raised SystemExit: the double was told to leave"),
        ({"fault": "nan", "where": "adapt"}, "returned 6 of 9 logits that are NaN or infinite"),
        ({"fault": "shape", "where": "adapt"}, "returned logits of shape [9, 4]; expected [9, 3]"),
    ],
)
def test_a_method_at_fault_is_quarantined_and_the_others_go_on(
    tmp_path: Path, misbehaviour: dict[str, str], said: str
) -> None:
    report, heard = outcome(sweep(tmp_path, misbehaviour, {}))
    trained = misbehaviour.get("where") != "adapt"
    assert report.failed == 1 and report.exit_code == 1
    assert len(list(Store(tmp_path).scan())) == 2
    [failure] = Store(tmp_path).failures()
    assert failure.kind == "train" and failure.method and failure.traceback
    assert said.split(" of ")[0].rstrip("0123456789 ") in failure.reason
    assert trained or "logits" in failure.reason
    [told] = heard.of(events.CellFailed)
    assert (told.reason, told.blocked) == (failure.reason, 1)
    assert nothing_left(tmp_path)


def test_quarantine_lasts_until_it_is_lifted(tmp_path: Path, executions_log: Path) -> None:
    mended = tmp_path / "mended"
    given = sweep(tmp_path / "store", {"fault": "raise", "once": str(mended)})
    # The first to misbehave makes the file, so a second try would succeed: it must not be made.
    assert counts(outcome(given)[0]) == (0, 0, 1, 1)
    before = len(executions(executions_log))
    again, heard = outcome(given)
    assert counts(again) == (0, 0, 1, 1) and again.exit_code == 1
    assert len(executions(executions_log)) == before and not heard.of(events.CellStarted)
    lifted, _ = outcome(given, retry=True)
    assert counts(lifted) == (2, 0, 0, 0) and lifted.exit_code == 0
    assert Store(tmp_path / "store").failures() == []


def test_a_worker_that_dies_once_costs_one_attempt(tmp_path: Path) -> None:
    given = sweep(tmp_path / "store", {"fault": "die", "once": str(tmp_path / "died")})
    report, heard = outcome(given)
    assert counts(report) == (2, 0, 0, 0)
    [retried] = heard.of(events.CellRetried)
    assert "worker died" in retried.reason and not retried.alone
    attempts = {record.kind: record.measured.attempt for record in Store(tmp_path / "store").scan()}
    assert attempts == {"train": 2, "evaluate": 1}


def test_a_cell_that_kills_every_worker_is_quarantined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "LOSSES", 2)
    report, heard = outcome(sweep(tmp_path, {"fault": "die"}, {}))
    assert counts(report) == (2, 0, 1, 1)
    assert len(heard.of(events.CellRetried)) == 1
    [reason] = reasons(tmp_path)
    assert reason.startswith("its worker died 2 times under it")


def test_lack_of_memory_is_tried_once_more_alone(tmp_path: Path) -> None:
    given = sweep(tmp_path / "store", {"fault": "memory", "once": str(tmp_path / "full")}, {"seconds": 1.0})
    report, heard = outcome(given)
    assert counts(report) == (4, 0, 0, 0)
    [retried] = heard.of(events.CellRetried)
    assert retried.alone and "ran out of memory" in retried.reason
    started = [event.cell.key for event in heard.of(events.CellStarted)]
    finished = [event.cell.key for event in heard.of(events.CellFinished)]
    # It came back when the three others were done with.
    assert started.count(retried.cell.key) == 2 and finished[-2] == retried.cell.key

    report, _ = outcome(sweep(tmp_path / "never", {"fault": "memory"}))
    assert counts(report) == (0, 0, 1, 1)
    [reason] = reasons(tmp_path / "never")
    assert reason.endswith("also when it ran alone")


def test_a_cell_over_its_declared_memory_is_ended(tmp_path: Path) -> None:
    given = sweep(tmp_path / "store", {"fault": "hoard", "once": str(tmp_path / "hoarded")})
    report, heard = outcome(given)
    assert counts(report) == (2, 0, 0, 0)
    [retried] = heard.of(events.CellRetried)
    assert retried.alone and "may use 1024 MiB" in retried.reason


def test_an_endless_cell_is_ended_at_its_limit(tmp_path: Path) -> None:
    limited = replace(RESOURCES, time_limit_seconds=6)
    report, _ = outcome(sweep(tmp_path, {"fault": "loop"}, {}, resources=limited))
    assert counts(report) == (2, 0, 1, 1) and report.seconds < 90
    assert reasons(tmp_path) == [
        "it did not finish within its time limit of 6 s (resources.time_limit_seconds)"
    ]
    assert nothing_left(tmp_path)


def test_progress_is_heard_while_a_cell_runs(tmp_path: Path) -> None:
    _, heard = outcome(sweep(tmp_path, {"seconds": 4.0}))
    shares = [event.share for event in heard.of(events.CellProgress) if event.cell.kind == "train"]
    assert shares == sorted(shares) and any(0.2 < share < 0.9 for share in shares)
    assert any(event.images_per_second > 0 for event in heard.of(events.CellProgress))
    ticks = heard.of(events.Tick)
    assert ticks and ticks[-1].total == 2


def test_a_request_that_no_node_can_meet_is_refused_at_once(tmp_path: Path) -> None:
    greedy = sweep(tmp_path, resources=replace(RESOURCES, cpus_per_cell=4_096, gpus_per_cell=1))
    began = time.monotonic()
    with pytest.raises(
        Infeasible, match=r"asks for 4096 CPUs, 1 GPUs.*there is: a node with \d+ CPUs, 0 GPUs"
    ):
        run(greedy)
    assert time.monotonic() - began < 60 and nothing_left(tmp_path)


def test_a_truncated_checkpoint_is_computed_again(tmp_path: Path, executions_log: Path) -> None:
    outcome(sweep(tmp_path))
    before, clean = len(executions(executions_log)), computed(tmp_path)
    [train] = Store(tmp_path).scan(kind="train")
    weight = Store(tmp_path).folder(train.key) / "checkpoint" / "weight.json"
    weight.write_text("")
    report, heard = outcome(sweep(tmp_path))
    assert counts(report) == (1, 1, 0, 0)
    [notice] = heard.of(events.Notice)
    assert train.key[:12] in notice.text and "set aside" in notice.text
    assert len(executions(executions_log)) == before + 1 and computed(tmp_path) == clean


def test_a_checkpoint_lost_while_the_sweep_runs_is_computed_again(tmp_path: Path) -> None:
    outcome(sweep(tmp_path))
    [train] = Store(tmp_path).scan(kind="train")
    given = sweep(tmp_path, {}, {"power": 1.0}, {"power": 3.0}, resources=replace(RESOURCES, max_in_flight=1))

    def break_it(event: events.Event) -> None:
        if isinstance(event, events.ClusterReady):
            (Store(tmp_path).folder(train.key) / "checkpoint" / "weight.json").write_text("")

    report = run(given, on_event=break_it)
    assert counts(report) == (3, 1, 0, 0) and report.exit_code == 0


def test_a_full_disk_stops_the_sweep_in_one_sentence(
    tmp_path: Path, small_disk: Callable[[int], Path]
) -> None:
    disk = small_disk(192)
    with pytest.raises((StoreError, EngineError), match=r"no space is left|No space left") as caught:
        run(sweep(disk / "store", *({"scale": float(i)} for i in range(1, 40))))
    assert "\n" not in str(caught.value)
    assert nothing_left(disk / "store") or not list((disk / "store" / "tmp").glob("*"))
    for record in Store(disk / "store").scan():
        assert Store(disk / "store").get(record.key) is not None  # what is there is whole


def test_the_second_driver_is_told_who_holds_the_store(tmp_path: Path) -> None:
    with StoreLock(tmp_path, "first-sweep"), pytest.raises(StoreBusy, match="'first-sweep'"):
        run(sweep(tmp_path))
    assert counts(run(sweep(tmp_path))) == (2, 0, 0, 0)


def test_each_cell_has_an_offline_run_that_can_be_read_back(tmp_path: Path) -> None:
    report, heard = outcome(sweep(tmp_path, tracking=Tracking("offline")))
    assert counts(report) == (2, 0, 0, 0) and not heard.of(events.Notice)
    for record in Store(tmp_path).scan():
        assert record.measured.wandb_folder
        folder = tmp_path / record.measured.wandb_folder
        assert folder.parent == tmp_path / "wandb" and folder.name.endswith(f"{record.key}-1")
        command = [sys.executable, "-m", "wandb", "leet", "inspect", "--summary", "--json", str(folder)]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout
        found = json.loads(shown)
        assert (found["state"], found["exit_code"]) == ("finished", 0)
        assert found["config"]["seed"] == 0
        figure = "parameters" if record.kind == "train" else "mean_accuracy"
        assert found["summary"][figure] == record.results[figure] == 1


def test_a_store_on_a_read_only_disk_is_refused_in_one_sentence(
    tmp_path: Path, small_disk: Callable[[int], Path]
) -> None:
    disk = small_disk(1_024)
    run(sweep(disk / "store"))
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(EngineError, match="Read-only file system") as caught:
        run(sweep(disk / "store", seeds=(0, 1)))
    assert "\n" not in str(caught.value)
