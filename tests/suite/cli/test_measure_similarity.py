"""``league measure similarity``: runs by key, label or words; nothing computed twice; errors in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from leaderboard.store import Store
from suite.cli import execute
from suite.cli.execute import Wishes
from suite.engine import Plan, SweepReport
from tests.support.similar import carry_out_here, trained_store

Call = Callable[..., Result]
FEW = ("--episodes", 3)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        return trained_store(tmp_path_factory.mktemp("similar"))


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Cells are computed here and not by Ray; how many each call wanted that the store lacked."""
    wanted: list[int] = []

    def compute(plan: Plan, wishes: Wishes) -> SweepReport:
        assert wishes.store is not None
        known = [cell for cell in plan.cells if Store(wishes.store).get(cell.key) is not None]
        carry_out_here(plan.cells, Path(wishes.store))
        wanted.append(len(plan.cells) - len(known))
        return SweepReport(wanted[-1], len(known), 0, 0, len(plan.cells), 0.0)

    monkeypatch.setattr(execute, "compute", compute)
    return wanted


def test_two_methods_and_each_before_and_after(
    call: Call, store: Path, in_process: list[int], tmp_path: Path
) -> None:
    words = ("measure", "similarity", "maml", "transfer", "--before-after", *FEW, "--store", store)
    result = call(*words, "--html", tmp_path / "page")
    assert result.exit_code == 0, result.output
    for title in (
        "maml and transfer",
        "maml before and after it adapts",
        "transfer before and after it adapts",
    ):
        assert title in result.output
    assert "latent, 3-way 2-shot, 5 queries a class, 3 episodes" in result.output
    for measure in ("SVCCA", "PWCCA", "linear CKA", "unbiased CKA", "OPD"):
        assert measure in result.output
    assert "Fewer than 10 rows for each neuron (layer1 1.9" in result.output
    assert "go by unbiased CKA there" in result.output
    page = (tmp_path / "page" / "index.html").read_text()
    assert page.count("<svg viewBox") == 3
    assert "Fewer than 10 rows" in page and "linear CKA is biased" in page.replace("Linear", "linear")
    assert in_process == [3]
    assert call(*words, "--html", tmp_path / "again").exit_code == 0
    assert in_process == [3, 0]
    assert (tmp_path / "again" / "index.html").read_text() == page


def test_one_run_is_compared_with_itself_before(call: Call, store: Path, in_process: list[int]) -> None:
    key = next(r.key for r in Store(store).scan("evaluate") if r.method and r.method.name == "maml")
    result = call(
        "measure", "similarity", key[:10], *FEW, "--measure", "linear_cka", "--store", store, "--json"
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert found["failures"] == [] and found["page"].startswith("file://")
    (comparison,) = found["comparisons"]
    assert comparison["title"] == "maml before and after it adapts"
    assert [layer["layer"] for layer in comparison["layers"]] == ["layer1", "layer2", "layer3", "head"]
    assert comparison["layers"][-1]["rows_a_neuron"] == 5
    assert list(comparison["layers"][0]["distances"]) == ["linear_cka"]
    assert any("biased" in sentence for sentence in comparison["warnings"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mamll",), "no run answers to 'mamll'; nearest: maml"),
        (("latent",), "3 runs answer to 'latent'; take a key, or say more"),
        (("maml", "transfer", "--measure", "cka"), "no similarity of layers is called 'cka'"),
        (("protonet",), "protonet has no state before it adapts"),
        (("maml", "transfer", "--query", "10000"), "episodes need"),
    ],
)
def test_bad_input_is_told(call: Call, store: Path, words: tuple[str, ...], said: str) -> None:
    result = call("measure", "similarity", *words, "--store", store)
    assert result.exit_code == 2, result.output
    assert said in result.output


def test_an_empty_store_is_told(call: Call, tmp_path: Path) -> None:
    result = call("measure", "similarity", "maml", "--store", tmp_path / "none")
    assert result.exit_code == 2
    assert "there is no store at" in result.output
