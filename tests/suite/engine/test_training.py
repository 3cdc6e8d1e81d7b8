"""What the record of a training tells of it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

import tasks
from leaderboard.records import BenchmarkIdentity
from leaderboard.store import Store
from suite.engine.cells import Shape, train_cell
from suite.engine.identity import identify
from suite.engine.training import CHECKPOINT, train
from suite.engine.work import Desk
from suite.methods import Budget, Source, get, score, seed_everything

SHAPE = Shape(way=5, shot=1, query=3)


def trained(name: str, budget: Budget, folder: Path, **arguments: Any) -> dict[str, Any]:
    """Results of a training cell, its checkpoint left in ``folder``."""
    torch.set_num_threads(1)
    benchmark = tasks.load("gaussian")
    identity = BenchmarkIdentity(
        name=benchmark.name, options=dict(benchmark.options), digest=benchmark.digest
    )
    cell = train_cell(identify(name, arguments, {"width": 8}).training, identity, SHAPE, budget, 0)
    folder.mkdir()
    desk = Desk(
        Store(str(folder / "store")),
        folder,
        lambda *_: None,
        lambda _: None,
        lambda: nullcontext(get(name, width=8)),
    )
    seed_everything(0)
    return train(cell, desk).results


PATIENT = Budget(images=800, validations=8, validation_episodes=6, patience=1, min_gain=0.5, annealing=2)


def test_a_plateau_is_told_with_its_criterion_and_place(tmp_path: Path) -> None:
    found = trained("transfer", PATIENT, tmp_path / "one")
    assert found["plateau"] == {"criterion": PATIENT.criterion, "reached": True, "images": 200 + 24}
    assert found["curve"][-1][0] == found["spent"]["images"] == 400


def test_without_patience_no_plateau_is_told_of(tmp_path: Path) -> None:
    plain = Budget(images=200, validations=1, validation_episodes=2)
    assert "plateau" not in trained("transfer", plain, tmp_path / "one")


@pytest.mark.parametrize("name", ["maml", "transfer", "untrained"])
def test_every_method_tells_its_accuracy_on_meta_train_tasks(name: str, tmp_path: Path) -> None:
    found = trained(name, Budget(images=200, validations=1, validation_episodes=6), tmp_path / "one")
    method = get(name, width=8)
    method.load(tmp_path / "one" / CHECKPOINT)
    episodes = tasks.Episodes(tasks.load("gaussian"), "train", 5, 1, 3, 2**63 - 1, length=6)
    expected = sum(score(method.adapt(one.support), one).accuracy for one in episodes) / 6
    assert found["train_accuracy"] == pytest.approx(expected, abs=1e-12)


def test_the_accuracy_in_training_is_told_of_tasks_that_no_training_sees() -> None:
    benchmark = tasks.load("gaussian")
    source = Source(benchmark, Budget(images=2_000), seed=0)
    seen = {episode.indices for episode in source.episodes(100)}
    held = tasks.Episodes(benchmark, "train", 5, 1, 3, 2**63 - 1, length=60)
    assert not seen & {episode.indices for episode in held}
