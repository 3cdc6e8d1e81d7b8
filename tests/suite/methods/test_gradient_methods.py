"""What sets the gradient-based methods apart."""

from __future__ import annotations

import sys

import pytest
import torch

from suite.methods import Budget, get, seed_everything
from suite.methods.adaptations import NetworkPredictor
from suite.methods.anil import Anil
from suite.methods.family import update_running_averages
from suite.methods.maml import Maml
from suite.methods.maml_learn2learn import MissingDependency, learn2learn_algorithms
from suite.methods.source import Source
from suite.models import as_float
from tasks import Benchmark, Episodes
from tests.suite.methods.conftest import Train

BRIEF = Budget(images=200, validations=1, validation_episodes=3)


def test_anil_adapts_its_head_alone(benchmark: Benchmark) -> None:
    recipe = Anil(width=8)
    network = recipe.build((1, 16, 16), 5).eval()
    support = Episodes(benchmark, "test", way=5, shot=1, query=3, seed=0)[0].support
    predictor = recipe.adapt(network, support)
    assert isinstance(predictor, NetworkPredictor)
    assert set(predictor.parameters) == {"head.weight", "head.bias"}
    assert not torch.equal(predictor.parameters["head.weight"], network.head.weight)


def test_anil_trains_its_body_by_the_outer_loop(benchmark: Benchmark) -> None:
    recipe = Anil(width=8)
    network = recipe.build((1, 16, 16), 5)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    recipe.learner(network, Source(benchmark, BRIEF))()
    assert all(not torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_maml_adapts_every_parameter(benchmark: Benchmark) -> None:
    recipe = Maml(width=8)
    network = recipe.build((1, 16, 16), 5).eval()
    support = Episodes(benchmark, "test", way=5, shot=1, query=3, seed=0)[0].support
    predictor = recipe.adapt(network, support)
    assert isinstance(predictor, NetworkPredictor)
    assert set(predictor.parameters) == set(dict(network.named_parameters()))
    assert all(not torch.equal(v, network.get_parameter(n)) for n, v in predictor.parameters.items())


def test_maml_and_learn2learn_learn_the_same(train: Train, benchmark: Benchmark) -> None:
    pytest.importorskip("learn2learn", reason="it is an optional dependency")
    episode = Episodes(benchmark, "test", way=5, shot=1, query=3, seed=0)[0]
    ours, theirs = (
        train(name, budget=BRIEF)[0].adapt(episode.support)(episode.query_images)
        for name in ("maml", "maml_learn2learn")
    )
    # Single precision over ten outer steps: kinks of ReLU and pooling amplify rounding.
    torch.testing.assert_close(ours, theirs, rtol=0.05, atol=0.05)


def test_without_learn2learn_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "learn2learn", None)
    monkeypatch.delitem(sys.modules, "learn2learn.algorithms", raising=False)
    with pytest.raises(MissingDependency, match=r"pip install .*learn2learn==0\.2\.0"):
        learn2learn_algorithms()
    assert get("maml_learn2learn").arguments.items() <= get("maml").arguments.items()


def test_running_averages_follow_the_meta_batch_and_then_stand_still(benchmark: Benchmark) -> None:
    from suite.methods.batches import task_sets

    recipe = Maml(width=8, batch_norm="running")
    network = recipe.build((1, 16, 16), 5)
    episodes = Episodes(benchmark, "train", way=5, shot=1, query=3, seed=0)
    support, query = task_sets(network, [episodes[0], episodes[1]])
    update_running_averages(network, "running", support, query)
    mean = network.backbone.get_submodule("block1.norm").running_mean
    images = torch.cat([support.one_batch, query.one_batch])
    seen = network.backbone.get_submodule("block1.convolution")(images).mean((0, 2, 3))
    torch.testing.assert_close(mean, 0.1 * seen, rtol=1e-4, atol=1e-6)
    assert not network.training
    before = mean.clone()
    network(as_float(episodes[2].query_images))
    assert torch.equal(mean, before)


def test_reptile_moves_towards_the_adapted_weights(benchmark: Benchmark) -> None:
    from suite.methods.reptile import Reptile

    recipe = Reptile(width=8, meta_batch=2)
    seed_everything(0)
    network = recipe.build((1, 16, 16), 5)
    recipe.learner(network, Source(benchmark, BRIEF))()
    moved = [parameter.grad for parameter in network.parameters()]
    assert all(gradient is not None and bool(gradient.any()) for gradient in moved)
