"""``league runs``: what it prints."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from leaderboard.store import Store
from tests.support.fabricate import COLUMNS, METHODS, Planted, fabricate, failure


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = fabricate(tmp_path / "store", METHODS[:2], COLUMNS[:1], seeds=(0,), plan=False)
    made.put_failure(failure(METHODS[2], COLUMNS[0]))
    return made


@pytest.mark.parametrize("width", [80, 120, 250])
def test_the_list_fits_the_terminal_and_uses_it(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    long = Planted("transfer", 0.7, label="transfer(head=nearest_class_mean_of_normalised_features)")
    made = fabricate(tmp_path / "store", (long, *METHODS), COLUMNS, seeds=(0,))
    lines = call("runs", "--store", made.url).output.splitlines()
    assert max(map(len, lines)) <= width
    assert ("host" in lines[0]) == (width > 80) and lines[0].startswith("key       state")
    assert all(word in lines[0] for word in ("method", "benchmark", "acc %", "wall s"))
    assert lines[-1].startswith("16 cells: 16 finished; ")


def test_states_and_words_choose(call: Any, store: Store) -> None:
    failed = call("runs", "--failed", "--store", store.url)
    assert failed.exit_code == 0
    assert "failed" in failed.output and store.failures()[0].reason[:15] in failed.output
    assert failed.output.splitlines()[-1].startswith("1 of 5 cells: 1 failed")
    assert call("runs", "--running", "--store", store.url).output == "none of 5 cells\n"
    told = json.loads(call("runs", "strong", "evaluate", "--store", store.url, "--json").output)
    assert [(row["method"], row["kind"], row["state"]) for row in told] == [
        ("strong", "evaluate", "finished")
    ]


def test_bad_words_and_keys_end_with_two(call: Any, store: Store, tmp_path: Path) -> None:
    for words in (("strnog",), ("show", "zz"), ("open", "zz"), ("--sweep", "none")):
        result = call("runs", *words, "--store", store.url)
        assert result.exit_code == 2 and result.output.startswith("Error: "), words
    assert call("runs", "--store", tmp_path / "nowhere").exit_code == 2


def test_show_tells_a_cells_whole_story(call: Any, store: Store) -> None:
    train, evaluate = (next(store.scan(kind)) for kind in ("train", "evaluate"))
    parent = next(r for r in store.scan("train") if r.key in evaluate.parents)
    told = call("runs", "show", evaluate.key[:10], "--store", store.url).output
    assert told.startswith("evaluate · ") and evaluate.key in told
    assert f"parents\n  {parent.key[:12]}  train · " in told and "outcomes.parquet" in told
    told = call("runs", "show", train.key, "--store", store.url).output
    assert "children\n" in told and "curve  ▁" in told and "20,000 images" in told
    failed = store.failures()[0]
    told = call("runs", "show", failed.key[:9], "--store", store.url).output
    assert f"why\n  {failed.reason}" in told
    assert failed.traceback.splitlines()[-1].strip() in told
    as_json = json.loads(call("runs", "show", evaluate.key[:10], "--store", store.url, "--json").output)
    assert as_json["parents"][0]["key"] == parent.key
    assert as_json["record"]["results"] == evaluate.results


def test_open_names_the_folder_or_what_brings_it_back(
    call: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = next(store.scan("train"))
    gone = call("runs", "open", record.key[:8], "--store", store.url)
    assert gone.exit_code == 1 and "`league runs sync --offline` makes it" in gone.output
    failed = call("runs", "open", store.failures()[0].key, "--store", store.url)
    assert failed.exit_code == 1 and "the cell is failed" in failed.output

    folder = store.location.writable() / "wandb" / f"offline-run-20260101_000000-{record.key}-1"
    folder.mkdir(parents=True)
    printed = call("runs", "open", record.key[:8], "--print", "--store", store.url)
    assert printed.output == f"wandb leet run {folder}\n"
    piped = call("runs", "open", record.key[:8], "--store", store.url)
    assert piped.exit_code == 1 and "needs a terminal" in piped.output
    monkeypatch.setattr("suite.cli.runs.find_spec", lambda name: None)
    absent = call("runs", "open", record.key[:8], "--store", store.url)
    assert absent.exit_code == 1 and "wandb is not installed" in absent.output
    shutil.rmtree(folder)


def test_a_texts_control_characters_do_not_reach_the_terminal(call: Any, store: Store) -> None:
    failed = store.failures()[0].model_copy(update={"reason": "gone\x1b[2J\rback"})
    store.put_failure(failed)
    for words in (("--failed",), ("show", failed.key)):
        assert "\x1b[2J" not in call("runs", *words, "--store", store.url).output


def test_listing_loads_nothing_heavy(store: Store) -> None:
    code = (
        "import sys\n"
        "from suite.cli import league\n"
        "league(sys.argv[1:], standalone_mode=False)\n"
        "sys.exit(str({'torch', 'ray', 'wandb'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, "runs", "--store", store.url]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.stderr.strip() == "set()"
