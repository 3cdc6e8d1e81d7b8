"""Objectives are found by name, one's own among them; what is wrong is answered with what would be right."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from suite import objectives
from suite.arguments import argument, check_arguments
from suite.models import Linear
from suite.objectives.registry import forget


@pytest.fixture
def margin() -> Iterator[None]:
    @objectives.objective("margin")
    def margin(logits: Tensor, features: Tensor, labels: Tensor, gap: float = 1.0) -> Tensor:
        """Hinge of the true class's lead."""
        true = logits.gather(1, labels[:, None])
        return (gap - true + logits).clamp_min(0).mean()

    yield
    forget("margin")


def test_the_nine_of_the_paper_are_there() -> None:
    nine = "softmax label_smoothing dropout final_layer_l2 logit_penalty logit_normalization cosine_softmax "
    assert set((nine + "sigmoid squared_error").split()) <= set(objectives.names())


def test_defaults_are_the_papers_and_small_data_has_its_own() -> None:
    papers = {name: objectives.describe(name).defaults for name in objectives.names()}
    assert papers == {
        "softmax": {},
        "label_smoothing": {"smoothing": 0.1},
        "dropout": {"rate": 0.3},
        "final_layer_l2": {"strength": 8e-4},
        "logit_penalty": {"strength": 6e-4},
        "logit_normalization": {"temperature": 0.04},
        "cosine_softmax": {"temperature": 0.05},
        "sigmoid": {},
        "squared_error": {"weight": 9.0, "target": 60.0, "scale": 10.0},
    }
    assert objectives.presets() == ["imagenet", "small_data"]
    for name, defaults in papers.items():
        assert objectives.preset("imagenet", name) == defaults
        small = objectives.preset("small_data", name)
        assert objectives.get(name, **small).arguments == small
    assert objectives.preset("small_data", "squared_error") == {"weight": 1.0, "target": 5.0, "scale": 1.0}
    assert objectives.preset("small_data", "label_smoothing") == {"smoothing": 0.1}


def test_every_argument_is_described() -> None:
    for name in objectives.names():
        info = objectives.describe(name)
        assert info.doc
        assert all(told.doc for told in info.arguments)
    assert {n for n in objectives.names() if objectives.describe(n).changes_head} == {
        "dropout",
        "cosine_softmax",
    }
    assert [n for n in objectives.names() if objectives.describe(n).penalises_head] == ["final_layer_l2"]


def test_ones_own_function_is_an_objective_with_an_affine_head(margin: None) -> None:
    objective = objectives.get("margin", gap=2.0)
    assert (objective.name, dict(objective.arguments)) == ("margin", {"gap": 2.0})
    assert objectives.describe("margin").defaults == {"gap": 1.0}
    logits, labels = torch.tensor([[3.0, 0.0]]), torch.tensor([0])
    assert float(objective(logits, logits, labels)) == pytest.approx((2.0 + 0.0) / 2)
    head = objective.head(4, 3)
    assert isinstance(head, Linear)
    assert head.weight.shape == (3, 4)
    features, two = torch.randn(2, 4), torch.tensor([0, 2])
    assert torch.equal(objective.loss(head, features, two), objective(head(features), features, two))
    assert objectives.preset("small_data", "margin") == {"gap": 1.0}


def test_ones_own_class_may_change_the_head_and_see_features() -> None:
    @objectives.objective("pull")
    @dataclass(frozen=True)
    class Pull:
        strength: float = argument(0.5, "how much features cost", above=0)

        def __post_init__(self) -> None:
            check_arguments(self)

        def __call__(self, logits: Tensor, features: Tensor, labels: Tensor) -> Tensor:
            return self.strength * features.square().mean()

        def head(self, dimension: int, classes: int) -> torch.nn.Linear:
            return torch.nn.Linear(dimension, classes, bias=False)

    try:
        objective = objectives.get("pull", strength=2)
        assert dict(objective.arguments) == {"strength": 2.0}
        assert objective.head(4, 3).bias is None
        two = torch.full((3, 4), 2.0)
        assert float(objective.loss(objective.head(4, 3), two, torch.zeros(3, dtype=torch.int64))) == 8.0
    finally:
        forget("pull")


def test_names_and_arguments_that_there_are_not_are_answered_with_the_nearest() -> None:
    with pytest.raises(
        objectives.UnknownObjective, match=r"no objective is called 'sofmax'; nearest: softmax"
    ):
        objectives.get("sofmax")
    with pytest.raises(objectives.UnknownObjective, match="no objective is called 'x'; there are: "):
        objectives.describe("x")
    with pytest.raises(
        objectives.UnknownArgument,
        match=r"cosine_softmax has no argument 'temprature' \(given 1\); nearest: temperature",
    ):
        objectives.get("cosine_softmax", temprature=1)
    with pytest.raises(objectives.UnknownArgument, match=r"softmax has no argument 'labels' .* none"):
        objectives.get("softmax", labels=1)
    with pytest.raises(LookupError, match="no preset is called 'small'; nearest: small_data"):
        objectives.preset("small", "softmax")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("label_smoothing", {"smoothing": 1.0}, "smoothing must be below 1, not 1.0"),
        ("label_smoothing", {"smoothing": -0.1}, "smoothing must be at least 0, not -0.1"),
        ("dropout", {"rate": 1}, "rate must be below 1, not 1.0"),
        ("cosine_softmax", {"temperature": 0}, "temperature must be above 0, not 0.0"),
        ("squared_error", {"scale": "10"}, "scale must be a number, not '10'"),
        ("logit_penalty", {"strength": float("nan")}, "strength must be a number, not nan"),
    ],
)
def test_values_out_of_range_are_refused_when_it_is_built(
    name: str, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        objectives.get(name, **arguments)


def test_what_is_no_objective_is_refused(margin: None) -> None:
    with pytest.raises(
        ValueError, match=r"an objective named 'softmax' is registered already, by suite\.obj"
    ):
        objectives.objective("softmax")(lambda logits, features, labels: logits.sum())
    with pytest.raises(ValueError, match=r"'short' must take logits, features, labels, not logits, labels"):
        objectives.objective("short")(lambda logits, labels: logits.sum())
    with pytest.raises(ValueError, match="argument 'gap' of objective 'bare' has no default"):
        objectives.objective("bare")(lambda logits, features, labels, gap: logits.sum())
    assert {"short", "bare"}.isdisjoint(objectives.names())

    @objectives.objective("each")
    def each(logits: Tensor, features: Tensor, labels: Tensor) -> Tensor:
        return logits.sum(1)

    try:
        with pytest.raises(ValueError, match=r"each must return the mean loss, a scalar, not a tensor \[2\]"):
            objectives.get("each")(torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64))
    finally:
        forget("each")


@pytest.mark.parametrize("name", objectives.names())
def test_an_objective_travels_to_another_process(name: str) -> None:
    one = objectives.get(name)
    again = pickle.loads(pickle.dumps(one))
    logits, labels = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
    assert torch.equal(one(logits, logits, labels), again(logits, logits, labels))
