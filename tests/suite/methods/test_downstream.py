"""Ways to adapt a pretrained network: each changes what it says, chooses on validation, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from suite.methods import probes, seed_everything
from suite.methods.adapted import Adapted, accuracy
from suite.methods.downstream import FROZEN, TUNED, DownstreamArguments, adapt_downstream
from suite.methods.skip_connection import SkipConnected, matched
from suite.methods.tuning import TunedPredictor
from suite.models import Network, get
from suite.models.backbone import Backbone
from tasks import Support, Transfer
from tests.support.transfers import noisy_transfer

LAYERS = ("block1", "block2", "block3", "block4")


@pytest.fixture(scope="module")
def task() -> Transfer:
    return noisy_transfer(images=(12, 6, 10))


@pytest.fixture(scope="module")
def support(task: Transfer) -> Support:
    return replace(task.support(5), validation=Support(*task.tensors("downstream", "validation")))


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return Network(get("conv4", 1, (16, 16), width=4), 6).eval()


Adapt = Callable[..., Adapted]


@pytest.fixture
def adapt(network: Network) -> Adapt:
    def adapted(support: Support, adaptation: str, **arguments: object) -> Adapted:
        brief = {"tuning_steps": 10, **arguments}
        seed_everything(0)
        return adapt_downstream(network, support, DownstreamArguments(adaptation, **brief))  # type: ignore[arg-type]

    return adapted


def changed(network: Network, adapted: Adapted) -> set[str]:
    """Names of the backbone's parameters that a tuned predictor has others of."""
    predictor = adapted.predictor
    assert isinstance(predictor, TunedPredictor)
    own = dict(network.named_parameters())
    return {
        name
        for name, value in predictor.parameters.items()
        if name.startswith("backbone.") and not torch.equal(value, own[name])
    }


@pytest.mark.parametrize("adaptation", [*FROZEN, *TUNED])
def test_adapting_changes_neither_network_nor_mode(
    adaptation: str, adapt: Adapt, network: Network, support: Support
) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    adapted = adapt(support, adaptation)
    adapted(support.images)
    adapted.layers(support.images)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in network.parameters())
    assert not network.training and not network.backbone.training


@pytest.mark.parametrize("adaptation", [*FROZEN, *TUNED])
def test_the_last_layer_is_what_is_predicted(
    adaptation: str, adapt: Adapt, task: Transfer, support: Support
) -> None:
    queries, _ = task.tensors("downstream", "test")
    adapted = adapt(support, adaptation)
    found = adapted.layers(queries)
    assert list(found) == [*LAYERS, "head"]
    logits = adapted(queries)
    assert torch.equal(found["head"], logits)
    assert logits.shape == (40, 4) and torch.isfinite(logits).all() and not logits.requires_grad
    torch.testing.assert_close(torch.cat([adapted(queries[:7]), adapted(queries[7:])]), logits)


def test_frozen_probes_leave_the_features_as_they_are(
    adapt: Adapt, network: Network, support: Support
) -> None:
    expected = probes.features(network.backbone, support.images)
    for adaptation in FROZEN:
        torch.testing.assert_close(adapt(support, adaptation).layers(support.images)["block4"], expected)


def test_all_weights_are_tuned(adapt: Adapt, network: Network, support: Support) -> None:
    adapted = adapt(support, "full")
    assert changed(network, adapted) == {
        name for name, _ in network.named_parameters() if name.startswith("backbone.")
    }
    body = sum(parameter.numel() for parameter in network.backbone.parameters())
    assert adapted.tuned_parameters == body + 4 * 4 + 4


@pytest.mark.parametrize("adaptation", ["layer", "scl"])
@pytest.mark.parametrize("layer", ["block1", "block3"])
def test_one_layer_is_tuned_and_the_head(
    adaptation: str, layer: str, adapt: Adapt, network: Network, support: Support
) -> None:
    adapted = adapt(support, adaptation, layer=layer)
    of_layer = dict(getattr(network.backbone, layer).named_parameters())
    assert changed(network, adapted) == {f"backbone.{layer}.{name}" for name in of_layer}
    assert adapted.tuned_parameters == sum(p.numel() for p in of_layer.values()) + 4 * 4 + 4
    assert adapted.chosen.keys() == {"tuning_steps"}


def test_the_tuned_layer_is_the_one_that_does_best_on_validation(adapt: Adapt, support: Support) -> None:
    assert support.validation is not None and support.validation.labels is not None
    for adaptation, candidates in (("layer", LAYERS), ("scl", LAYERS[:-1])):
        reached = {
            layer: accuracy(
                adapt(support, adaptation, layer=layer)(support.validation.images), support.validation.labels
            )
            for layer in candidates
        }
        # Each layer alone draws the first order of images, so only the first choice is the same to the bit.
        chosen = adapt(support, adaptation)
        assert chosen.chosen["layer"] in candidates
        found = accuracy(chosen(support.validation.images), support.validation.labels)
        assert found >= reached[candidates[0]]


def test_without_validation_the_stated_defaults_stand_in(
    adapt: Adapt, network: Network, support: Support
) -> None:
    bare = replace(support, validation=None)
    for adaptation in (*FROZEN, *TUNED):
        assert adapt(bare, adaptation).chosen == {}
    queries = support.images
    assert torch.equal(adapt(bare, "knn")(queries), adapt(bare, "knn", neighbours=1)(queries))
    assert torch.equal(adapt(bare, "linear")(queries), adapt(bare, "linear", C=1.0)(queries))
    assert torch.equal(adapt(bare, "full")(queries), adapt(bare, "full", tuning_lr=1e-3)(queries))
    assert all(name.startswith("backbone.block4.") for name in changed(network, adapt(bare, "layer")))
    assert all(name.startswith("backbone.block3.") for name in changed(network, adapt(bare, "scl")))


@pytest.mark.parametrize(
    ("adaptation", "argument", "grid"),
    [("linear", "C", probes.PENALTIES), ("knn", "neighbours", probes.NEIGHBOURS)],
)
def test_what_is_chosen_is_the_first_that_does_best_on_validation(
    adaptation: str, argument: str, grid: tuple[float, ...], adapt: Adapt, support: Support
) -> None:
    assert support.validation is not None and support.validation.labels is not None
    images, labels = support.validation.images, support.validation.labels
    reached = {
        value: accuracy(adapt(support, adaptation, **{argument: value})(images), labels) for value in grid
    }
    assert len(set(reached.values())) > 1, "the values do not differ: nothing is chosen between"
    adapted = adapt(support, adaptation)
    assert adapted.chosen == {argument: max(grid, key=lambda value: reached[value])}
    assert adapt(support, adaptation, **{argument: grid[0]}).chosen == {}


def test_a_linear_probe_does_not_depend_on_the_scale_of_features(support: Support, task: Transfer) -> None:
    class Scaled(Backbone):
        feature_dimension = 4

        def __init__(self, factor: float) -> None:
            super().__init__()
            self.factor = factor
            torch.manual_seed(0)
            self.body = get("conv4", 1, (16, 16), width=4)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.factor * self.body(images) + self.factor

    queries, _ = task.tensors("downstream", "test")
    usual, tiny = (
        adapt_downstream(Scaled(factor).eval(), support, DownstreamArguments(C=10.0))
        for factor in (1.0, 1e-3)
    )
    torch.testing.assert_close(usual(queries), tiny(queries), rtol=1e-3, atol=1e-3)
    assert usual.tuned_parameters == 4 * 5


def test_neighbours_vote_and_the_nearer_count_where_votes_are_equal() -> None:
    class Angles(Backbone):
        """Two features of the angle that a picture's grey is: 0..255 degrees."""

        feature_dimension = 2

        def __init__(self) -> None:
            super().__init__()
            self.unused = torch.nn.Parameter(torch.zeros(1))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            angle = ((images.flatten(1).mean(1) + 1) * 127.5).deg2rad()
            return torch.stack([angle.cos(), angle.sin()], 1)

    def grey(*angles: int) -> torch.Tensor:
        return torch.tensor(angles, dtype=torch.uint8).view(-1, 1, 1, 1)

    support = Support(grey(0, 10, 40, 50, 60), torch.tensor([0, 0, 1, 1, 1]))

    def answers(neighbours: int) -> list[int]:
        arguments = DownstreamArguments("knn", neighbours=neighbours)
        logits = adapt_downstream(Angles().eval(), support, arguments)(grey(0, 24, 26, 60))
        return [int(answer) for answer in logits.argmax(1)]

    assert answers(1) == [0, 0, 1, 1]
    assert answers(2) == [0, 0, 1, 1]  # of 24, one each: the nearer one is of class 0
    assert answers(5) == answers(99) == [1, 1, 1, 1]


def test_a_fine_tuned_network_learns_what_a_head_alone_cannot(adapt: Adapt, support: Support) -> None:
    assert support.labels is not None
    full = adapt(support, "full", tuning_steps=100, tuning_lr=3e-3)
    assert accuracy(full(support.images), support.labels) == 1.0


def test_tuning_is_drawn_from_the_seed(adapt: Adapt, network: Network, support: Support) -> None:
    queries = support.images
    one, other = (adapt(support, "full", tuning_batch=4)(queries) for _ in range(2))
    assert torch.equal(one, other)
    seed_everything(1)
    arguments = DownstreamArguments("full", tuning_batch=4, tuning_steps=10)
    assert not torch.equal(adapt_downstream(network, support, arguments)(queries), one)


def test_a_layer_that_there_is_not_is_refused(adapt: Adapt, support: Support) -> None:
    with pytest.raises(ValueError, match="Conv4 has no layer 'blok2'; nearest: block2"):
        adapt(support, "layer", layer="blok2")


@pytest.mark.parametrize("name", ["conv4", "resnet12", "mlp"])
def test_the_skip_adds_what_the_layer_makes_to_the_features(name: str) -> None:
    torch.manual_seed(0)
    backbone = get(name, 1, (32, 32), width=4).eval()
    head = torch.nn.Linear(backbone.feature_dimension, 3)
    images = torch.rand(2, 1, 32, 32)
    layer = next(iter(dict(backbone.named_children())))
    made = backbone.get_submodule(layer)(images.flatten(1) if name == "mlp" else images)
    with torch.no_grad():
        features = backbone(images)
        if name == "mlp":
            skip = made.relu()
        elif name == "conv4":  # [2, 4, 16, 16] to the 2 x 2 positions of the features
            skip = made.unflatten(2, (2, 8)).unflatten(4, (2, 8)).mean((3, 5)).flatten(1)
        else:  # features are a mean map, ten times as wide
            skip = torch.cat([made.mean((2, 3)), torch.zeros(2, 36)], 1)
        torch.testing.assert_close(SkipConnected(backbone, head, layer)(images), head(features + skip))


def test_a_layer_that_is_wider_than_the_features_is_averaged() -> None:
    assert torch.equal(
        matched(torch.tensor([[1.0, 3.0, 5.0, 7.0]]), torch.zeros(1, 2), 2), torch.tensor([[2.0, 6.0]])
    )
