"""``league paper``: what it lists, runs and tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tests.support.toy_paper  # noqa: F401 (it registers its paper)
from leaderboard.store import Store
from suite import engine
from suite.engine.body import execute
from tests.support.jobs import job


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Cells run in this process, without Ray; their titles."""
    ran: list[str] = []

    def carry_out(plan: engine.Plan, **_: object) -> engine.SweepReport:
        store = Store(plan.terms.store)
        for cell in plan.cells:
            if store.get(cell.key) is None:
                assert execute(job(cell, plan.terms.store)).fault is None
                ran.append(cell.title)
        total = len(plan.cells)
        return engine.SweepReport(len(ran), total - len(ran), 0, 0, total, 1.0)

    monkeypatch.setattr(engine, "carry_out", carry_out)
    return ran


def test_a_run_tells_claim_checks_figures_and_verdict(call: Any, here: list[str], tmp_path: Path) -> None:
    result = call("paper", "run", "toy_of_parts", "--store", "s")
    assert result.exit_code == 0
    for said in ("Claim: Things grow.", "it grows by 1.5", "What is small", "Verdict: ✓ reproduced"):
        assert said in result.output
    assert "seed by seed: 0 reproduced, 1 partly reproduced" in " ".join(result.output.split())
    assert (tmp_path / "s" / "board" / "papers" / "papers.html").is_file()


def test_a_claim_that_does_not_hold_is_a_result(call: Any, here: list[str]) -> None:
    result = call("paper", "run", "toy_of_parts", "--seeds", "1", "--store", "s")
    assert result.exit_code == 0
    assert "Verdict: ◐ partly reproduced" in result.output
    assert "Not met: it grows by 1.5: 1.00, not at least 1.5." in result.output


def test_nothing_is_run_twice(call: Any, here: list[str]) -> None:
    call("paper", "run", "toy_of_parts", "--seeds", "0", "--store", "s")
    call("paper", "run", "toy_of_parts", "--seeds", "0,1", "--store", "s")
    assert len(here) == len(set(here)) == 6


def test_the_result_as_json(call: Any, here: list[str]) -> None:
    told = json.loads(call("paper", "run", "toy_of_parts", "--store", "s", "--json").stdout)
    [found] = told["papers"]
    assert (found["verdict"], found["seeds"], found["met"]) == ("reproduced", [0, 1], [True, True, False])


def test_the_list_tells_what_became_of_each_paper(call: Any, here: list[str]) -> None:
    assert "toy_of_parts · not run" in call("paper", "list", "--store", "s").output
    call("paper", "run", "toy_of_parts", "--store", "s")
    assert "toy_of_parts · ✓ reproduced" in call("paper", "list", "--store", "s").output
    told = {row["name"]: row for row in json.loads(call("paper", "list", "--store", "s", "--json").stdout)}
    assert {"cka", "diversity"} <= told.keys()
    assert told["toy_of_parts"]["verdict"] == "reproduced" and told["cka"]["verdict"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["diversty"], "no paper is called 'diversty'; nearest: diversity"),
        (["cka", "--seeds", "0-2"], "--seeds must be whole numbers from 0"),
    ],
)
def test_bad_input_ends_with_two(call: Any, words: list[str], said: str) -> None:
    result = call("paper", "run", *words)
    assert result.exit_code == 2
    assert said in result.stderr
