"""One number sets every generator."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from suite.methods import seed_everything


def draws() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))


@pytest.mark.parametrize("seed", [0, 1, 2**40 + 3])
def test_every_generator_is_set(seed: int) -> None:
    seed_everything(seed)
    first = draws()
    draws()
    seed_everything(seed)
    assert draws() == first


def test_torch_draws_as_after_its_own_seeding() -> None:
    seed_everything(2**40 + 3)
    drawn = torch.rand(5)
    torch.manual_seed(2**40 + 3)
    assert torch.equal(drawn, torch.rand(5))


def test_kernels_are_deterministic_or_told() -> None:
    torch.use_deterministic_algorithms(False)
    seed_everything(0)
    assert torch.are_deterministic_algorithms_enabled() != torch.cuda.is_available()


def test_no_compiler_is_imported_for_it() -> None:
    program = (
        "import sys; from suite.methods import seed_everything; seed_everything(0); "
        "assert 'torch' in sys.modules and 'torch._inductor.config' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_other_seeds_draw_otherwise() -> None:
    seed_everything(0)
    first = draws()
    seed_everything(1)
    assert all(a != b for a, b in zip(first, draws(), strict=True))


def test_new_tensors_are_not_filled_at_a_cost() -> None:
    seed_everything(0)
    assert not torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]


def test_negative_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 0, not -3"):
        seed_everything(-3)
