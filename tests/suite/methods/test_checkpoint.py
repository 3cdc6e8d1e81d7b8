"""Checkpoints are safetensors and JSON, and a damaged or foreign one is said to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suite.methods import Budget, CheckpointError, get
from tests.suite.methods.conftest import Train

BRIEF = Budget(images=100, validations=1, validation_episodes=2)


@pytest.fixture
def folder(train: Train, tmp_path: Path) -> Path:
    train("protonet", budget=BRIEF)[0].save(tmp_path / "checkpoint")
    return tmp_path / "checkpoint"


def test_what_is_told_beside_the_weights(folder: Path) -> None:
    told = json.loads((folder / "method.json").read_text())
    assert told["name"] == "protonet" and told["version"] == "1" and told["format"] == 1
    assert told["arguments"] == get("protonet", width=16).arguments
    assert told["image_shape"] == [1, 16, 16] and told["way"] == 5
    assert "meta-validation" in told["selection"]


def test_selection_survives_saving(folder: Path) -> None:
    method = get("protonet", width=16)
    assert method.selection == "not trained"  # type: ignore[attr-defined]
    method.load(folder)
    assert method.selection.startswith("best of 1 meta-validation scores (2 episodes each)")  # type: ignore[attr-defined]


def test_another_methods_checkpoint_is_refused(folder: Path) -> None:
    with pytest.raises(CheckpointError, match="has name 'protonet'; this method has 'anil'"):
        get("anil", width=16).load(folder)


@pytest.mark.parametrize("file", ["model.safetensors", "method.json"])
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(CheckpointError, match=f"holds no checkpoint: {file} is missing"):
        get("protonet", width=16).load(folder)


@pytest.mark.parametrize("file", ["model.safetensors", "method.json"])
def test_a_truncated_file_is_damaged(folder: Path, file: str) -> None:
    (folder / file).write_bytes((folder / file).read_bytes()[:40])
    with pytest.raises(CheckpointError, match="is damaged"):
        get("protonet", width=16).load(folder)


def test_a_newer_format_is_refused(folder: Path) -> None:
    told = json.loads((folder / "method.json").read_text())
    (folder / "method.json").write_text(json.dumps({**told, "format": 2}))
    with pytest.raises(CheckpointError, match="is of format 2; this reads 1"):
        get("protonet", width=16).load(folder)


def test_nothing_can_be_saved_before_training(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="protonet is not trained"):
        get("protonet").save(tmp_path)
