"""Geometric complexity: how steeply a network's logits vary at its inputs."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call

from suite.measures.registry import measure

_COUPLED = 1e-6  # of the largest logit: what rounding in float64 stays far below


@measure("geometric_complexity", needs=("model", "inputs"))
def geometric_complexity(model: nn.Module, x: Tensor, *, batch: int = 64) -> float:
    """Mean over inputs of |∇f|², the squared Frobenius norm of the logits' Jacobian, at least 0.

    Dherin et al. (2022), "Why neural networks find simple solutions: the many regularizers of geometric
    complexity", equation 1. ``model`` maps x [n, ...], floating, to logits [n, classes], before any softmax.
    Of a linear map it is |W|². It depends on the unit of x: of x / s, fed to a network that undoes this, it
    is s² times as much. Raises ValueError as ``geometric_complexities`` does.
    """
    return float(geometric_complexities(model, x, batch=batch).mean())


def geometric_complexities(model: nn.Module, x: Tensor, *, batch: int = 64) -> Tensor:
    """|∇f|² at each input: float64 [n].

    Exact, in evaluation mode and in float64, whatever precision the module's parameters have; it and its
    parameters stay as they are. One backward pass for each class and batch. Raises ValueError where x is not
    floating or has no example, the output is not [n, classes], or the logits of an input depend on the other
    inputs, as under batch norm by the batch at hand: then no input has a Jacobian of its own.
    """
    if not x.is_floating_point() or not len(x):
        raise ValueError(f"inputs must be floating and at least one, not {x.dtype} {list(x.shape)}")
    parts = [*model.named_parameters(), *model.named_buffers()]
    double = {name: _double(value.detach()) for name, value in parts}
    training = {module: module.training for module in model.modules()}
    model.eval()
    try:
        _check_uncoupled(model, double, x[:batch])
        pieces = [_squared_norms(model, double, x[i : i + batch]) for i in range(0, len(x), batch)]
    finally:
        for module, mode in training.items():
            module.training = mode
    return torch.cat(pieces)


def _double(value: Tensor) -> Tensor:
    return value.double() if value.is_floating_point() else value


def _logits(model: nn.Module, state: dict[str, Tensor], x: Tensor) -> Tensor:
    logits: Tensor = functional_call(model, state, (x,))
    if logits.ndim != 2 or len(logits) != len(x):
        raise ValueError(
            f"the model must give logits [n, classes] of {len(x)} inputs, not of shape {list(logits.shape)}"
        )
    return logits


def _squared_norms(model: nn.Module, state: dict[str, Tensor], x: Tensor) -> Tensor:
    # In double before gradients are asked for: they are of the values that the network reads.
    inputs = x.detach().double().requires_grad_()
    with torch.enable_grad():
        logits = _logits(model, state, inputs)
        total = logits.new_zeros(len(x))
        if not logits.requires_grad:  # constant in its input
            return total
        # No input has a part in another's logits, so the gradient of a sum holds each one's own.
        for c in range(logits.shape[1]):
            (gradient,) = torch.autograd.grad(logits[:, c].sum(), inputs, retain_graph=True)
            total += gradient.flatten(1).square().sum(1)
    return total


@torch.no_grad()
def _check_uncoupled(model: nn.Module, state: dict[str, Tensor], x: Tensor) -> None:
    one = x[:1].double()
    # With one more that is another, in case there is but one; and not the input alone, which some modules
    # refuse to be given.
    together = _logits(model, state, torch.cat([x.double(), one + 1]))
    among_copies = _logits(model, state, one.repeat(len(x) + 1, *[1] * (x.ndim - 1)))
    if float((together - among_copies)[0].abs().max()) > _COUPLED * float(together.abs().max()):
        raise ValueError(
            "the model's logits of an input depend on the other inputs of its batch, so no input has a "
            "Jacobian of its own; take a network whose batch norm has running averages"
        )
