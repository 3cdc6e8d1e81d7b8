"""Small sweeps on the transfer track, whose task is made up, to be carried out in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from suite.config import BenchmarkConfig, MethodConfig, ModelConfig, SweepConfig, Tracking
from suite.methods import Budget
from tasks import Transfer, transfers
from tasks.transfers.registry import forget
from tests.support.transfers import noisy_transfer

NAME = "noisy_transfer"


@contextmanager
def noisy_task() -> Iterator[str]:
    """The task ``noisy_transfer``, registered for as long as the block lasts."""

    @transfers.transfer(NAME)
    def load(images: int = 30) -> Transfer:
        """Coarse patterns under noise."""
        return noisy_transfer(images=(images, 8, 10))

    yield NAME
    forget(NAME)


def transfer_sweep(store: Path, *methods: MethodConfig, **changes: Any) -> SweepConfig:
    """``methods`` on ``noisy_transfer`` with all labels, one seed, no measures."""
    given: dict[str, Any] = {
        "name": "small-transfer",
        "methods": methods,
        "transfers": (BenchmarkConfig(NAME),),
        "measures": (),
        "seeds": (0,),
        "model": ModelConfig("conv4", 4),
        "budget": Budget(images=640, validations=2, validation_episodes=2),
        "tracking": Tracking("disabled"),
        "store": str(store),
    }
    return SweepConfig(**{**given, **changes})
