"""What a sweep is: frozen dataclasses, resolved from defaults < file < environment < command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from suite.methods.source import Budget


@dataclass(frozen=True)
class MethodConfig:
    """A method and the arguments that differ from its defaults."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BenchmarkConfig:
    """A benchmark and the options it is loaded with."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ProtocolConfig:
    """One way of scoring. ``benchmarks`` restricts it to some of the sweep's (empty: all)."""

    track: str = "few-shot"
    way: int = 5
    shot: int = 1
    query: int = 3
    episodes: int = 400
    seed: int = 0
    benchmarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelConfig:
    """The one architecture of every method in the sweep."""

    backbone: str = "conv4"
    width: int = 32


@dataclass(frozen=True)
class Resources:
    """What one cell gets, and how many run at once (0: as many as fit)."""

    cpus_per_cell: float = 1
    gpus_per_cell: float = 0
    memory_mib_per_cell: int = 2_048
    time_limit_seconds: float = 3_600
    max_in_flight: int = 0


@dataclass(frozen=True)
class Tracking:
    """W&B: ``offline`` unless a key is set (``auto``), always ``online``, or ``disabled``."""

    mode: str = "auto"
    project: str = "transfer-league"


@dataclass(frozen=True)
class SweepConfig:
    """methods x benchmarks x protocols x seeds under one model and one budget."""

    name: str
    methods: tuple[MethodConfig, ...]
    benchmarks: tuple[BenchmarkConfig, ...]
    protocols: tuple[ProtocolConfig, ...] = (ProtocolConfig(),)
    seeds: tuple[int, ...] = (0, 1)
    model: ModelConfig = ModelConfig()
    budget: Budget = Budget()
    resources: Resources = Resources()
    tracking: Tracking = Tracking()
    store: str = "league-store"
    margin: float = 0.01
