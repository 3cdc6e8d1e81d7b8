"""``league submit``: what it refuses, checks, foretells and answers."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from leaderboard import Store
from suite.submission.template import template
from tests.suite.cli.conftest import call

__all__ = ["call"]

ROOT = Path(__file__).parents[3]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "handed_in.py"
    path.write_text(template(path)[1])
    return path


def league(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    program = "from suite.cli import main; main()"
    command = [sys.executable, "-c", program, *map(str, words)]
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    import os

    return subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=400
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.py"], "nowhere.py: it cannot be read: No such file or directory."),
        (["handed_in.py", "--track", "adaptation"], "'adaptation' is not one of 'few-shot', 'transfer'"),
        (["handed_in.py", "nonsense", "--trust"], "'nonsense' is not key=value"),
    ],
)
def test_bad_input_ends_with_two_and_a_sentence(call, file: Path, words: list[str], said: str) -> None:
    result = call("submit", *words)
    assert result.exit_code == 2 and said in result.stderr and "Traceback" not in result.output


def test_check_tells_each_rule_and_ends_with_zero(call, file: Path) -> None:
    result = call("submit", "--check", "--trust", file, "lr=0.01")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len([line for line in lines if line.startswith("ok  ")]) == 12
    assert lines[-1].startswith("handed_in keeps the rules (")


def test_check_of_a_broken_method_ends_with_one_and_says_what_to_change(call, file: Path) -> None:
    broken = file.read_text().replace(
        "logits = self.logits(", "torch.manual_seed(0)\n            logits = self.logits("
    )
    file.write_text(broken.replace("    def adapt(self", "    def adapt(self", 1))
    result = call("submit", "--check", "--trust", file)
    assert result.exit_code == 1
    assert (
        "FAIL  random state" in result.stdout
        and "train sets the seed of torch; leave that out" in result.stdout
    )
    assert "handed_in fails 1 check (" in result.stdout


def test_check_as_json_says_what_failed_and_where(call, file: Path) -> None:
    file.write_text(
        file.read_text().replace("return torch.no_grad()(", "raise KeyError('oh')\n        return (")
    )
    line = file.read_text().splitlines().index("        raise KeyError('oh')") + 1
    result = call("submit", "--check", "--trust", "--json", file)
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["method"] == "handed_in" and told["conforms"] is False and told["arguments"]["lr"] == 3e-3
    [failed] = [finding for finding in told["findings"] if finding["state"] == "failed"]
    assert f"raised KeyError: 'oh' (line {line} of its file)" in failed["told"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ("raise RuntimeError('at once')", 2, "handed_in: its file raises RuntimeError: at once (line "),
        ("import os; os._exit(7)", 2, "handed_in: its process died during the checks (exit code 7)"),
        ("import os; os.kill(os.getpid(), 11)", 2, "its process died during the checks (signal SIGSEGV)"),
    ],
)
def test_a_file_that_misbehaves_when_it_is_run_is_told(
    call, file: Path, change: str, code: int, said: str
) -> None:
    file.write_text(f"{file.read_text()}\n\n{change}\n")
    result = call("submit", "--check", "--trust", file)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output


def test_an_argument_that_it_does_not_have_is_refused(call, file: Path) -> None:
    result = call("submit", "--check", "--trust", file, "lrr=0.1")
    assert result.exit_code == 2 and "handed_in has no argument 'lrr'" in result.stderr


@pytest.mark.slow
def test_a_submission_is_ranked_beside_cached_methods_and_again_when_it_changes(
    tmp_path: Path, file: Path
) -> None:
    (tmp_path / "short.yaml").write_text(
        textwrap.dedent("""\
            methods: [protonet, untrained]
            benchmarks: [emoji]
            protocols: [{way: 5, shot: 1, query: 3, episodes: 20}]
            seeds: [0, 1]
            budget: {images: 400, validations: 1, validation_episodes: 4}
            tracking: {mode: disabled}
            store: kept
        """)
    )
    swept = league("sweep", "short.yaml", cwd=tmp_path)
    assert swept.returncode == 0, swept.stderr
    words = ("submit", file, "--trust", "--sweep", "short.yaml")

    first = league(*words, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "8 of 12 cells are in kept; 4 to compute, about " in first.stderr
    assert "handed_in is rank " in first.stdout and "  control  " in first.stdout.replace(
        "below  ", "control"
    )
    page = tmp_path / "kept" / "board" / "short.handed_in" / "index.html"
    assert f"Board: {page.as_uri()}" in first.stdout and page.is_file()
    sources = [
        record for record in Store(tmp_path / "kept").scan(kind="train") if "method.py" in record.files
    ]
    assert len(sources) == 2

    file.write_text(file.read_text().replace("argument(3e-3,", "argument(6e-3,"))
    again = league(*words, "--json", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    told = json.loads(again.stdout)
    assert (told["report"]["done"], told["report"]["reused"]) == (4, 8)
    [answer] = told["answers"]
    assert answer["method"] == "handed_in" and answer["methods"] == 3 and told["checks"]["conforms"]

    # The board of the sweep has the latest file alone; that of the whole store tells the two apart.
    whole = json.loads(league("board", "--store", "kept", "--json", cwd=tmp_path).stdout)["computed"]
    labels = sorted(method["label"] for method in whole["methods"] if method["name"] == "handed_in")
    assert len(labels) == 2 and all(label.startswith("handed_in #") for label in labels)
    assert any(
        "2 different methods are called handed_in; they differ in source" in note for note in whole["notes"]
    )

    swept = league("board", "--store", "kept", "--sweep", "short", "--json", cwd=tmp_path)
    methods = json.loads(swept.stdout)["computed"]["methods"]
    assert sorted(method["name"] for method in methods) == ["protonet", "untrained"]


@pytest.mark.slow
def test_a_cell_that_fails_is_told_with_the_methods_own_message(tmp_path: Path, file: Path) -> None:
    broken = file.read_text().replace(
        "    def build(self, shape, way):",
        "    def build(self, shape, way):\n        if shape[1] == 28: raise ValueError('28 is too much')",
    )
    file.write_text(broken)
    words = ["seeds=[0]", "methods=[untrained]", "benchmarks=[emoji: {size: 28}]", "protocols.episodes=5"]
    words += ["budget.images=100", "budget.validations=1", "tracking.mode=disabled"]
    # The checks use pictures of 28 pixels too: they tell it first.
    result = league("submit", file, "--trust", "--sweep", "demo", *words, cwd=tmp_path)
    assert result.returncode == 1 and "raised ValueError: 28 is too much (line " in result.stdout
    file.write_text(broken.replace("shape[1] == 28", "shape[0] == 3 and shape[1] == 28"))
    result = league("submit", file, "--trust", "--sweep", "demo", *words, cwd=tmp_path)
    assert result.returncode == 1, result.stderr
    assert "train of handed_in, seed 0 failed: raised ValueError: 28 is too much" in result.stderr
    assert "handed_in has no result." in result.stdout and "no result: " in result.stdout
    assert "--retry" in result.stderr
