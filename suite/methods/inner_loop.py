"""The inner loop of gradient-based meta-learning, for the tasks of a meta-batch at once."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from suite.models.losses import losses
from suite.models.stacked import Parameters


def inner_loop(
    module: nn.Module,
    parameters: Parameters,
    images: Tensor,
    labels: Tensor,
    *,
    steps: int,
    lr: float,
    second_order: bool = False,
    differentiable: bool = True,
) -> dict[str, Tensor]:
    """``steps`` of gradient descent with rate ``lr`` from ``parameters``, each task by its own loss alone.

    ``parameters`` are stacked over the tasks; ``images`` (or features) [n, tasks*c, ...] and ``labels`` int64
    [tasks, n] are all of each task's set, at every step. Returns the adapted parameters, stacked alike. They
    are differentiable with respect to ``parameters``: through each step where ``second_order``, as if the
    steps were constants where not (Finn et al. 2017, section 5.2), and not at all where ``differentiable`` is
    false.
    """
    adapted = dict(parameters) if differentiable else _leaves(parameters)
    with torch.enable_grad():
        for _ in range(steps):
            loss = losses(module, adapted, images, labels).sum()
            gradients = torch.autograd.grad(loss, list(adapted.values()), create_graph=second_order)
            adapted = {
                name: torch.sub(value, gradient, alpha=lr)
                for (name, value), gradient in zip(adapted.items(), gradients, strict=True)
            }
            if not differentiable:
                adapted = _leaves(adapted)
    return adapted


def _leaves(parameters: Parameters) -> dict[str, Tensor]:
    return {name: value.detach().requires_grad_() for name, value in parameters.items()}
