"""An easy benchmark, and each method trained on it once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest
import torch

from suite.methods import Budget, Method, Source, get, seed_everything
from tasks import Benchmark
from tests.support.pictures import noisy_patterns

BUDGET = Budget(images=3_000, validations=2, validation_episodes=10)

Train = Callable[..., tuple[Method, Source]]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def benchmark() -> Benchmark:
    return noisy_patterns()


@pytest.fixture(scope="session")
def train(benchmark: Benchmark) -> Train:
    """Build and train a method of width 16: ``train(name, seed=0, budget=BUDGET, **arguments)``."""

    def trained(
        name: str, seed: int = 0, budget: Budget = BUDGET, **arguments: object
    ) -> tuple[Method, Source]:
        method = get(name, **{"width": 16, **arguments})
        source = Source(benchmark, budget, seed=seed)
        seed_everything(seed)
        method.train(source, budget)
        return method, source

    return trained


@pytest.fixture(scope="session")
def trained(train: Train) -> Callable[[str], tuple[Method, Source]]:
    """The same, with defaults, once for all tests that only look at the result."""
    return lru_cache(maxsize=None)(lambda name: train(name))
