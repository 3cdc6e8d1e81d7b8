"""The state that every cell starts from, in the suite's own process and behind walls alike."""

from __future__ import annotations

import torch

from suite.methods import seed_everything


def prepare(seed: int, threads: int) -> None:
    """Seed every library, set the thread count, and undo what an earlier cell may have changed in torch."""
    torch.set_num_threads(threads)
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)
    seed_everything(seed)


def import_optimisers() -> None:
    """Have torch import all that its optimisers want: with the first of them come a thousand modules, and
    files that the compiler makes on being imported.
    """
    parameter = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.Adam([parameter])
    parameter.sum().backward()  # type: ignore[no-untyped-call]
    optimiser.step()
