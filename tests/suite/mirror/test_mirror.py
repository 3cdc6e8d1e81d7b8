"""The mirror: what W&B is told, read back from its folders and from a server that stands in for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leaderboard.records import BenchmarkCard, Record
from leaderboard.store import Store
from suite.mirror.content import history, of_record
from suite.mirror.place import mirrored, on_disk
from tests.support.fabricate import COLUMNS, METHODS, SWEEP, fabricate, failure
from tests.support.fake_wandb import ENTITY, KEY, FakeWandb, fake_wandb

League = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> League:
    """``league("runs", "sync", …, server=fake)`` in a process of its own, without the user's W&B settings."""
    home = tmp_path_factory.mktemp("home")

    def run(*words: object, server: FakeWandb | None = None) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
        environment |= {"HOME": str(home), "NETRC": str(home / "netrc")}
        if server:
            environment |= {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": KEY}
        command = [sys.executable, "-c", "from suite.cli import main; main()", *map(str, words)]
        return subprocess.run(
            command, cwd=home, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    return run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, league: League) -> Store:
    """A store of two methods on one benchmark and a cell that failed, mirrored offline."""
    made = fabricate(tmp_path_factory.mktemp("mirror") / "store", METHODS[:2], COLUMNS[:1], seeds=(0,))
    made.put_benchmark(_card(next(made.scan())), b"\x89PNG of glyphs")
    made.put_failure(failure(METHODS[2], COLUMNS[0]))
    made.put_plan(SWEEP, [*made.keys(), failure(METHODS[2], COLUMNS[0]).key])
    done = league("runs", "sync", "--offline", "--store", made.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"6 runs; 6 written to {made.url}/wandb; nothing was sent.\n"
    return made


def _card(record: Record) -> BenchmarkCard:
    assert record.benchmark
    return BenchmarkCard(
        **record.benchmark.model_dump(),
        **dict.fromkeys(("title", "description", "licence", "attribution", "split_rule", "sheet"), "x"),
        image_shape=(1, 8, 8),
        splits={},
    )


def root(store: Store) -> Path:
    return store.location.writable()


def records(store: Store, kind: str) -> list[Record]:
    return [record for record in store.scan() if record.kind == kind]


def inspected(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """State, config and summary of an offline run, and its history, as W&B's own reader finds them."""
    read = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(folder)]
    lines = subprocess.run(read, capture_output=True, text=True, check=True, timeout=120).stdout
    steps = [json.loads(line) for line in lines.splitlines()]
    drawn = [step["history"]["item"] for step in steps if step["type"] == "history"]
    summary = subprocess.run([*read, "--summary"], capture_output=True, text=True, check=True, timeout=120)
    return json.loads(summary.stdout), [_plain(step) for step in drawn]


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Without what W&B adds to a step: clocks and counters."""
    return {name: value for name, value in values.items() if not name.startswith("_")}


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    """Without empty mappings, which W&B does not keep."""
    within = {name: _filled(value) if isinstance(value, dict) else value for name, value in values.items()}
    return {name: value for name, value in within.items() if value != {}}


@pytest.mark.parametrize("kind", ["train", "evaluate"])
def test_a_run_made_from_the_store_reads_back_as_the_store_says(store: Store, kind: str) -> None:
    record = records(store, kind)[0]
    told, drawn = inspected(root(store) / mirrored(record))
    label = record.method.label if record.method else None
    cell = {"key": record.key, "kind": kind, "method": label, "parents": list(record.parents)}
    assert told["config"] == _filled({**record.spec, "cell": cell})
    assert told["run_id"] == f"{record.key}-1"
    assert (told["state"], told["exit_code"]) == ("finished", 0)
    assert {name: told["summary"][name] for name in record.results} == record.results
    assert told["summary"]["cost"]["wall_seconds"] == record.measured.wall_seconds
    assert told["summary"]["cost"]["peak_memory_mib"] == record.measured.peak_memory_mib
    expected = history(record, store)
    assert [step for step in drawn if not any(name.startswith("outcomes") for name in step)] == expected
    assert expected[-1] == (
        {"images": 20_000, "train/validation_accuracy": record.results["curve"][-1][1]}
        if kind == "train"
        else {"episode": 60, "eval/mean_accuracy": pytest.approx(record.results["mean_accuracy"])}
    )


def test_the_episodes_of_an_evaluation_are_a_table(store: Store) -> None:
    record = records(store, "evaluate")[0]
    [path] = (root(store) / mirrored(record)).glob("files/media/table/outcomes_*.table.json")
    table = json.loads(path.read_text())
    assert table["columns"] == ["episode", "correct", "queries", "accuracy"]
    found = store.table(record, "outcomes").to_pydict()
    assert [row[:3] for row in table["data"]] == [
        list(row) for row in zip(*(found[n] for n in ("episode", "correct", "queries")), strict=True)
    ]


def test_a_cell_that_failed_is_a_failed_run_with_its_reason(store: Store) -> None:
    failed = store.failures()[0]
    [folder] = on_disk(root(store), failed.key)
    told, _ = inspected(folder)
    assert (told["state"], told["exit_code"]) == ("failed", 1)
    assert told["summary"]["failure"] == failed.reason and "failed" in told["tags"]


def test_only_what_is_gone_or_damaged_is_made_anew(store: Store, league: League) -> None:
    gone, damaged = (root(store) / mirrored(record) for record in records(store, "evaluate"))
    told, drawn = inspected(gone)
    shutil.rmtree(gone)
    [run_file] = damaged.glob("*.wandb")
    run_file.write_bytes(run_file.read_bytes()[:-9])
    whole = {path: path.stat().st_mtime_ns for path in _run_files(store) - {run_file}}
    mended = league("runs", "sync", "--offline", "--store", store.url, "--json")
    assert json.loads(mended.stdout)["written"] == 2
    assert whole == {path: path.stat().st_mtime_ns for path in whole} and len(_run_files(store)) == 6
    retold, redrawn = inspected(gone)
    assert retold["config"] == told["config"]
    tables = {name for name in told["summary"] if name.startswith(("_", "outcomes"))}
    assert {n: v for n, v in retold["summary"].items() if n not in tables} == {
        n: v for n, v in told["summary"].items() if n not in tables
    }
    assert redrawn[:-1] == drawn[:-1]


def _run_files(store: Store) -> set[Path]:
    return set((root(store) / "wandb").rglob("*.wandb"))


def test_the_mirror_reaches_the_server_once_and_only_what_changes_goes_again(
    store: Store, league: League
) -> None:
    words = ("runs", "sync", "--store", store.url, "--json")
    with fake_wandb() as server:
        refused = records(store, "train")[0]
        server.refuses = f"{refused.key}-1"
        partly = league(*words, server=server)
        assert partly.returncode == 1 and "did not take 1 runs" in partly.stderr
        assert json.loads(partly.stdout)["sent"] == 5

        server.refuses = None
        rest = league(*words, server=server)
        assert (rest.returncode, json.loads(rest.stdout)["sent"]) == (0, 1)
        _check_received(server, store)

        seen = len(server.received.operations)
        store.put_plan("another", [refused.key])
        changed = json.loads(league(*words, server=server).stdout)
        assert (changed["written"], changed["sent"]) == (2, 2)  # the cell, and its sweep's board
        # The new board, its standings and its contact sheets.
        assert server.received.operations[seen:].count("CreateArtifact") == 3
        assert "another" in server.received.runs[f"{refused.key}-1"]["tags"]
        assert server.received.unknown == []

    listed = json.loads(league("runs", refused.key[:8], "--store", store.url, "--json").stdout)
    assert listed[0]["wandb"] == f"{server.url}/{ENTITY}/transfer-league/runs/{refused.key}-1"
    for path in root(store).rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), f"{path} holds the key"


def _check_received(server: FakeWandb, store: Store) -> None:
    received = server.received
    assert set(received.runs) == {
        f"board-{SWEEP}",
        *(f"{key}-1" for key in set(store.keys())),
        *(f"{failed.key}-1" for failed in store.failures()),
    }
    for record in store.scan():
        run, content = f"{record.key}-1", of_record(record, [SWEEP])
        told = received.runs[run]
        assert (told["groupName"], told["jobType"]) == (SWEEP, record.kind)
        assert (told["project"], told["entity"]) == ("transfer-league", ENTITY)
        assert sorted(told["tags"]) == sorted(content.tags)
        assert received.config(run) == _filled(json.loads(json.dumps(content.config)))
        summary = received.summary(run)
        expected = _filled(json.loads(json.dumps(content.summary)))
        assert {name: summary[name] for name in expected} == expected
        drawn = [_plain(step) for step in received.history(run)]
        assert [step for step in drawn if "outcomes" not in step] == history(record, store)
    boards = received.artifacts[f"board-{SWEEP}"]
    assert boards[-1]["committed"]
    pages = [path for path in received.uploads if path.startswith(f"/upload/{boards[-1]['id']}/")]
    assert {"index.html", "board.json"} <= {path.rpartition("/")[2] for path in pages}
    [sheets] = received.artifacts[f"contact-sheets-{SWEEP}"]
    [sheet] = [path for path in received.uploads if path.startswith(f"/upload/{sheets['id']}/glyphs-")]
    assert received.uploads[sheet] == b"\x89PNG of glyphs"


def test_without_a_key_it_says_so_and_leaves_the_store_alone(tmp_path: Path, league: League) -> None:
    made = fabricate(tmp_path / "store", METHODS[:1], COLUMNS[:1], seeds=(0,))
    done = league("runs", "sync", "--store", made.url)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: W&B cannot be reached: No API key configured.")
    assert "--offline" in done.stderr and "Traceback" not in done.stderr
    assert not (root(made) / "wandb").exists()


def test_a_record_from_elsewhere_names_no_folder_outside_its_own(tmp_path: Path) -> None:
    made = fabricate(tmp_path / "store", METHODS[:1], COLUMNS[:1], seeds=(0,))
    record = records(made, "train")[0]
    own = f"wandb/offline-run-20260101_000000-{record.key}-1"
    for named in (None, "../..", "/etc", "wandb", "wandb/run-1", f"{own}/..", f"wandb/../{own}"):
        moved = record.model_copy(
            update={"measured": record.measured.model_copy(update={"wandb_folder": named})}
        )
        assert mirrored(moved) == own
