"""A method and a benchmark that note where they are: on which host, with which GPUs, from when to when.

Registered on import, as a user's own file would be. The log is that of ``engine_doubles``.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from engine_doubles import Double, load, note
from numpy.typing import NDArray

import tasks
from suite.methods import Budget, Source, method
from tasks.cache import cache_folder, through


@tasks.benchmark("engine_fetched")
def fetched(cache: Path | None = None) -> tasks.Benchmark:
    """The stripes, as data that are fetched once a host: it takes two seconds, and is noted."""

    def fetch() -> tasks.Benchmark:
        note("fetch", folder=str(cache_folder()))
        time.sleep(2)
        stripes = load()
        return tasks.Benchmark(
            "engine_fetched", {split: stripes.splits[split] for split in tasks.SPLITS}, ("one",), stripes.card
        )

    return through("engine_fetched", {}, fetch, folder=cache)


@method("engine_place", version="1")
@dataclass
class Place(Double):
    """The double, which notes where and when it trained, and whose checkpoint has so many ``mib``."""

    mib: int = 0

    @property
    def arguments(self) -> dict[str, Any]:
        return {**super().arguments, "mib": self.mib}

    def train(self, source: Source, budget: Budget) -> None:
        """As the double does."""
        began = time.monotonic()
        super().train(source, budget)
        note(
            "placed",
            host=_host(),
            gpus=os.environ.get("CUDA_VISIBLE_DEVICES", "unset"),
            cache=str(cache_folder()),
            began=began,
            ended=time.monotonic(),
        )

    def save(self, path: Path) -> None:
        """As the double does, and beside it what fills a disk."""
        super().save(path)
        weights: NDArray[np.uint8] = np.random.default_rng(0).integers(0, 256, self.mib * 2**20, np.uint8)
        (path / "ballast").write_bytes(weights.tobytes())


def _host() -> str:
    import ray

    return str(ray.get_runtime_context().get_node_id()) if ray.is_initialized() else ""
