"""Sweeps over transfer tasks as they are written: lists of arguments, labels, measures; what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.config import ConfigError, load_sweep, single_run, to_yaml
from suite.config.measures import measure_names
from suite.measures import names
from suite.measures.registry import forget

MINE = """
from suite.measures import measure

@measure("mean_length_of_mine", needs=("features",))
def mean_length(features):
    return float(features.norm(dim=1).mean())
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, text: str, *words: str):
    return load_sweep(written(folder, text), words, {})


BASE = "methods: [transfer]\ntransfers: [digit_classes]\n"


def test_a_list_stands_for_each_of_its_values(tmp_path: Path) -> None:
    text = "methods:\n- transfer: {head: [ridge, nearest_centroid], lr: [0.01, 0.02], batch_size: 16}\n"
    sweep = load(tmp_path, text + "transfers: [digit_classes]\n")
    assert [method.arguments for method in sweep.methods] == [
        {"head": head, "lr": lr, "batch_size": 16}
        for head in ("ridge", "nearest_centroid")
        for lr in (0.01, 0.02)
    ]
    assert load(tmp_path, to_yaml(sweep)) == sweep


def test_a_list_may_be_given_on_the_command_line(tmp_path: Path) -> None:
    sweep = load(tmp_path, BASE, "methods.transfer.head=[ridge,logistic_regression]")
    assert [method.arguments for method in sweep.methods] == [{"head": "ridge"}, {}]


def test_transfers_need_no_benchmarks_and_have_all_labels_by_default(tmp_path: Path) -> None:
    sweep = load(tmp_path, BASE)
    assert sweep.benchmarks == () and sweep.labels == (0,) and sweep.measures == ("all",)
    options = load(tmp_path, BASE, "transfers.digit_classes.size=12").transfers
    assert [(task.name, task.options) for task in options] == [("digit_classes", {"size": 12})]


def test_one_run_may_be_on_a_transfer_task() -> None:
    sweep = single_run("transfer", "digit_classes", ["labels=[0,5]", "head=ridge"], {})
    assert [task.name for task in sweep.transfers] == ["digit_classes"] and not sweep.benchmarks
    assert sweep.labels == (0, 5) and sweep.methods[0].arguments == {"head": "ridge"}


def test_all_measures_are_those_of_one_network_and_the_comparison_with_plain_softmax() -> None:
    found = measure_names("all")
    assert {"class_separation", "geometric_complexity", "neural_collapse", "cka_to_reference"} <= set(found)
    assert "linear_cka" not in found and measure_names("linear_cka") == ["linear_cka"]


def test_measures_of_a_file_beside_the_sweep_are_found(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")
    try:
        sweep = load(tmp_path, BASE + "measures: [class_separation, mine.py]\n")
        assert sweep.measures == ("class_separation", str(tmp_path / "mine.py"))
        assert measure_names(sweep.measures[1]) == ["mean_length_of_mine"]
        # An edited file is another measure; the one before it is gone.
        (tmp_path / "mine.py").write_text(MINE.replace("of_mine", "edited"), encoding="utf-8")
        assert measure_names(sweep.measures[1]) == ["mean_length_edited"]
        assert "mean_length_of_mine" not in names()
    finally:
        forget("mean_length_edited")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["transfers=[digit_clases]"], "no transfer task is called 'digit_clases'; nearest: digit_classes"),
        (
            ["transfers=[glyphs]"],
            "no transfer task is called 'glyphs'; it is a benchmark, to be listed under",
        ),
        (["benchmarks=[digit_classes]"], "'digit_classes'; it is a transfer task, to be listed under transf"),
        (["transfers.digit_classes.sise=3"], "sise is not an option of digit_classes; nearest: size"),
        (["transfers.digit_classes.size=big"], "digit_classes: size must be a whole number, not 'big'"),
        (["transfers=[digit_classes,digit_classes]"], "transfers lists digit_classes"),
        (["transfers=[]"], "benchmarks must be a list of at least one where there are no transfers, not []"),
        (["methods=[maml]"], "maml is trained for tasks of one number of classes"),
        (["labels=[5,-1]"], "labels must be different numbers of labels a class, 0 for all there are"),
        (["labels=[]"], "labels must be a list of at least one, not []"),
        (["methods.transfer.head=[]"], "transfer: head is an empty list; name a value, or several"),
        (["methods.transfer.head=[ridge,ridge]"], "methods lists transfer"),
        (
            ["measures=[class_seperation]"],
            "no measure is called 'class_seperation' (measures); nearest: class_",
        ),
        (["measures=[nowhere.py]"], "nowhere.py (measures) cannot be read: No such file"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(tmp_path: Path, words: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, BASE, *words)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "registers no measure"),
        ("raise RuntimeError('not today')\n", "raises RuntimeError: not today"),
        ("def (:\n", "raises SyntaxError"),
        (MINE.replace("mean_length_of_mine", "class_separation"), "is registered already"),
    ],
)
def test_a_file_that_brings_no_measure_says_why(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mine\.py") as refused:
        measure_names(str(path))
    assert said in str(refused.value)
