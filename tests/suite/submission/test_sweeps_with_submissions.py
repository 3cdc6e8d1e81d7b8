"""Submissions in a sweep's configuration and plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from suite import engine
from suite.config import ConfigError, load_sweep, submitted_run, to_yaml
from suite.methods import registry
from suite.submission.template import template

TINY = ["methods=[untrained]", "benchmarks=[emoji]", "seeds=[0]", "budget.images=300"]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "planned_for_a_test.py"
    path.write_text(template(path)[1])
    yield path
    registry.forget("planned_for_a_test")


def refusal(*words: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_sweep("demo", [*TINY, *words], {})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_submission_enters_with_its_defaults(file: Path) -> None:
    sweep = load_sweep("demo", [*TINY, f"submissions=[{file}]"], {})
    assert [method.name for method in sweep.methods] == ["untrained", "planned_for_a_test"]
    assert sweep.submissions == (str(file),) and not sweep.trust and not sweep.isolate


def test_one_that_is_mentioned_enters_as_it_is_mentioned(file: Path) -> None:
    words = [*TINY[1:], "methods=[planned_for_a_test: {lr: 0.1}, planned_for_a_test]", f"submissions={file}"]
    sweep = load_sweep("demo", words, {})
    assert [dict(method.arguments) for method in sweep.methods] == [{"lr": 0.1}, {}]


def test_a_sweep_of_submissions_alone_needs_no_methods(file: Path) -> None:
    sweep = load_sweep("demo", [*TINY, f"submissions=[{file}]", "methods=[]"], {})
    assert [method.name for method in sweep.methods] == ["planned_for_a_test"]
    assert "methods must be a list of at least one" in refusal("methods=[]")


def test_paths_are_relative_to_the_sweeps_file_or_to_the_working_directory(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path / "away")
    text = "methods: [untrained]\nbenchmarks: [emoji]\nsubmissions: [planned_for_a_test.py]\n"
    (tmp_path / "mine.yaml").write_text(text)
    assert load_sweep("../mine.yaml", (), {}).submissions == (str(file),)
    found = load_sweep("demo", [*TINY, "submissions=[../planned_for_a_test.py]"], {}).submissions
    assert [Path(path).resolve() for path in found] == [file]


def test_a_sweep_with_a_submission_can_be_written_and_read_back(file: Path, tmp_path: Path) -> None:
    sweep = load_sweep("demo", [*TINY, f"submissions=[{file}]", "isolate=true"], {})
    (tmp_path / "again.yaml").write_text(to_yaml(sweep))
    assert load_sweep(tmp_path / "again.yaml", (), {}) == sweep


def test_what_is_wrong_with_a_submission_is_told(file: Path, tmp_path: Path) -> None:
    assert refusal("submissions=[nowhere.py]") == "nowhere.py: it cannot be read: No such file or directory"
    other = tmp_path / "other.py"
    other.write_text(file.read_text())
    said = refusal(f"submissions=[{file},{other}]")
    assert "both register a method called 'planned_for_a_test'; give one of them another name" in said
    entered = "methods=[planned_for_a_test: {width: 64}]"
    assert "may not set its own width (64)" in refusal(f"submissions=[{file}]", entered)
    wrong = "methods=[planned_for_a_test: {lr: -1.0}]"
    assert "lr must be above 0" in refusal(f"submissions=[{file}]", wrong, "trust=true")
    unknown = "methods=[planned_for_a_test: {lrr: 1.0}]"
    assert "nearest: lr" in refusal(f"submissions=[{file}]", unknown, "trust=true")


def test_one_that_is_not_trusted_is_not_run_by_its_configuration(tmp_path: Path) -> None:
    path = tmp_path / "hostile_for_a_test.py"
    path.write_text(template(path)[1] + f"\nopen({str(tmp_path / 'ran')!r}, 'w')\n")
    sweep = load_sweep("demo", [*TINY, f"submissions=[{path}]"], {})
    assert [method.name for method in sweep.methods] == ["untrained", "hostile_for_a_test"]
    assert not (tmp_path / "ran").exists()


def test_a_trusted_plan_has_its_code_and_the_built_in_keys_of_a_sweep_without(file: Path) -> None:
    without = engine.plan(load_sweep("demo", TINY, {}))
    planned = engine.plan(load_sweep("demo", [*TINY, f"submissions=[{file}]", "trust=true"], {}))
    code = planned.codes["planned_for_a_test"]
    assert code.submitted and code.text == file.read_text()
    assert planned.codes["untrained"].module == "suite.methods.untrained"
    assert planned.modules == ("suite.methods.untrained",)
    own = [cell for cell in planned.cells if cell.method and cell.method.name == "planned_for_a_test"]
    others = [cell.key for cell in planned.cells if cell not in own]
    assert others == [cell.key for cell in without.cells]
    assert [cell.kind for cell in own] == ["train", "evaluate"]
    assert all(cell.method and cell.method.label == "planned_for_a_test" for cell in own)


def test_a_changed_file_is_another_entrant(file: Path) -> None:
    words = [*TINY, f"submissions=[{file}]", "trust=true"]
    before = engine.plan(load_sweep("demo", words, {}))
    file.write_text(file.read_text() + "# changed\n")
    after = engine.plan(load_sweep("demo", words, {}))
    keys = [{cell.key for cell in plan.cells} for plan in (before, after)]
    assert len(keys[0] & keys[1]) == 2 and len(keys[0] ^ keys[1]) == 4


def test_a_submitted_run_is_the_sweep_with_one_more_under_a_name_of_its_own(file: Path) -> None:
    sweep = submitted_run("demo", file, ["seeds=[0]", "lr=0.01"], ["lr", "scale"], {})
    plain = load_sweep("demo", ["seeds=[0]"], {})
    assert sweep.name == "demo.planned_for_a_test" and sweep.submissions == (str(file),)
    assert sweep.methods[:-1] == plain.methods and sweep.protocols == plain.protocols
    assert (sweep.methods[-1].name, sweep.methods[-1].arguments) == ("planned_for_a_test", {"lr": 0.01})


def test_its_arguments_outlive_another_list_of_methods(file: Path) -> None:
    sweep = submitted_run("demo", file, ["lr=0.01", "methods=[untrained]"], ["lr"], {})
    assert [(method.name, dict(method.arguments)) for method in sweep.methods] == [
        ("untrained", {}),
        ("planned_for_a_test", {"lr": 0.01}),
    ]


def test_a_word_that_is_neither_argument_nor_setting_comes_with_the_nearest(file: Path) -> None:
    with pytest.raises(
        ConfigError, match="lrr is not a setting or an argument of planned_for_a_test; nearest: lr"
    ):
        submitted_run("demo", file, ["lrr=0.01"], ["lr", "scale"], {})
