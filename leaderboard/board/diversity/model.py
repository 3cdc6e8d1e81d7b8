"""Diversity and the verdict as data: what was measured, who meets whom, and what follows over benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leaderboard.ranking import Column, Comparison, Interval
from leaderboard.statistics.effect_size import EffectSize
from leaderboard.statistics.trend import Line, RankCorrelation


@dataclass(frozen=True)
class Ruler:
    """How diversity was measured. Figures of different rulers are never compared.

    ``label`` is unique on the board; ``probe``, ``options`` and ``probe_digest`` are the network's, ``way``,
    ``shot`` and ``query`` the tasks'; ``version`` and ``source_hash`` the measure's own.
    """

    id: str
    label: str
    probe: str
    options: Mapping[str, Any]
    probe_digest: str
    estimator: str
    split: str
    way: int
    shot: int
    query: int
    version: str
    source_hash: str


@dataclass(frozen=True)
class Measurement:
    """The diversity of one benchmark by one ruler: the mean distance of two tasks, in 0..1.

    ``mean`` has the interval of a bootstrap of tasks, ``pairs`` that which takes pairs for independent;
    ``floor`` is the mean distance of tasks of the same classes (None: no task was drawn again), and
    ``standardized`` the mean over the distances' standard deviation (None: they are all alike). ``domains``
    are those of the tasks drawn (None: classes of several meet in one task), ``classes_per_domain`` what the
    data were made with, or else the split's classes over the domains (None: nobody knows).
    """

    key: str
    digest: str
    ruler: str
    tasks: int
    seed: int
    mean: Interval
    pairs: Interval
    floor: Interval | None
    standardized: float | None
    complexity: Interval
    effective_tasks: float
    domains: int | None
    classes_per_domain: float | None


@dataclass(frozen=True)
class Arm:
    """A method told by where its weights come from and what it does with a task.

    ``adaptation``: ``none``, ``N steps`` of the inner loop, or ``head``.
    """

    method: str
    initialisation: str
    adaptation: str
    backbone: str
    width: int


@dataclass(frozen=True)
class Gap:
    """Transfer minus MAML in a column. ``effect`` is None where no task's accuracy differs from another's.

    ``best`` is the better arm's accuracy in 0..1: near 1 there is no room for a gap.
    """

    column: Column
    digest: str
    comparison: Comparison
    effect: EffectSize | None
    best: float
    chance: float


@dataclass(frozen=True)
class Contest:
    """A transfer arm against a MAML arm of the same backbone and width, in every column where they meet.

    ``unlike``: what else of body and budget is not the same, in words; a gap may be due to that.
    """

    id: str
    transfer: Arm
    maml: Arm
    gaps: tuple[Gap, ...]
    unlike: tuple[str, ...]


@dataclass(frozen=True)
class Panel:
    """The gaps of one contest against diversity by one ruler, in columns of one way and shot.

    ``measured``: columns with a figure on both axes. ``line`` and ``order`` are None where too little is
    known, and ``silent`` says what is missing. ``mean_effect``: mean d over benchmarks, its interval that of
    a t distribution over them.
    """

    contest: str
    ruler: str
    way: int
    shot: int
    measured: tuple[Column, ...]
    line: Line | None
    order: RankCorrelation | None
    silent: str
    mean_effect: Interval | None


@dataclass(frozen=True)
class GridCell:
    """A method of the grid and its accuracy in 0..1; ``others`` would fit the same place."""

    method: str
    accuracy: Interval
    others: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """Initialisation by adaptation, in one column or (None) averaged over ``over``; empty places are None."""

    backbone: str
    width: int
    column: Column | None
    over: tuple[Column, ...]
    initialisations: tuple[str, ...]
    adaptations: tuple[str, ...]
    cells: tuple[tuple[GridCell | None, ...], ...]


@dataclass(frozen=True)
class SizeLine:
    """One arm at several widths: (width, method, accuracy in 0..1)."""

    initialisation: str
    adaptation: str
    points: tuple[tuple[int, str, Interval], ...]


@dataclass(frozen=True)
class SizeSeries:
    """Arms of one backbone at several widths, in a column, and the gaps among them by width."""

    backbone: str
    column: Column
    widths: tuple[int, ...]
    lines: tuple[SizeLine, ...]
    contests: tuple[str, ...]


@dataclass(frozen=True)
class Fit:
    """How far the trainings behind an arm went in a column: ``accuracy`` on meta-train tasks after training,
    mean, lowest and highest of its seeds (None: not recorded); ``plateau`` of so many ``seeds`` reached."""

    method: str
    column: Column
    seeds: int
    accuracy: Interval | None
    plateau: int | None
    images: float | None
    criterion: str


@dataclass(frozen=True)
class Diversity:
    """All that the page of that name shows. ``order``: digests of data, the least diverse first."""

    rulers: tuple[Ruler, ...]
    measurements: tuple[Measurement, ...]
    order: tuple[str, ...]
    contests: tuple[Contest, ...]
    panels: tuple[Panel, ...]
    grids: tuple[Grid, ...]
    sizes: tuple[SizeSeries, ...]
    fits: tuple[Fit, ...]
    missing: tuple[str, ...]

    def measurement(self, digest: str, ruler: str) -> Measurement | None:
        """The diversity of data by a ruler, or None."""
        return next((m for m in self.measurements if (m.digest, m.ruler) == (digest, ruler)), None)

    def contest(self, which: str) -> Contest:
        """A contest by its id."""
        return next(contest for contest in self.contests if contest.id == which)

    def ruler(self, which: str) -> Ruler:
        """A ruler by its id."""
        return next(ruler for ruler in self.rulers if ruler.id == which)
