"""The state that all code of a process shares: random generators, and settings of torch."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


def states() -> dict[str, bytes]:
    """The state of each global random generator, by the name that a user knows it by."""
    of_numpy: Any = np.random.get_state(legacy=False)
    found = {
        "Python's random": repr(random.getstate()).encode(),
        "numpy.random": of_numpy["state"]["key"].tobytes()
        + repr((of_numpy["state"]["pos"], of_numpy["has_gauss"], of_numpy["gauss"])).encode(),
        "torch": torch.get_rng_state().numpy().tobytes(),
    }
    if torch.cuda.is_available():
        found["torch.cuda"] = torch.cuda.get_rng_state().numpy().tobytes()
    return found


def settings() -> dict[str, str]:
    """Settings of torch that change what other code computes."""
    return {
        "torch's default type": str(torch.get_default_dtype()),
        "torch's gradient mode": "on" if torch.is_grad_enabled() else "off",
        "torch's number of threads": str(torch.get_num_threads()),
        "torch's deterministic mode": "on" if torch.are_deterministic_algorithms_enabled() else "off",
    }
