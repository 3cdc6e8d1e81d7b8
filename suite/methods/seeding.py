"""Every generator that a method may draw from, set from one number."""

from __future__ import annotations

import random

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Seed Python, numpy and torch (all devices), and ask for deterministic kernels where these cost nothing.

    ``seed`` is at least 0. Called before ``train`` and before each ``adapt``, so that what a method draws
    does not depend on what was computed earlier in the process.
    """
    if seed < 0:
        raise ValueError(f"a seed must be at least 0, not {seed}")
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    # On a GPU this would refuse or slow some kernels; on a CPU it only picks the ordered scatter.
    torch.use_deterministic_algorithms(not torch.cuda.is_available(), warn_only=True)
    # Otherwise every new tensor would be filled with NaN first.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
