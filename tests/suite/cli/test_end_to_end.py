"""The whole chain in processes of their own: data, methods, Ray, store, ranking."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LEAGUE = [sys.executable, "-c", "from suite.cli import main; main()"]
SWEEP = [
    *("sweep", "demo", "methods=[protonet,untrained]", "benchmarks=[glyphs]", "seeds=[0]"),
    *("budget.images=300", "budget.validations=1", "budget.validation_episodes=4", "protocols.episodes=10"),
]


def league(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WANDB_MODE": "offline"}
    return subprocess.run(
        [*LEAGUE, *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )


def test_a_sweep_ends_with_a_ranking_and_its_repetition_computes_nothing(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    first = league(*SWEEP, "--store", store)
    assert first.returncode == 0, first.stderr
    assert "protonet" in first.stdout
    page = tmp_path / "store" / "board" / "demo" / "index.html"
    assert first.stdout.endswith(f"Board: {page.as_uri()}\n")
    assert page.is_file()
    assert "[4/4]" in first.stderr

    again = league(*SWEEP, "--store", store, "--json")
    assert again.returncode == 0, again.stderr
    told = json.loads(again.stdout.splitlines()[-1])
    assert (told["report"]["done"], told["report"]["reused"]) == (0, 4)

    board = league("board", "--store", store, "--sweep", "demo", "--json")
    assert json.loads(board.stdout) == told["board"]


@pytest.mark.slow
def test_a_failed_cell_is_told_and_tried_again_on_demand(tmp_path: Path) -> None:
    words = [*SWEEP, "methods=[protonet]", "budget.images=40000", "--store", str(tmp_path / "store")]
    failed = league(*words, "resources.time_limit_seconds=1")
    assert failed.returncode == 1
    assert "train · protonet · glyphs · seed 0: it did not finish within its time limit" in failed.stdout
    assert "1 cell failed, listed above." in failed.stderr
    assert league(*words).returncode == 1  # quarantined: not tried again by itself
    retried = league(*words, "--retry")
    assert retried.returncode == 0, retried.stderr


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_finished_and_says_how_to_go_on(tmp_path: Path) -> None:
    words = [*SWEEP, "budget.images=20000", "--store", str(tmp_path / "store")]
    process = subprocess.Popen([*LEAGUE, *words], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith("[1/4]"):
            process.send_signal(signal.SIGINT)
    process.stderr.close()
    assert process.wait(timeout=120) == 130, "".join(said)
    assert "Interrupted. What was finished is kept; go on with:\n" in said
    assert said[-1].startswith("  league sweep demo ")
    resumed = league(*words, "--json")
    assert json.loads(resumed.stdout.splitlines()[-1])["report"]["reused"] >= 1, resumed.stderr
