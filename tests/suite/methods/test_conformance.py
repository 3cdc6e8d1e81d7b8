"""What every registered method must do, whatever it is."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from suite.methods import (
    Budget,
    CheckpointError,
    Method,
    Source,
    count_backward_passes,
    describe,
    get,
    names,
    score,
    seed_everything,
)
from tasks import Benchmark, Episodes, Support
from tests.suite.methods.conftest import Train

METHODS = [name for name in names() if describe(name).module.startswith("suite.methods.")]
TRAINED = [name for name in METHODS if name != "untrained"]


@pytest.fixture(autouse=True)
def learn2learn_where_needed(request: pytest.FixtureRequest) -> None:
    if "maml_learn2learn" in request.node.name:
        pytest.importorskip("learn2learn", reason="it is an optional dependency")


@pytest.fixture
def episodes(benchmark: Benchmark) -> Episodes:
    return Episodes(benchmark, "test", way=5, shot=1, query=3, seed=7, length=40)


def logits(method: Method, episodes: Episodes, i: int) -> torch.Tensor:
    return method.adapt(episodes[i].support)(episodes[i].query_images)


@pytest.mark.parametrize("name", METHODS)
def test_is_a_method_that_describes_itself(name: str, trained: Train) -> None:
    method, _ = trained(name)
    info = describe(name)
    assert isinstance(method, Method)
    assert set(method.arguments) == set(info.defaults)
    assert {**info.defaults, "width": 16} == method.arguments
    assert set(method.adaptation) == set(info.adaptation) <= set(method.arguments)
    assert json.loads(json.dumps(method.arguments)) == method.arguments
    assert all(argument.doc for argument in info.arguments)
    assert method.parameter_count() > 0
    assert len(info.source_hash) == 64


@pytest.mark.parametrize("name", METHODS)
def test_logits_are_finite_and_one_a_class(name: str, trained: Train, episodes: Episodes) -> None:
    found = logits(trained(name)[0], episodes, 0)
    assert found.shape == (15, 5)
    assert torch.isfinite(found).all()
    assert not found.requires_grad


@pytest.mark.parametrize("name", METHODS)
def test_any_number_of_queries_can_be_predicted(name: str, trained: Train, episodes: Episodes) -> None:
    predictor = trained(name)[0].adapt(episodes[0].support)
    for count in (1, 2, 15):
        assert predictor(episodes[0].query_images[:count]).shape == (count, 5)


@pytest.mark.parametrize("name", METHODS)
def test_one_seed_gives_one_result(name: str, train: Train, episodes: Episodes) -> None:
    budget = Budget(images=200, validations=2, validation_episodes=3)
    (one, first), (other, second) = (train(name, seed=3, budget=budget) for _ in range(2))
    assert first.curve == second.curve
    assert torch.equal(logits(one, episodes, 0), logits(other, episodes, 0))
    another, _ = train(name, seed=4, budget=budget)
    assert not torch.equal(logits(one, episodes, 0), logits(another, episodes, 0))


@pytest.mark.parametrize("name", METHODS)
def test_order_of_episodes_does_not_matter(name: str, trained: Train, episodes: Episodes) -> None:
    method, _ = trained(name)
    forwards = [logits(method, episodes, i) for i in (0, 1, 2)]
    backwards = [logits(method, episodes, i) for i in (2, 1, 0)]
    for one, other in zip(forwards, reversed(backwards), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", METHODS)
def test_adapting_draws_nothing_and_leaves_images_alone(
    name: str, trained: Train, episodes: Episodes
) -> None:
    method, _ = trained(name)
    support, queries = episodes[0].support, episodes[0].query_images
    images, before = support.images.clone(), queries.clone()
    seed_everything(1)
    method.adapt(support)(queries)
    assert torch.equal(support.images, images) and torch.equal(queries, before)
    drawn = (random.random(), float(np.random.rand()), float(torch.rand(())))
    seed_everything(1)
    assert drawn == (random.random(), float(np.random.rand()), float(torch.rand(())))


@pytest.mark.parametrize("name", METHODS)
def test_a_checkpoint_holds_all_there_is(
    name: str, trained: Train, episodes: Episodes, tmp_path: Path
) -> None:
    method, _ = trained(name)
    method.save(tmp_path / "checkpoint")
    assert sorted(p.name for p in (tmp_path / "checkpoint").iterdir()) == ["method.json", "model.safetensors"]
    restored = get(name, width=16)
    restored.load(tmp_path / "checkpoint")
    assert torch.equal(logits(restored, episodes, 0), logits(method, episodes, 0))
    assert restored.parameter_count() == method.parameter_count()
    restored.save(tmp_path / "again")
    for file in ("method.json", "model.safetensors"):
        assert (tmp_path / "again" / file).read_bytes() == (tmp_path / "checkpoint" / file).read_bytes()


@pytest.mark.parametrize("name", METHODS)
def test_a_checkpoint_of_other_arguments_is_refused(name: str, trained: Train, tmp_path: Path) -> None:
    trained(name)[0].save(tmp_path)
    with pytest.raises(CheckpointError, match="arguments"):
        get(name, width=9).load(tmp_path)


@pytest.mark.parametrize("name", METHODS)
def test_adaptation_arguments_share_a_checkpoint(name: str, train: Train, tmp_path: Path) -> None:
    info = describe(name)
    other: dict[str, object] = {
        "adaptation": "knn" if name == "pretrain" else "none",
        "adaptation_steps": 2,
        "inner_lr": 0.3,
        "head": "nearest_centroid",
        "normalize": True,
        "C": 3.0,
        "neighbours": 3,
        "layer": "block2",
        "tuning_lr": 0.01,
        "tuning_steps": 2,
        "tuning_batch": 4,
    }
    changed = {argument: other[argument] for argument in info.adaptation}
    budget = Budget(images=200, validations=2, validation_episodes=3)
    usual, _ = train(name, budget=budget)
    unusual, _ = train(name, budget=budget, **changed)
    usual.save(tmp_path / "usual")
    unusual.save(tmp_path / "unusual")
    for file in ("method.json", "model.safetensors"):
        assert (tmp_path / "usual" / file).read_bytes() == (tmp_path / "unusual" / file).read_bytes()
    unusual.load(tmp_path / "usual")


@pytest.mark.parametrize("name", METHODS)
def test_all_of_the_budget_is_spent_and_no_more(name: str, train: Train) -> None:
    budget = Budget(images=213, validations=3, validation_episodes=2)
    method, source = train(name, budget=budget)
    if name == "untrained":
        assert source.spent.images == 0 and not source.curve
        assert "nothing is trained" in method.selection  # type: ignore[attr-defined]
    else:
        assert source.exhausted
        assert source.spent.images == source.allowance == 200
        assert source.curve[-1].images == 200
        assert len(source.curve) <= 3
        assert "meta-validation" in method.selection  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", METHODS)
def test_backward_passes_of_training_are_counted(name: str, benchmark: Benchmark) -> None:
    method = get(name, width=16)
    source = Source(benchmark, Budget(images=100, validations=1, validation_episodes=1))
    with count_backward_passes(source.spent):
        method.train(source, source.budget)
    assert (source.spent.backward_passes > 0) == (name != "untrained")


@pytest.mark.parametrize("name", TRAINED)
def test_training_beats_the_untrained_network(name: str, trained: Train, episodes: Episodes) -> None:
    def accuracy(method: Method) -> float:
        return float(
            np.mean([score(method.adapt(episode.support), episode).accuracy for episode in episodes])
        )

    assert accuracy(trained(name)[0]) > accuracy(trained("untrained")[0]) + 0.1


@pytest.mark.parametrize("name", METHODS)
def test_what_does_not_fit_is_refused_by_name(name: str, trained: Train, episodes: Episodes) -> None:
    method, _ = trained(name)
    support = episodes[0].support
    with pytest.raises(RuntimeError, match=f"{name} is not trained"):
        get(name).adapt(support)
    with pytest.raises(ValueError, match="no labels"):
        method.adapt(Support(support.images, None))
    with pytest.raises(ValueError, match=r"shape \[1, 16, 16\]; this task's are \[3, 16, 16\]"):
        method.adapt(Support(support.images.expand(-1, 3, -1, -1), support.labels))


@pytest.mark.parametrize("name", METHODS)
def test_another_number_of_classes_works_or_is_refused(
    name: str, trained: Train, benchmark: Benchmark
) -> None:
    method, _ = trained(name)
    episode = Episodes(benchmark, "test", way=3, shot=2, query=2, seed=0)[0]
    if name in ("pretrain", "protonet", "transfer", "untrained"):
        assert method.adapt(episode.support)(episode.query_images).shape == (6, 3)
    else:
        with pytest.raises(ValueError, match="trained for 5 classes; this task has 3"):
            method.adapt(episode.support)
