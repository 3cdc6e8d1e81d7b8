"""Geometric complexity is the Jacobian's squared norm: of a linear map |W|², else what autograd says."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from suite.measures import geometric_complexities, geometric_complexity
from suite.models import get
from suite.models.backbone import Network

examples = settings(deadline=None, max_examples=20)
seeds = st.integers(0, 10_000)


def mlp(seed: int, bias: bool = True) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 9, bias=bias), nn.Tanh(), nn.Linear(9, 4, bias=bias))


@examples
@given(seed=seeds, d=st.integers(1, 9), classes=st.integers(1, 6))
def test_of_a_linear_map_it_is_the_squared_norm_of_its_weight(seed: int, d: int, classes: int) -> None:
    torch.manual_seed(seed)
    linear, x = nn.Linear(d, classes), torch.randn(7, d)
    assert geometric_complexity(linear, x) == pytest.approx(
        linear.weight.double().square().sum().item(), rel=1e-12
    )


@examples
@given(seed=seeds, width=st.integers(1, 12))
def test_of_a_rectified_network_it_is_at_most_the_product_of_its_weights_squared_norms(
    seed: int, width: int
) -> None:
    torch.manual_seed(seed)
    layers = [nn.Linear(5, width), nn.Linear(width, width), nn.Linear(width, 3)]
    net = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
    norms = [layer.weight.double().square().sum().item() for layer in layers]
    assert geometric_complexity(net, torch.randn(8, 5)) <= math.prod(norms) * (1 + 1e-12)


@examples
@given(seed=seeds, batch=st.integers(1, 20))
def test_it_is_the_jacobian_example_by_example_in_batches_of_any_size(seed: int, batch: int) -> None:
    model = mlp(seed)
    x = torch.randn(13, 6)
    double = copy.deepcopy(model).double()
    expected = [
        torch.autograd.functional.jacobian(double, row.double()).square().sum().item()  # type: ignore[no-untyped-call]
        for row in x
    ]
    found = geometric_complexities(model, x, batch=batch)
    assert found.tolist() == pytest.approx(expected, rel=1e-10)
    assert geometric_complexity(model, x, batch=batch) == pytest.approx(sum(expected) / 13, rel=1e-10)


@examples
@given(seed=seeds, factor=st.floats(0.1, 10))
def test_scaling_logits_squares_and_shifting_them_changes_nothing(seed: int, factor: float) -> None:
    model, x = mlp(seed), torch.randn(5, 6)
    one = geometric_complexity(model, x)
    with torch.no_grad():
        last = model[2]
        assert isinstance(last, nn.Linear)
        last.weight *= factor
        last.bias += 3
    assert geometric_complexity(model, x) == pytest.approx(factor**2 * one, rel=1e-5)


@pytest.mark.parametrize("backbone", ["conv4", "resnet12"])
def test_of_a_convolutional_network_it_is_its_jacobian(backbone: str) -> None:
    torch.manual_seed(0)
    network = Network(get(backbone, 1, 8, width=4, batch_norm="running"), 3)
    network.train()(torch.randn(16, 1, 8, 8))  # running averages other than 0 and 1
    x = torch.randn(3, 1, 8, 8)
    double = copy.deepcopy(network).double().eval()
    expected = [
        torch.autograd.functional.jacobian(double, image[None].double()).square().sum().item()  # type: ignore[no-untyped-call]
        for image in x
    ]
    assert geometric_complexities(network, x).tolist() == pytest.approx(expected, rel=1e-8)


def test_the_module_stays_as_it_was() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Dropout(0.5), nn.Linear(5, 2))
    model.train()
    model[2].eval()
    state = copy.deepcopy(model.state_dict())
    x = torch.randn(8, 6)
    assert geometric_complexity(model, x) == geometric_complexity(model, x)
    assert [module.training for module in model] == [True, True, False, True]
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(p.dtype == torch.float32 and p.grad is None and p.requires_grad for p in model.parameters())
    assert not x.requires_grad


def test_it_can_be_taken_where_gradients_are_off() -> None:
    model, x = mlp(0), torch.randn(5, 6)
    one = geometric_complexity(model, x)
    with torch.no_grad():
        assert geometric_complexity(model.requires_grad_(False), x) == one


def test_a_constant_has_none() -> None:
    class Constant(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.ones(len(x), 3, dtype=x.dtype)

    assert geometric_complexity(Constant(), torch.randn(4, 2)) == 0


def test_what_has_no_jacobian_of_its_own_is_refused() -> None:
    x = torch.randn(4, 1, 8, 8)
    with pytest.raises(ValueError, match="depend on the other inputs of its batch"):
        geometric_complexity(Network(get("conv4", 1, 8, width=4, batch_norm="episode"), 3), x)
    for some in (x, x[:1]):
        with pytest.raises(ValueError, match="depend on the other inputs of its batch"):
            geometric_complexity(Network(get("conv4", 1, 8, width=4, batch_norm="episode"), 3), some, batch=1)
    norm = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64, track_running_stats=False))
    with pytest.raises(ValueError, match="depend on the other inputs of its batch"):
        geometric_complexity(norm.train(), x)
    assert norm.training
    with pytest.raises(ValueError, match=r"logits \[n, classes\] of 5 inputs, not of shape \[5, 1"):
        geometric_complexity(nn.Identity(), x)
    with pytest.raises(ValueError, match=r"inputs must be floating and at least one, not torch.uint8"):
        geometric_complexity(nn.Flatten(), x.to(torch.uint8))
    with pytest.raises(ValueError, match=r"at least one, not torch.float32 \[0, 1, 8, 8\]"):
        geometric_complexity(nn.Flatten(), x[:0])
