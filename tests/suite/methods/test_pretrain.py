"""Pretraining on a transfer task's source: by every objective, the same for one seed, and kept whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from suite import objectives
from suite.methods import Budget, CheckpointError, RecipeMethod, Source, get, seed_everything
from suite.methods.adapted import Adapted, accuracy
from suite.methods.batches import inputs
from suite.methods.optimiser import CosineAdam
from suite.models import Network
from tasks import Benchmark, Episodes, Transfer
from tests.support.transfers import noisy_transfer

BRIEF = Budget(images=960, validations=2)
TINY = Budget(images=160, validations=1)


@pytest.fixture(scope="module")
def task() -> Transfer:
    return noisy_transfer()


def pretrained(
    task: Transfer | Benchmark, budget: Budget = BRIEF, seed: int = 0, **arguments: Any
) -> RecipeMethod[Any]:
    method = get("pretrain", **{"width": 8, **arguments})
    assert isinstance(method, RecipeMethod)
    source = Source(task, budget, seed=seed)
    seed_everything(seed)
    method.train(source, budget)
    assert source.spent.images == source.allowance
    return method


def reached(method: RecipeMethod[Any], task: Transfer) -> float:
    """Accuracy on the downstream test images, in 0..1."""
    images, labels = task.tensors("downstream", "test")
    return accuracy(method.adapt(task.support(10))(images), labels)


@pytest.mark.parametrize("name", objectives.names())
@pytest.mark.parametrize("preset", objectives.presets())
def test_every_objective_learns_features_that_transfer(name: str, preset: str, task: Transfer) -> None:
    method = pretrained(task, objective=name, preset=preset)
    images, labels = task.tensors("source", "validation")
    of_source = method.network(inputs(method.network, images))
    assert accuracy(of_source, labels) > 1 / 6 + 0.2
    assert reached(method, task) > 1 / 4 + 0.2


def test_one_seed_gives_one_checkpoint(task: Transfer, tmp_path: Path) -> None:
    drawing = {"objective": "dropout", "shift": 2, "flip": True, "projection": True}
    for folder in ("one", "other"):
        pretrained(task, TINY, seed=3, **drawing).save(tmp_path / folder)
    pretrained(task, TINY, seed=4, **drawing).save(tmp_path / "another seed")
    one, other, another = (
        (tmp_path / folder / "model.safetensors").read_bytes() for folder in ("one", "other", "another seed")
    )
    assert one == other != another


@pytest.mark.parametrize("objective", ["softmax", "cosine_softmax"])
def test_the_head_of_the_source_is_kept_and_is_no_part_of_what_adapts(
    objective: str, task: Transfer, tmp_path: Path
) -> None:
    method = pretrained(task, TINY, objective=objective)
    method.save(tmp_path)
    restored = get("pretrain", width=8, objective=objective, adaptation="knn")
    assert isinstance(restored, RecipeMethod)
    restored.load(tmp_path)
    head = restored.source_head
    assert head is not None and head.weight.shape == (6, 8)
    assert (head.bias is None) == (objective == "cosine_softmax")
    assert torch.equal(head.weight, method.network.head.weight)
    adapted = restored.adapt(task.support(2))
    assert isinstance(adapted, Adapted) and adapted.source_head is head
    assert list(adapted.layers(task.support(2).images)) == ["block1", "block2", "block3", "block4", "head"]
    body = sum(parameter.numel() for parameter in restored.network.backbone.parameters())
    assert restored.parameter_count() == body == get("transfer", width=8).body_parameters((1, 16, 16), 5)  # type: ignore[attr-defined]


def test_a_projection_is_dropped_with_the_head_behind_it(task: Transfer, tmp_path: Path) -> None:
    method = pretrained(task, projection=True)
    assert not isinstance(method.network, Network) and method.source_head is None
    assert method.adapt(task.support(2)).source_head is None  # type: ignore[attr-defined]
    assert reached(method, task) > 1 / 4 + 0.2
    method.save(tmp_path)
    with pytest.raises(CheckpointError, match="arguments"):
        get("pretrain", width=8).load(tmp_path)


def test_the_objective_gets_preset_and_settings() -> None:
    def loss(**arguments: Any) -> objectives.Objective:
        found: objectives.Objective = get("pretrain", **arguments).recipe.loss  # type: ignore[attr-defined]
        return found

    assert loss(objective="squared_error").arguments == {"weight": 9.0, "target": 60.0, "scale": 10.0}
    small = {"objective": "squared_error", "preset": "small_data"}
    assert loss(**small).arguments == {"weight": 1.0, "target": 5.0, "scale": 1.0}
    changed = {"weight": 1.0, "target": 7.0, "scale": 2.5}
    assert loss(**small, settings="target=7,scale=2.5").arguments == changed


def test_settings_have_one_spelling() -> None:
    spellings = ("target=7,scale=2.5", " scale = 2.5 , target=7.0 ")
    found = {
        get("pretrain", objective="squared_error", settings=each).arguments["settings"] for each in spellings
    }
    assert found == {"scale=2.5,target=7.0"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"objective": "sofmax"}, "no objective is called 'sofmax'; nearest: softmax"),
        ({"settings": "rate=0.3"}, "softmax has no argument 'rate'"),
        (
            {"objective": "dropout", "settings": "rat=0.3"},
            r"dropout has no argument 'rat' \(given 0.3\); .* rate",
        ),
        ({"objective": "dropout", "settings": "rate=2"}, "rate must be below 1"),
        ({"objective": "dropout", "settings": "rate=lots"}, "rate must be a number, not 'lots'"),
        ({"objective": "dropout", "settings": "rate"}, "settings must be name=value,.* not 'rate'"),
        ({"objective": "dropout", "settings": "rate=.1,rate=.2"}, "each name once"),
        ({"preset": "imagnet"}, "preset must be one of imagenet, small_data"),
        ({"precision": "int8"}, "precision must be one of float32, bfloat16"),
    ],
)
def test_what_there_is_not_is_refused_before_training(arguments: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        get("pretrain", **arguments)


def test_maps_of_bfloat16_learn_too(task: Transfer) -> None:
    method = pretrained(task, precision="bfloat16")
    assert all(value.dtype == torch.float32 for value in method.network.state_dict().values())
    assert reached(method, task) > 1 / 4 + 0.2
    exact = pretrained(task, TINY).network.state_dict()
    rounded = pretrained(task, TINY, precision="bfloat16").network.state_dict()
    assert any(not torch.equal(exact[name], rounded[name]) for name in exact)


def test_weight_decay_takes_weights_alone_and_depends_on_no_gradient() -> None:
    layer = nn.Linear(3, 2)
    before = {name: value.detach().clone() for name, value in layer.named_parameters()}
    optimiser = CosineAdam(layer.parameters(), lr=0.1, weight_decay=0.5)
    (layer(torch.zeros(1, 3)).sum() * 0).backward()
    optimiser.step(0.0)
    torch.testing.assert_close(layer.weight.detach(), before["weight"] * (1 - 0.1 * 0.5))
    assert torch.equal(layer.bias, before["bias"])


def test_few_shot_tasks_are_adapted_to_without_validation_images(benchmark: Benchmark) -> None:
    method = pretrained(benchmark, TINY)
    episode = Episodes(benchmark, "test", way=5, shot=1, query=3, seed=0)[0]
    for adaptation in ("nearest_centroid", "knn", "linear", "full", "layer", "scl"):
        other = get("pretrain", width=8, adaptation=adaptation, tuning_steps=3)
        other._trained = method._trained  # type: ignore[attr-defined]
        adapted = other.adapt(episode.support)
        assert adapted(episode.query_images).shape == (15, 5)
        assert adapted.chosen == {}  # type: ignore[attr-defined]
    assert "meta-validation" in method.selection


@pytest.mark.gpu
def test_a_gpu_pretrains_compiled_in_bfloat16_on_images_that_it_keeps(task: Transfer) -> None:
    arguments = {"precision": "bfloat16", "compiled": True, "shift": 1}
    method = get("pretrain", width=8, **arguments)
    source = Source(task, BRIEF)
    seed_everything(0)
    method.train(source, BRIEF)
    again = Source(task, BRIEF)
    again.keep_on(torch.device("cuda"))
    assert [part.device.type for part in again.batch(3)] == ["cuda", "cuda"]
    assert isinstance(method, RecipeMethod) and reached(method, task) > 1 / 4 + 0.2
