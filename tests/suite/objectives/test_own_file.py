"""An objective of one's own, from its file to a method that minimises it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from suite import methods, objectives
from suite.config import ConfigError, load_sweep
from suite.engine.identity import identify
from suite.objectives import from_file
from suite.objectives.registry import forget

MARGIN = """
from suite.objectives import objective

@objective("margin")
def margin(logits, features, labels, gap=1.0):
    true = logits.gather(1, labels[:, None])
    return (gap - true + logits).clamp_min(0).mean()
"""
SWEEP = """
name: mine
methods: [{pretrain: {objective: [softmax, margin.py]}}]
transfers: [digit_classes]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "margin.py").write_text(MARGIN)
    yield tmp_path
    for name in ("margin", "other"):
        forget(name)


def test_a_file_names_the_objective_that_it_registers(folder: Path) -> None:
    assert from_file.read("margin.py") == ("margin", MARGIN)
    assert objectives.get("margin", gap=2.0)(torch.zeros(2, 3), torch.zeros(2, 1), torch.tensor([0, 1])) == 2


def test_a_method_keeps_the_text_and_needs_the_file_no_more(folder: Path) -> None:
    method = methods.get("pretrain", objective="margin.py", settings="gap=0.5")
    assert (method.arguments["objective"], method.arguments["objective_text"]) == ("margin", MARGIN)
    (folder / "margin.py").unlink()
    forget("margin")
    assert methods.get("pretrain", **method.arguments).arguments == method.arguments


def test_another_text_of_that_name_is_another_method(folder: Path) -> None:
    first = identify("pretrain", {"objective": "margin.py"}, {})
    (folder / "margin.py").write_text(MARGIN.replace("gap=1.0", "gap=3.0"))
    second = identify("pretrain", {"objective": "margin.py"}, {})
    assert first.training.arguments != second.training.arguments
    assert first.whole.label != second.whole.label and "\n" not in first.whole.label
    methods.get("pretrain", **first.whole.arguments)
    assert objectives.describe("margin").defaults == {"gap": 1.0}


def test_it_enters_a_sweep_beside_the_others(folder: Path) -> None:
    (folder / "mine.yaml").write_text(SWEEP)
    sweep = load_sweep("mine.yaml", environment={})
    assert len(sweep.methods) == 2
    labels = {identify(method.name, method.arguments, {}).whole.label for method in sweep.methods}
    assert "pretrain" in labels and any("objective=margin" in label for label in labels)


@pytest.mark.parametrize(
    ("text", "named", "said"),
    [
        (MARGIN, "missing.py", "missing.py was not read: No such file or directory"),
        (MARGIN, "margin.py:magrin", "registers no objective 'magrin'; nearest: margin"),
        ("x = 1", "margin.py", "margin.py registers no objective"),
        ("1 / 0", "margin.py", "margin.py raises ZeroDivisionError"),
        (MARGIN + MARGIN.replace("margin", "other"), "margin.py", "say which, as margin.py:margin"),
    ],
)
def test_what_cannot_be_used_is_told(folder: Path, text: str, named: str, said: str) -> None:
    (folder / "margin.py").write_text(text)
    with pytest.raises(ValueError, match=said):
        methods.get("pretrain", objective=named)


def test_bad_files_are_told_before_a_sweep_begins(folder: Path) -> None:
    (folder / "mine.yaml").write_text(SWEEP.replace("margin.py", "absent.py"))
    with pytest.raises(ConfigError, match=r"absent.py was not read"):
        load_sweep("mine.yaml", environment={})
