"""``league sweep`` and ``league run``: what they refuse, foretell, and say at the end."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from leaderboard import Store
from suite import engine
from suite.config import load_sweep, to_dict
from tests.support.fabricate import COLUMNS, METHODS, fabricate, failure

TINY = ["benchmarks=[glyphs]", "seeds=[0]", "budget.images=300", "protocols.episodes=10"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dmeo"], "no sweep is called 'dmeo'; nearest: demo."),
        (["nowhere/mine.yaml"], "there is no file nowhere/mine.yaml"),
        (["demo", "methods=[malm]"], "no method is called 'malm'; nearest: maml"),
        (["demo", "benchmarks=[glyph]"], "no benchmark is called 'glyph'; nearest: glyphs."),
        (["demo", "budget.imgaes=3"], "budget.imgaes is not a setting; nearest: budget.images."),
        (["demo", "budget.images=many"], "budget.images must be a whole number, not 'many'."),
        (["demo", "nonsense"], "'nonsense' is not key=value"),
        (["demo", "methods.maml.width=64"], "maml may not set its own width (64)"),
        (["demo", *TINY, "protocols.way=5000"], "5000-way episodes need 5000"),
        (["demo", "benchmarks.glyphs.sise=1"], "sise is not an option of glyphs; nearest: size."),
        (["demo", "benchmarks.glyphs.size=1"], "size must be a whole number of 8 to 128 pixels, not 1."),
    ],
)
def test_bad_input_ends_with_two_and_a_sentence(call, words: list[str], said: str) -> None:
    result = call("sweep", *words)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["malm", "glyphs"], "no method is called 'malm'; nearest: maml"),
        (["maml", "glyph"], "no benchmark is called 'glyph'; nearest: glyphs."),
        (["maml", "glyphs", "inner_stps=3"], "inner_stps is not a setting or an argument of maml; nearest:"),
        (["maml", "glyphs", "inner_steps=0"], "inner_steps must be at least 1, not 0."),
        (["maml"], "Missing argument 'BENCHMARK'"),
    ],
)  # fmt: skip
def test_a_run_of_what_is_unknown_ends_with_two(call, words: list[str], said: str) -> None:
    result = call("run", *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_dry_run_prints_the_resolved_sweep_and_runs_nothing(call, tmp_path: Path) -> None:
    result = call("sweep", "demo", *TINY, "--dry-run")
    assert result.exit_code == 0
    (tmp_path / "again.yaml").write_text(result.stdout, encoding="utf-8")
    assert load_sweep(tmp_path / "again.yaml", environment={}) == load_sweep("demo", TINY, {})
    assert "# 6 trainings, 6 evaluations; nothing was run." in result.stdout
    assert not (tmp_path / "league-store").exists()


def test_dry_run_as_json_counts_cells(call) -> None:
    result = call("run", "maml", "glyphs", "seeds=[0,1]", "--print", "--json")
    told = json.loads(result.stdout)
    assert told["cells"] == {"train": 2, "evaluate": 2}
    assert told["sweep"]["name"] == "maml-glyphs"


def test_store_option_and_setting_are_the_same(call) -> None:
    by_option = OmegaConf.create(call("sweep", "demo", *TINY, "--store", "a b", "--dry-run").stdout)
    by_setting = OmegaConf.create(call("sweep", "demo", *TINY, "store=a b", "--dry-run").stdout)
    assert by_option == by_setting
    assert by_option.store == "a b"


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch):
    """``ended(report)``: a sweep that ends so, over a store that somebody filled."""

    def end(*, failed: int = 0, interrupted: bool = False) -> list[dict[str, object]]:
        calls: list[dict[str, object]] = []

        def carry_out(plan, *, retry, address, on_event) -> engine.SweepReport:
            sweep = plan.terms
            calls.append({"sweep": to_dict(sweep), "retry": retry, "address": address})
            store = fabricate(sweep.store, sweep=sweep.name)
            if failed:
                broken = failure(METHODS[0], COLUMNS[0], seed=7, sweep=sweep.name)
                store.put_failure(broken)
                store.put_plan(sweep.name, [*store.keys(), broken.key])
            return engine.SweepReport(24 - failed, 0, failed, 0, 24, 1.0, interrupted)

        monkeypatch.setattr(engine, "carry_out", carry_out)
        # Planning would prepare the benchmarks.
        monkeypatch.setattr(engine, "plan", lambda sweep: engine.Plan(sweep, ()))
        return calls

    return end


def test_a_sweep_ends_with_the_ranking_and_the_page(call, ended, tmp_path: Path) -> None:
    ended()
    result = call("sweep", "demo", "--store", "store")
    page = tmp_path / "store" / "board" / "demo" / "index.html"
    assert result.exit_code == 0
    assert METHODS[0].name in result.stdout
    assert result.stdout.endswith(f"Board: {page.as_uri()}\n")
    assert page.is_file()


def test_a_store_may_be_a_file_url(call, ended, tmp_path: Path) -> None:
    ended()
    result = call("sweep", "demo", f"store={(tmp_path / 'store').as_uri()}")
    assert result.exit_code == 0
    assert (tmp_path / "store" / "board" / "demo" / "index.html").is_file()


def test_the_board_inside_the_store_leaves_the_store_sound(call, ended, tmp_path: Path) -> None:
    ended()
    call("sweep", "demo", "--store", "store")
    assert not list(Store(tmp_path / "store").check())


def test_a_run_ends_with_accuracies_and_intervals(call, ended) -> None:
    ended()
    result = call("run", "maml", "glyphs")
    assert result.exit_code == 0
    [line] = [line for line in result.stdout.splitlines() if line.startswith("strong on glyphs")]
    assert "5-way 1-shot" in line
    assert "%" in line
    assert "±" in line or "[" in line
    assert "(2 seeds, 60 episodes)" in line


def test_a_sweep_as_json_is_json(call, ended) -> None:
    ended()
    told = json.loads(call("sweep", "demo", "--json").stdout.splitlines()[-1])
    assert told["report"]["done"] == 24
    assert told["page"].startswith("file://")
    assert told["board"]["computed"]["ranking"]
    assert told["failures"] == []


@pytest.mark.parametrize("words", [["sweep", "demo", "--json"], ["run", "maml", "glyphs", "inner_steps=3"]])
def test_failed_cells_are_listed_with_the_way_to_try_again(call, ended, words: list[str]) -> None:
    ended(failed=1)
    result = call(*words)
    assert result.exit_code == 1
    assert "1 cell failed" in result.stderr
    assert "train · strong · glyphs · seed 7: its logits hold NaN" in result.stderr
    assert shlex.join(["league", *words, "--retry"]) in result.stderr


def test_failed_cells_of_a_sweep_are_on_its_board(call, ended) -> None:
    ended(failed=1)
    result = call("sweep", "demo")
    assert result.exit_code == 1
    assert "its logits hold NaN" in result.stdout
    assert "league sweep demo --retry" in result.stderr


def test_an_interrupted_sweep_says_how_to_go_on(call, ended) -> None:
    ended(interrupted=True)
    result = call("sweep", "demo", "seeds=[0, 1]", "--store", "store")
    assert result.exit_code == 130
    assert result.stderr == (
        "Interrupted. What was finished is kept; go on with:\n"
        "  league sweep demo 'seeds=[0, 1]' --store store\n"
    )


def test_ctrl_c_before_the_sweep_begins_ends_with_130(call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "plan", interrupt)
    result = call("sweep", "demo")
    assert result.exit_code == 130
    assert result.stderr == "Interrupted.\n"


def test_wishes_reach_the_engine(call, ended) -> None:
    calls = ended()
    call("sweep", "demo", "seeds=[3]", "--retry", "--address", "auto", "--store", "store")
    [wished] = calls
    assert (wished["retry"], wished["address"]) == (True, "auto")
    assert wished["sweep"]["seeds"] == [3]


def test_what_stops_the_engine_is_said_in_its_words(call, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise engine.StoreBusy("the store x is in use by the sweep 'other'")

    monkeypatch.setattr(engine, "carry_out", refuse)
    result = call("sweep", "demo", *TINY)
    assert result.exit_code == 1
    assert result.stderr.endswith("Error: the store x is in use by the sweep 'other'\n")
