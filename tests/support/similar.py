"""A store with two small methods trained and evaluated in this process, to compare layer by layer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from leaderboard.store import Store
from suite.config import (
    BenchmarkConfig,
    MethodConfig,
    ModelConfig,
    ProtocolConfig,
    SweepConfig,
    Tracking,
)
from suite.engine.body import Job, execute
from suite.engine.cells import Cell
from suite.engine.plan import plan
from suite.methods import Budget

WIDTH = 8
METHODS = ("maml", "transfer", "protonet")


def small_sweep(store: Path, *methods: str) -> SweepConfig:
    """One seed of each method on ``latent``, 3-way 2-shot, by an MLP."""
    return SweepConfig(
        name="small",
        methods=tuple(MethodConfig(name, {}) for name in methods or METHODS),
        benchmarks=(BenchmarkConfig("latent", {"domains": 1, "classes_per_domain": 12}),),
        protocols=(ProtocolConfig(way=3, shot=2, query=5, episodes=4),),
        seeds=(0,),
        model=ModelConfig("mlp", WIDTH),
        budget=Budget(images=600, validations=1, validation_episodes=4),
        tracking=Tracking("disabled"),
        store=str(store),
    )


def carry_out_here(cells: Iterable[Cell], store: Path) -> None:
    """Run cells one by one in this process; each must succeed."""
    reports = store / "driver" / "cells"
    reports.mkdir(parents=True, exist_ok=True)
    for cell in cells:
        if Store(store).get(cell.key) is None:
            job = Job(cell, "s", str(store), str(reports), (), 1, "t", 1, 0, 10**6, 300, Tracking("disabled"))
            outcome = execute(job)
            assert outcome.fault is None, outcome.reason


def trained_store(store: Path) -> Path:
    """``small_sweep``, carried out."""
    carry_out_here(plan(small_sweep(store)).cells, store)
    return store
