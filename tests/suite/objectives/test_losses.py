"""Each loss is its paper's formula, computed by hand; its gradient is the numerical one."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck

from suite import objectives

examples = settings(deadline=None, max_examples=30)

LOGITS = [[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]]
LABELS = [0, 2]


def tensors() -> tuple[Tensor, Tensor, Tensor]:
    return torch.tensor(LOGITS, dtype=torch.float64), torch.ones(2, 4).double(), torch.tensor(LABELS)


def log_p(z: list[float], c: int) -> float:
    return z[c] - math.log(sum(math.exp(value) for value in z))


def cross_entropy(rows: list[list[float]]) -> float:
    return -sum(log_p(z, y) for z, y in zip(rows, LABELS, strict=True)) / 2


def scaled_to(rows: list[list[float]], length: float) -> list[list[float]]:
    return [[length * value / math.hypot(*z) for value in z] for z in rows]


def smoothed(a: float) -> float:
    each = [
        -(1 - a) * log_p(z, y) - sum(a / 3 * log_p(z, c) for c in range(3))
        for z, y in zip(LOGITS, LABELS, strict=True)
    ]
    return sum(each) / 2 / (1 - a)


def one_against_rest() -> float:
    total = 0.0
    for z, y in zip(LOGITS, LABELS, strict=True):
        for c, value in enumerate(z):
            chance = 1 / (1 + math.exp(-(value - math.log(3))))
            total -= math.log(chance if c == y else 1 - chance)
    return total / 2


def squared(k: float, m: float, s: float) -> float:
    first = k * (2.0 - m) ** 2 + 1.0 + 0.25
    second = k * (-2.0 - m) ** 2 + 0.0 + 9.0
    return s * (first + second) / 2


BY_HAND: list[tuple[str, dict[str, Any], float]] = [
    ("softmax", {}, cross_entropy(LOGITS)),
    ("label_smoothing", {}, smoothed(0.1)),
    ("label_smoothing", {"smoothing": 0.4}, smoothed(0.4)),
    ("dropout", {}, cross_entropy(LOGITS)),
    ("final_layer_l2", {}, cross_entropy(LOGITS)),
    ("logit_penalty", {}, cross_entropy(LOGITS) + 6e-4 / 2 * (5.25 + 13.0) / 2),
    ("logit_penalty", {"strength": 0.5}, cross_entropy(LOGITS) + 0.25 * (5.25 + 13.0) / 2),
    ("logit_normalization", {}, cross_entropy(scaled_to(LOGITS, 25.0))),
    ("cosine_softmax", {}, cross_entropy([[value / 0.05 for value in z] for z in LOGITS])),
    ("sigmoid", {}, one_against_rest()),
    ("squared_error", {}, squared(9.0, 60.0, 10.0)),
    ("squared_error", {"weight": 1.0, "target": 5.0, "scale": 1.0}, squared(1.0, 5.0, 1.0)),
]


@pytest.mark.parametrize(("name", "arguments", "expected"), BY_HAND)
def test_a_loss_is_its_formula(name: str, arguments: dict[str, Any], expected: float) -> None:
    found = objectives.get(name, **arguments)(*tensors())
    assert found.shape == ()
    assert float(found) == pytest.approx(expected, rel=1e-12)


def test_every_built_in_loss_is_held_against_its_formula() -> None:
    assert {name for name, _, _ in BY_HAND} == set(objectives.names())


@pytest.mark.parametrize("which", ["imagenet", "small_data"])
@pytest.mark.parametrize("name", objectives.names())
def test_gradients_of_logits_features_and_head_are_the_numerical_ones(name: str, which: str) -> None:
    torch.manual_seed(0)
    objective = objectives.get(name, **objectives.preset(which, name))
    head = objective.head(4, 3).double().eval()
    features = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 1, 2, 2, 0])
    parameters = tuple(head.parameters())

    def loss(x: Tensor, *values: Tensor) -> Tensor:
        named = dict(zip(dict(head.named_parameters()), values, strict=True))
        return torch.func.functional_call(_Trained(objective, head), _prefixed(named), (x, labels))  # type: ignore[no-any-return]

    assert gradcheck(loss, (features, *parameters), atol=1e-6)
    logits = (torch.randn(5, 3, dtype=torch.float64) * 2).requires_grad_()
    assert gradcheck(lambda z: objective(z, features.detach(), labels), (logits,), atol=1e-6)


class _Trained(torch.nn.Module):
    def __init__(self, objective: objectives.Objective, head: torch.nn.Linear) -> None:
        super().__init__()
        self.objective, self.head = objective, head

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        return self.objective.loss(self.head, x, labels)


def _prefixed(named: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"head.{name}": value for name, value in named.items()}


def test_the_heads_penalty_is_half_the_strength_of_its_squared_weights_without_its_bias() -> None:
    _, features, labels = tensors()
    objective = objectives.get("final_layer_l2", strength=0.5)
    head = objective.head(4, 3).double()
    assert head.bias is not None
    alone = objective(head(features), features, labels)
    penalty = objective.loss(head, features, labels) - alone
    assert penalty.item() == pytest.approx(0.25 * head.weight.square().sum().item())
    gradients = torch.autograd.grad(penalty, [head.weight, head.bias])
    assert torch.allclose(gradients[0], 0.5 * head.weight)
    assert torch.equal(gradients[1], torch.zeros(3).double())


def test_the_cosine_head_gives_cosines_whatever_the_lengths() -> None:
    torch.manual_seed(0)
    head = objectives.get("cosine_softmax").head(4, 3).double()
    x = torch.randn(6, 4, dtype=torch.float64)
    expected = torch.nn.functional.cosine_similarity(x[:, None], head.weight[None], dim=2)
    assert torch.allclose(head(x), expected)
    assert torch.allclose(head(7 * x), expected)
    assert head.bias is None


@torch.no_grad()
def test_features_are_dropped_in_training_alone_and_keep_their_mean() -> None:
    torch.manual_seed(0)
    head = objectives.get("dropout", rate=0.25).head(1000, 1).double()
    torch.nn.init.ones_(head.weight)
    x = torch.ones(400, 1000, dtype=torch.float64)
    trained = head.train()(x) - head.bias
    # Each is a sum of 1000 values 4/3 with chance 3/4: mean 1000, variance 1000/3.
    assert float(trained.mean()) == pytest.approx(1000, abs=5 * math.sqrt(1000 / 3 / 400))
    assert float(trained.var()) == pytest.approx(1000 / 3, rel=0.3)
    assert torch.allclose(head.eval()(x) - head.bias, x.sum(1, keepdim=True))


@examples
@given(seed=st.integers(0, 10_000), classes=st.integers(2, 9), shift=st.floats(-50, 50))
def test_a_constant_on_all_logits_is_nothing_to_losses_of_their_differences(
    seed: int, classes: int, shift: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(7, classes, generator=generator, dtype=torch.float64)
    labels = torch.randint(classes, (7,), generator=generator)
    for name in ("softmax", "label_smoothing", "cosine_softmax"):
        objective = objectives.get(name)
        one = float(objective(logits, logits, labels))
        assert float(objective(logits + shift, logits, labels)) == pytest.approx(one, rel=1e-9, abs=1e-9)


@examples
@given(seed=st.integers(0, 10_000), factor=st.floats(0.01, 100))
def test_the_length_of_logits_is_nothing_to_logit_normalization(seed: int, factor: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    labels = torch.randint(4, (5,), generator=generator)
    objective = objectives.get("logit_normalization")
    assert float(objective(factor * logits, logits, labels)) == pytest.approx(
        float(objective(logits, logits, labels)), rel=1e-9
    )


@pytest.mark.parametrize("name", objectives.names())
def test_renaming_the_classes_changes_nothing(name: str) -> None:
    logits, features, labels = tensors()
    order = torch.tensor([2, 0, 1])
    objective = objectives.get(name)
    one = float(objective(logits, features, labels))
    assert float(objective(logits[:, order.argsort()], features, order[labels])) == pytest.approx(one)


@pytest.mark.parametrize("name", objectives.names())
def test_training_a_head_by_it_learns_classes_that_can_be_told_apart(name: str) -> None:
    torch.manual_seed(0)
    labels = torch.arange(3).repeat(20)
    features = 3 * torch.eye(3)[labels] + 0.3 * torch.randn(60, 3)
    objective = objectives.get(name, **objectives.preset("small_data", name))
    head = objective.head(3, 3)
    optimiser = torch.optim.Adam(head.parameters(), lr=0.05)
    for _ in range(150):
        optimiser.zero_grad()
        objective.loss(head, features, labels).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert bool((head.eval()(features).argmax(1) == labels).all())


@pytest.mark.parametrize("name", objectives.names())
def test_outputs_are_what_the_loss_reads_and_rank_classes_alike(name: str) -> None:
    logits, features, labels = tensors()
    objective = objectives.get(name)
    outputs = objective.outputs(logits)
    assert torch.equal(outputs.argsort(1), logits.argsort(1))
    if name == "sigmoid":
        each = torch.nn.functional.binary_cross_entropy_with_logits(
            outputs, torch.nn.functional.one_hot(labels, 3).double(), reduction="none"
        )
        assert torch.allclose(objective(logits, features, labels), each.sum(1).mean())
    elif name in ("cosine_softmax", "logit_normalization"):
        found = torch.nn.functional.cross_entropy(outputs, labels)
        assert torch.equal(objective(logits, features, labels), found)
    else:
        assert torch.equal(outputs, logits)
