"""One trained network, adapted by an inner loop, by a new head, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from suite.methods import Method, RecipeMethod, Source, get, seed_everything
from suite.methods.adaptations import ADAPTATIONS, AdaptationArguments, adapt
from suite.methods.batches import inputs
from suite.models import Network
from suite.models import get as body
from tasks import Benchmark, Episode, Episodes

INITIALISATIONS = ("maml", "fomaml", "transfer", "untrained")
Trained = Callable[[str], tuple[Method, Source]]


@pytest.fixture
def episode(benchmark: Benchmark) -> Episode:
    return Episodes(benchmark, "test", way=5, shot=2, query=3, seed=7)[0]


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return Network(body("conv4", 1, (16, 16), width=8, batch_norm="running"), 5).eval()


def logits(network: Any, episode: Episode, **arguments: Any) -> torch.Tensor:
    chosen = replace(AdaptationArguments(), **arguments)
    return adapt(network, episode.support, chosen, inner_lr=0.1)(episode.query_images)


def answers(name: str, trained: Trained, episode: Episode, **arguments: Any) -> torch.Tensor:
    """Of the method's one trained network, under other adaptation arguments."""
    method = get(name, width=16, **arguments)
    source = trained(name)[0]
    assert isinstance(method, RecipeMethod) and isinstance(source, RecipeMethod)
    method._trained = source._trained
    seed_everything(5)
    return method.adapt(episode.support)(episode.query_images)


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_every_initialisation_adapts_in_every_way(name: str, trained: Trained, episode: Episode) -> None:
    found = {adaptation: answers(name, trained, episode, adaptation=adaptation) for adaptation in ADAPTATIONS}
    found["more steps"] = answers(name, trained, episode, adaptation="inner_loop", adaptation_steps=10)
    for one in found.values():
        assert one.shape == (15, 5) and torch.isfinite(one).all()
    assert len({tuple(one.double().flatten().tolist()) for one in found.values()}) == 4


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_the_default_is_what_the_method_is_known_for(name: str, trained: Trained, episode: Episode) -> None:
    default = "inner_loop" if name in ("maml", "fomaml") else "head"
    method, _ = trained(name)
    assert torch.equal(
        method.adapt(episode.support)(episode.query_images),
        answers(name, trained, episode, adaptation=default),
    )


@pytest.mark.parametrize("adaptation", ADAPTATIONS)
def test_adapting_leaves_the_network_as_it_is(network: Network, episode: Episode, adaptation: str) -> None:
    for adapted in (network, network.backbone):
        before = {name: value.clone() for name, value in adapted.state_dict().items()}
        logits(adapted, episode, adaptation=adaptation)
        after = adapted.state_dict()
        assert list(after) == list(before)
        assert all(torch.equal(after[name], value) for name, value in before.items())
        assert not any(module.training for module in adapted.modules())


def test_without_adaptation_a_network_predicts_as_it_is(network: Network, episode: Episode) -> None:
    with torch.no_grad():
        expected = network(inputs(network, episode.query_images))
    assert torch.equal(logits(network, episode, adaptation="none"), expected)
    assert torch.equal(logits(network, episode, adaptation_steps=0), expected)


def test_a_new_head_does_not_look_at_the_old_one(network: Network, episode: Episode) -> None:
    with_head = logits(network, episode, adaptation="head", C=3.0)
    assert torch.equal(with_head, logits(network.backbone, episode, adaptation="head", C=3.0))
    assert not torch.equal(with_head, logits(network, episode, adaptation="head", C=1.0))


def test_a_body_without_a_head_is_given_one_as_networks_begin_with(
    network: Network, episode: Episode
) -> None:
    torch.manual_seed(3)
    fresh = Network(network.backbone, 5).eval()
    with torch.no_grad():
        expected = fresh(inputs(fresh, episode.query_images))
    torch.manual_seed(3)
    assert torch.equal(logits(network.backbone, episode, adaptation="none"), expected)
    torch.manual_seed(4)
    assert not torch.equal(logits(network.backbone, episode, adaptation="none"), expected)


def test_a_head_of_the_tasks_own_number_of_classes(network: Network, benchmark: Benchmark) -> None:
    three = Episodes(benchmark, "test", way=3, shot=2, query=2, seed=0)[0]
    for adaptation in ADAPTATIONS:
        assert logits(network.backbone, three, adaptation=adaptation).shape == (6, 3)


def test_the_inner_loop_s_rate_belongs_to_training_only_where_that_has_one() -> None:
    assert {name: "inner_lr" in get(name).adaptation for name in INITIALISATIONS} == {
        "maml": False,
        "fomaml": False,
        "transfer": True,
        "untrained": True,
    }
    with pytest.raises(ValueError, match="adaptation must be one of inner_loop, head, none, not 'heads'"):
        get("maml", adaptation="heads")
