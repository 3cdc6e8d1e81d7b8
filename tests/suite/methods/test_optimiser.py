"""The rate falls by a half cosine over the budget."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from suite.methods.optimiser import CosineAdam


@pytest.mark.parametrize(("progress", "lr"), [(0.0, 1e-2), (0.5, (1e-2 + 1e-5) / 2), (1.0, 1e-5)])
def test_a_first_step_is_as_long_as_the_rate_says(progress: float, lr: float) -> None:
    weight = nn.Parameter(torch.zeros(3, dtype=torch.float64))
    optimiser = CosineAdam([weight], lr=1e-2)
    weight.grad = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)
    optimiser.step(progress)
    # Adam's first step has the length of its rate, whatever the gradient's.
    torch.testing.assert_close(
        weight.detach(), lr * torch.tensor([-1.0, 1.0, -1.0], dtype=torch.float64), rtol=1e-6, atol=0
    )


def test_a_rate_below_the_last_one_stays_as_it_is() -> None:
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimiser = CosineAdam([weight], lr=1e-7)
    weight.grad = torch.ones(1, dtype=torch.float64)
    optimiser.step(1.0)
    assert float(weight.detach()) == pytest.approx(-1e-7, rel=1e-3)
