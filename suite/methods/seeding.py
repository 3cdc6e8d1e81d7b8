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
    _seed_torch(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    # On a GPU this would refuse or slow some kernels; on a CPU it only picks the ordered scatter. Set by this
    # function, because `use_deterministic_algorithms` imports the compiler too: seconds, and 80 MiB.
    torch.set_deterministic_debug_mode("default" if torch.cuda.is_available() else "warn")
    # Otherwise every new tensor would be filled with NaN first.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _seed_torch(seed: int) -> None:
    if any(device.is_available() for device in (torch.cuda, torch.backends.mps, torch.xpu)):
        torch.manual_seed(seed)
    else:
        # The same bits. Where torch was built for a GPU that is not there, `manual_seed` notes for later,
        # with a traceback each time, what to seed once it appears: a list that grows.
        torch.default_generator.manual_seed(seed)
