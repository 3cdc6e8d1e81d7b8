"""A plateau ends the training of a method behind walls where it ends it without."""

from __future__ import annotations

from pathlib import Path

import pytest

import suite.methods
import tasks
from suite.isolation import Code
from suite.isolation.conditions import prepare
from suite.isolation.errors import NoWalls
from suite.isolation.opening import open_method
from suite.isolation.walls import find_walls
from suite.methods import Budget, Method, Source

# A gain of half of all answers is out of reach: the plateau comes with the second score.
BUDGET = Budget(images=800, validations=8, validation_episodes=3, patience=1, min_gain=0.5, annealing=2)


def _learned(method: Method, folder: Path) -> tuple[object, ...]:
    source = Source(tasks.load("gaussian"), BUDGET)
    method.train(source, BUDGET)
    method.save(folder)
    weights = (folder / "model.safetensors").read_bytes()
    return source.plateau, source.spent.images, source.allowance, source.curve, weights


def test_the_same_end_and_the_same_weights(tmp_path: Path) -> None:
    try:
        kind = find_walls("bubblewrap").kind
    except NoWalls as error:
        pytest.skip(str(error))
    prepare(3, 1)
    expected = _learned(suite.methods.get("transfer", width=8), tmp_path / "open")
    assert expected[:3] == (224, 400, 400)
    with open_method(Code("transfer", "suite.methods.transfer"), {"width": 8}, seed=3, kind=kind) as walled:
        assert _learned(walled, tmp_path / "walled") == expected
