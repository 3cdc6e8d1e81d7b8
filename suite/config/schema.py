"""What a sweep is: frozen dataclasses that refuse values out of range."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any, get_args

from suite.methods.source import Budget
from suite.models import BatchNormMode
from tasks import SPLITS

TRACKS = ("few-shot",)
TRACKING_MODES = ("auto", "offline", "online", "disabled")


class ConfigError(ValueError):
    """A sweep that cannot be run as written: which key, which value, and what would be right."""


class BadValueError(ConfigError):
    """A field's value is out of range. ``key`` is the field, relative to its own dataclass."""

    def __init__(self, key: str, right: str, value: object) -> None:
        super().__init__(f"{key} must be {right}, not {value!r}")
        self.key, self.right, self.value = key, right, value


def _at_least(config: object, **lows: int) -> None:
    for key, low in lows.items():
        value = getattr(config, key)
        if not low <= value < math.inf:
            kind = "a whole number" if isinstance(value, int) else "a number"
            raise BadValueError(key, f"{kind} of at least {low}", value)


def _one_of(config: object, key: str, choices: tuple[str, ...]) -> None:
    value = getattr(config, key)
    if value not in choices:
        raise BadValueError(key, " or ".join(choice or "empty" for choice in choices), value)


def _plain_name(config: object, key: str) -> None:
    # It names folders, W&B groups and rows of the board.
    value = getattr(config, key)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", value):
        raise BadValueError(key, "letters, digits, '-', '_' and '.', beginning with a letter or digit", value)


@dataclass(frozen=True)
class MethodConfig:
    """A method and the arguments that differ from its defaults."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BenchmarkConfig:
    """A benchmark and the options it is loaded with."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)


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

    def __post_init__(self) -> None:
        _one_of(self, "track", TRACKS)
        _at_least(self, way=2, shot=1, query=1, episodes=2, seed=0)


@dataclass(frozen=True)
class ModelConfig:
    """The one architecture of every method in the sweep.

    ``batch_norm`` is that of every method too; empty: each has its own default. ``widths`` make the sweep a
    series of model sizes: each method enters once with each of them, and ``width`` does not count;
    ``backbones`` are a series of architectures in the same way.
    """

    backbone: str = "conv4"
    width: int = 32
    batch_norm: str = ""
    widths: tuple[int, ...] = ()
    backbones: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _at_least(self, width=1)
        _one_of(self, "batch_norm", ("", *get_args(BatchNormMode)))
        if min(self.widths, default=1) < 1 or len(set(self.widths)) < len(self.widths):
            raise BadValueError("widths", "different whole numbers of at least 1", list(self.widths))
        if len(set(self.backbones)) < len(self.backbones):
            raise BadValueError("backbones", "different names", list(self.backbones))

    @property
    def networks(self) -> tuple[dict[str, str | int], ...]:
        """The arguments that all methods share: once, or once for each architecture and size of a series."""
        norm = {"batch_norm": self.batch_norm} if self.batch_norm else {}
        return tuple(
            {"backbone": backbone, **norm, "width": width}
            for backbone in self.backbones or (self.backbone,)
            for width in self.widths or (self.width,)
        )

    @property
    def series(self) -> tuple[str, ...]:
        """Of these arguments, those in which the sweep's architectures differ."""
        differing = {"backbone": self.backbones, "width": self.widths}
        return tuple(name for name, values in differing.items() if values)


@dataclass(frozen=True)
class ProbeConfig:
    """A network that tasks are measured by, and the options it is made with."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DiversityConfig:
    """How the diversity of each benchmark is measured: by each of ``probes`` (none: it is not measured).

    ``tasks`` are drawn from ``split`` by ``seed``; each has ``way`` classes of ``shot`` + ``query`` images.
    """

    probes: tuple[ProbeConfig, ...] = ()
    tasks: int = 60
    split: str = "train"
    way: int = 5
    shot: int = 5
    query: int = 15
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of(self, "split", SPLITS)
        # Two tasks have one distance, and a bootstrap of it no spread.
        _at_least(self, tasks=3, way=2, shot=1, query=1, seed=0)


@dataclass(frozen=True)
class Resources:
    """What one cell gets, and how many run at once (0: as many as fit).

    Sweeps that share a cluster run cells in proportion to their ``weight``.
    Prices are of a CPU and of a GPU an hour, in whatever ``currency`` says; 0 is not known.
    """

    cpus_per_cell: float = 1
    gpus_per_cell: float = 0
    memory_mib_per_cell: int = 2_048
    time_limit_seconds: float = 3_600
    max_in_flight: int = 0
    weight: float = 1
    price_per_cpu_hour: float = 0
    price_per_gpu_hour: float = 0
    currency: str = "$"

    def __post_init__(self) -> None:
        _at_least(self, gpus_per_cell=0, memory_mib_per_cell=1, max_in_flight=0)
        for key in ("cpus_per_cell", "time_limit_seconds", "weight"):
            value = getattr(self, key)
            if not 0 < value < math.inf:
                raise BadValueError(key, "a number above 0", value)
        for key in ("price_per_cpu_hour", "price_per_gpu_hour"):
            value = getattr(self, key)
            if not 0 <= value < math.inf:
                raise BadValueError(key, "a number of at least 0", value)


@dataclass(frozen=True)
class PriorityConfig:
    """When the cells that it selects run: the higher, the earlier; other cells have 0.

    A cell is selected that is of one of ``methods``, of one of ``benchmarks`` (or transfer tasks), and so on,
    of all that are given. ``ways`` and ``shots`` are of its protocol, or of what it trains for.
    """

    priority: int
    methods: tuple[str, ...] = ()
    benchmarks: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    ways: tuple[int, ...] = ()
    shots: tuple[int, ...] = ()
    seeds: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not any(self.selected.values()):
            others = ", ".join(name for name in self.selected if name != "methods")
            raise BadValueError("methods", f"one at least, unless it selects by {others}", [])

    @property
    def selected(self) -> dict[str, tuple[str, ...] | tuple[int, ...]]:
        """What it selects by."""
        return {
            "methods": self.methods,
            "benchmarks": self.benchmarks,
            "tracks": self.tracks,
            "ways": self.ways,
            "shots": self.shots,
            "seeds": self.seeds,
        }


@dataclass(frozen=True)
class Tracking:
    """W&B: ``auto`` is online where a key is set, else offline; ``offline``, ``online`` or ``disabled``."""

    mode: str = "auto"
    project: str = "transfer-league"

    def __post_init__(self) -> None:
        _one_of(self, "mode", TRACKING_MODES)
        _plain_name(self, "project")


ALL_MEASURES = "all"


@dataclass(frozen=True)
class SweepConfig:
    """methods x benchmarks x protocols x seeds, methods x transfers x labels x seeds, or both; one model, one
    budget.

    ``transfers`` are transfer tasks: methods train on the source of each, adapt to its downstream training
    set, and are scored on its test set. ``labels`` are how many labels a class they adapt with, 0 all that
    there are. What each learned there is measured by ``measures``: names, files that register one, or
    ``all`` for the suite's own.

    ``priorities`` decide what runs first, and nothing else; of several that select a cell the highest holds.
    ``fair``: refuse methods that do not all have the same network, batch norm and optimiser.
    ``margin``: differences within ± this accuracy count as equivalent (0.01 = one point).
    ``submissions`` are paths of files that each register a method; a method of theirs that ``methods`` does
    not name enters with its defaults. They run behind walls unless ``trust`` lets them run as the suite's
    own code does; ``isolate`` puts the suite's own methods behind walls as well.
    """

    name: str
    methods: tuple[MethodConfig, ...]
    benchmarks: tuple[BenchmarkConfig, ...] = ()
    protocols: tuple[ProtocolConfig, ...] = (ProtocolConfig(),)
    transfers: tuple[BenchmarkConfig, ...] = ()
    labels: tuple[int, ...] = (0,)
    measures: tuple[str, ...] = (ALL_MEASURES,)
    seeds: tuple[int, ...] = (0, 1)
    model: ModelConfig = ModelConfig()
    diversity: DiversityConfig = DiversityConfig()
    budget: Budget = Budget()  # noqa: RUF009 (frozen, but ruff cannot see that from here)
    resources: Resources = Resources()
    priorities: tuple[PriorityConfig, ...] = ()
    tracking: Tracking = Tracking()
    store: str = "league-store"
    margin: float = 0.01
    fair: bool = False
    submissions: tuple[str, ...] = ()
    isolate: bool = False
    trust: bool = False

    def __post_init__(self) -> None:
        _plain_name(self, "name")
        if not self.store.strip():
            raise BadValueError("store", "a folder or URL", self.store)
        if not 0 < self.margin < 1:
            raise BadValueError("margin", "an accuracy above 0 and below 1 (0.01 is one point)", self.margin)
        for key in ("methods", "protocols", "seeds", "labels"):
            if not getattr(self, key) and not (key == "methods" and self.submissions):
                raise BadValueError(key, "a list of at least one", [])
        if not self.benchmarks and not self.transfers:
            raise BadValueError("benchmarks", "a list of at least one where there are no transfers", [])
        if min(self.labels) < 0 or len(set(self.labels)) < len(self.labels):
            raise BadValueError(
                "labels", "different numbers of labels a class, 0 for all there are", list(self.labels)
            )
        if min(self.seeds) < 0 or len(set(self.seeds)) < len(self.seeds):
            raise BadValueError("seeds", "different whole numbers of at least 0", list(self.seeds))
