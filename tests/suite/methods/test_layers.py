"""Adapted methods show their layers: those of the network that predicts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from suite.methods import LayeredPredictor, Method, Source, seed_everything
from suite.models import Network, as_float, get, layer_activations
from tasks import Benchmark, Episode, Episodes


@pytest.fixture(scope="session")
def episode(benchmark: Benchmark) -> Episode:
    return Episodes(benchmark, "test", 5, 1, 3, seed=0)[0]


@pytest.mark.parametrize(
    ("name", "positions"), [("conv4", [64, 16, 4, 1]), ("resnet12", [64, 16, 4, 1]), ("mlp", [1, 1, 1])]
)
def test_a_filter_is_a_neuron(name: str, positions: list[int]) -> None:
    backbone = get(name, channels=1, size=16, width=4).eval()
    images = as_float(torch.rand(3, 1, 16, 16))
    found = layer_activations(Network(backbone, 5).eval(), images)
    kind = "layer" if name == "mlp" else "block"
    assert list(found) == [*(f"{kind}{i + 1}" for i in range(len(positions))), "head"]
    assert [len(rows) for rows in found.values()] == [*(3 * count for count in positions), 3]
    assert list(layer_activations(backbone, images)) == list(found)[:-1]


def test_rows_are_positions_of_the_images_in_turn() -> None:
    backbone = get("conv4", channels=1, size=16, width=4).eval()
    images = as_float(torch.rand(3, 1, 16, 16))
    block = next(iter(backbone.children()))
    maps = block(images).detach()
    rows = layer_activations(backbone, images)["block1"]
    assert torch.equal(rows[64 + 8 * 2 + 5], maps[1, :, 2, 5])


@pytest.mark.parametrize("name", ["conv4", "mlp"])
def test_layers_are_rectified_and_the_last_one_is_the_features(name: str) -> None:
    backbone = get(name, channels=1, size=16, width=4).eval()
    images = as_float(torch.rand(3, 1, 16, 16))
    found = layer_activations(backbone, images)
    assert all(bool((rows >= 0).all()) for rows in found.values())
    torch.testing.assert_close(list(found.values())[-1], backbone(images).detach())


@pytest.mark.parametrize("name", ["anil", "fomaml", "maml", "protonet", "reptile", "transfer", "untrained"])
def test_the_last_layer_is_what_is_predicted(
    name: str, trained: Callable[[str], tuple[Method, Source]], episode: Episode
) -> None:
    method, _ = trained(name)
    seed_everything(0)
    predictor = method.adapt(episode.support)
    assert isinstance(predictor, LayeredPredictor)
    found = predictor.layers(episode.query_images)
    assert list(found)[-1] == "head"
    torch.testing.assert_close(found["head"], predictor(episode.query_images))
    assert not any(rows.requires_grad for rows in found.values())


def test_adapted_parameters_are_those_that_are_looked_at(
    trained: Callable[[str], tuple[Method, Source]], episode: Episode
) -> None:
    method, _ = trained("maml")
    adapted = method.adapt(episode.support)
    assert isinstance(adapted, LayeredPredictor)
    found = adapted.layers(episode.query_images)
    network = method._trained.network  # type: ignore[attr-defined]
    start = layer_activations(network, as_float(episode.query_images))
    assert list(found) == list(start)
    assert not torch.equal(start["head"], found["head"])
    assert not torch.equal(start["block1"], found["block1"])
