"""``league measure MEASURE RUN``: any measure of any finished training, few-shot or transfer."""

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
from suite.engine.plan import plan
from suite.measures.registry import forget
from tests.support.similar import carry_out_here, small_sweep

Call = Callable[..., Result]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trainings of two methods on a few-shot benchmark, and an evaluation of each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        folder = tmp_path_factory.mktemp("trained")
        carry_out_here(plan(small_sweep(folder, "transfer", "untrained")).cells, folder)
        return folder


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


def test_a_few_shot_training_is_measured_on_old_and_new_classes(
    call: Call, store: Path, in_process: list[int]
) -> None:
    words = ("measure", "class_separation", "transfer", "--store", store)
    result = call(*words)
    assert result.exit_code == 0, result.output
    assert "class_separation · transfer · latent · seed 0" in result.output
    told = json.loads(call(*words, "--json").stdout)
    [measured] = told["measurements"]
    where = [(row["problem"], row["split"], row["layer"]) for row in measured["rows"]]
    layers = ("layer1", "layer2", "features")
    assert where == [
        (*part, layer) for part in (("source", "train"), ("downstream", "test")) for layer in layers
    ]
    assert all(0 < row["values"]["class_separation"] <= 1 for row in measured["rows"])
    assert told["failures"] == [] and in_process == [1, 0]
    training = next(r for r in Store(store).scan("train") if r.method and r.method.name == "transfer")
    assert measured["training"] == training.key


def test_two_trainings_are_compared_with_a_reference(call: Call, store: Path, in_process: list[int]) -> None:
    words = ("measure", "procrustes_distance", "transfer", "--reference", "untrained", "--store", store)
    told = json.loads(call(*words, "--json").stdout)
    [measured] = told["measurements"]
    assert measured["reference"] == "untrained"
    assert all(0 < row["values"]["procrustes_distance"] <= 1 for row in measured["rows"])


def test_a_file_brings_measures_of_ones_own(
    call: Call, store: Path, in_process: list[int], tmp_path: Path
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from suite.measures import measure\n\n\n"
        '@measure("smallest_feature", needs=("features",))\n'
        "def smallest_feature(features):\n    return float(features.min())\n",
        encoding="utf-8",
    )
    try:
        result = call("measure", file, "transfer", "untrained", "--store", store)
    finally:
        forget("smallest_feature")
    assert result.exit_code == 0, result.output
    assert result.output.count("smallest_feature · ") == 2 and in_process == [2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["class_seperation", "transfer"],
            "no measure is called 'class_seperation'; nearest: class_separati",
        ),
        (["similarty", "transfer"], "no measure is called 'similarty'; nearest: similarity"),
        (["class_separation", "transfre"], "no run answers to 'transfre'; nearest: transfer"),
        (
            ["linear_cka", "transfer"],
            "linear_cka compares two trainings: name the other with --reference RUN",
        ),
        (["effective_rank", "transfer", "--reference", "untrained"], "effective_rank is of one training"),
        (["linear_cka", "transfer", "--reference", "latent"], "2 trainings answer to 'latent'"),
        (["nowhere.py", "transfer"], "nowhere.py (measures) cannot be read"),
        (["geometric_complexity", "transfer"], "needs model, inputs, which transfer does not keep"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(
    call: Call, store: Path, words: list[str], said: str
) -> None:
    result = call("measure", *words, "--store", store)
    assert result.exit_code == 2
    assert said in result.stderr
