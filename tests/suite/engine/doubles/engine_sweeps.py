"""Small sweeps of the engine's doubles, and what tests ask of their stores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import engine_doubles  # noqa: F401 registers the double and its benchmark

from leaderboard.store import Store
from suite.config import (
    BenchmarkConfig,
    MethodConfig,
    ModelConfig,
    ProtocolConfig,
    Resources,
    SweepConfig,
    Tracking,
)
from suite.methods import Budget

BUDGET = Budget(images=240, validations=2, validation_episodes=3)
PROTOCOL = ProtocolConfig(way=3, shot=1, query=3, episodes=6)
RESOURCES = Resources(memory_mib_per_cell=1_024, time_limit_seconds=120)


def sweep(
    store: Path, *methods: Mapping[str, Any], seeds: Sequence[int] = (0,), **changes: Any
) -> SweepConfig:
    """A sweep of doubles, one for each mapping of arguments (none: one with its defaults)."""
    given = SweepConfig(
        name="doubles",
        methods=tuple(MethodConfig("engine_double", arguments) for arguments in methods or ({},)),
        benchmarks=(BenchmarkConfig("engine_stripes"),),
        protocols=(PROTOCOL,),
        seeds=tuple(seeds),
        model=ModelConfig("conv4", 8),
        budget=BUDGET,
        resources=RESOURCES,
        tracking=Tracking("disabled"),
        store=str(store),
    )
    return replace(given, **changes)


def computed(store: Path) -> dict[str, dict[str, Any]]:
    """Every record by its key, less what was measured."""
    return {
        record.key: record.model_dump(mode="json", exclude={"measured", "sweep"})
        for record in Store(store).scan()
    }


def executions(log: Path) -> list[dict[str, Any]]:
    """What the doubles wrote down, in order."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
