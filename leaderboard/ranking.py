"""The ranking's own terms: outcomes in, standings and pairwise verdicts out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["better", "worse", "equivalent", "undecided"]


@dataclass(frozen=True, order=True)
class Column:
    """One benchmark under one protocol. Unequal data or episodes never share a column: they do not pair."""

    benchmark: str
    track: str
    way: int
    shot: int
    query: int
    digest: str
    episode_seed: int = 0

    @property
    def title(self) -> str:
        """How the board heads this column."""
        return f"{self.benchmark} {self.way}-way {self.shot}-shot"


@dataclass(frozen=True)
class Outcomes:
    """Accuracies in 0..1: for each (method label, column) an array [train seeds, episodes], episodes shared by all."""

    values: Mapping[tuple[str, Column], NDArray[np.float64]]


@dataclass(frozen=True)
class Interval:
    """A point estimate and its interval (95 % unless said); low and high are None where none can be given."""

    estimate: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Standing:
    """Where a method stands, in one column or overall (``column`` None).

    ``score`` is the mean accuracy in a column; overall, what ``Ranking.ordered_by`` names.
    ``tie_groups`` are letters: methods that share one are not separable after Holm's correction.
    ``p_better_than_next``: P(this > the next one down), None for the last. ``partial``: columns it lacks.
    """

    method: str
    column: Column | None
    score: Interval
    rank: Interval
    tie_groups: str
    p_better_than_next: float | None
    seeds: int
    episodes: int
    partial: tuple[Column, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """A against B in one column, paired by episode. Differences are A - B in accuracy.

    ``more_episodes`` / ``more_seeds``: how many more of one alone would decide an undecided pair
    (None: decided, or no number of it would).
    """

    a: str
    b: str
    column: Column
    difference: Interval
    cohens_d: float
    p_better: float
    p_value: float
    p_holm: float
    verdict: Verdict
    more_episodes: int | None = None
    more_seeds: int | None = None


@dataclass(frozen=True)
class Ranking:
    """The whole answer: per column and overall, best first, with what was assumed."""

    columns: tuple[Column, ...]
    overall: tuple[Standing, ...]
    by_column: Mapping[Column, tuple[Standing, ...]]
    comparisons: tuple[Comparison, ...]
    ordered_by: str
    margin: float
    """Equivalence margin in accuracy (0.01 = one point)."""
    notes: tuple[str, ...] = ()
    aggregates: Mapping[str, Mapping[str, Interval]] = field(default_factory=dict)
    """method -> name of an overall score (mean_rank, mean_normalised, interquartile_mean, bradley_terry) -> value."""
