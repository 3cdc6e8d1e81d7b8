"""The ranking's own terms: outcomes in, standings and pairwise verdicts out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["better", "worse", "equivalent", "undecided"]

_FLIPPED: Mapping[Verdict, Verdict] = {
    "better": "worse",
    "worse": "better",
    "equivalent": "equivalent",
    "undecided": "undecided",
}


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
    def data(self) -> tuple[str, str]:
        """Name and digest of the benchmark: columns that share both are on the same data."""
        return self.benchmark, self.digest

    @property
    def title(self) -> str:
        """How the board heads this column."""
        return f"{self.benchmark}{self.shape}"

    @property
    def shape(self) -> str:
        """What is adapted to, as it follows the benchmark's name: `` 5-way 1-shot``, or on the transfer track
        `` · 5 labels a class``, where ``shot`` 0 stands for all that there are."""
        if self.track != "transfer":
            return f" {self.way}-way {self.shot}-shot"
        return f" · {self.shot} label{'s' * (self.shot != 1)} a class" if self.shot else " · all labels"


@dataclass(frozen=True)
class Run:
    """One trained model on one column: accuracies in 0..1, [episodes], in episode order.

    ``training`` names the trained checkpoint (the key of its cell). Methods that adapt one checkpoint in
    different ways share it; the ranking then pairs them by seed as well as by episode.
    """

    method: str
    column: Column
    seed: int
    accuracies: NDArray[np.float64]
    training: str = ""


@dataclass(frozen=True)
class Outcomes:
    """Accuracies in 0..1: for each (method label, column) an array [train seeds, episodes].

    Episodes are shared by all methods of a column, and come in episode order.
    ``trainings``: where known, the checkpoint behind each row of ``values``. Two methods whose names for a
    column are the same tuple share their checkpoints seed by seed; all others are taken as trained apart.
    """

    values: Mapping[tuple[str, Column], NDArray[np.float64]]
    trainings: Mapping[tuple[str, Column], tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def collect(cls, runs: Iterable[Run]) -> Outcomes:
        """Stack runs by (method, column), rows in the order of their seeds.

        Runs of one method and column that differ in length are cut to their common first episodes.
        Raises ValueError where a method has two runs of one seed in a column.
        """
        cells: dict[tuple[str, Column], dict[int, Run]] = {}
        for run in runs:
            cell = cells.setdefault((run.method, run.column), {})
            if run.seed in cell:
                raise ValueError(f"{run.method} has two runs of seed {run.seed} on {run.column.title}")
            cell[run.seed] = run
        values: dict[tuple[str, Column], NDArray[np.float64]] = {}
        trainings: dict[tuple[str, Column], tuple[str, ...]] = {}
        for key, cell in cells.items():
            rows = [cell[seed] for seed in sorted(cell)]
            shortest = min(len(run.accuracies) for run in rows)
            values[key] = np.stack([np.asarray(run.accuracies, np.float64)[:shortest] for run in rows])
            if all(run.training for run in rows):
                trainings[key] = tuple(run.training for run in rows)
        return cls(values, trainings)


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
    ``rank`` is the median rank and its interval; 1 is best.
    ``tie_groups`` are letters: methods that share one are not separable after Holm's correction.
    ``p_better_than_next``: P(this > the next one down), None for the last, and where one seed leaves it open.
    ``seeds``, ``episodes``: overall, the fewest seeds and all episodes over the columns.
    ``partial``: columns it lacks. A partial method is listed after the complete ones, and its score, rank
    and their intervals are those within its own pool: the columns it has, among the methods that have all of
    them. It gets no tie groups, since letters of different pools mean different things.
    ``checkpoint``: with one seed, the mean accuracy of that one trained model, interval over episodes alone.
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
    checkpoint: Interval | None = None


@dataclass(frozen=True)
class Comparison:
    """A against B in one column, paired by episode. Differences are A - B in accuracy.

    In ``Ranking.comparisons`` A stands above B in the column. ``cohens_d`` divides the difference by the
    pooled standard deviation of one trained model's accuracy over episodes (None: no such spread).
    ``p_better`` is P(A > B). With one seed on either side no interval, probability or p-value can be given:
    they are None.
    The verdict agrees with the interval, which is for this pair alone; ``p_holm`` is corrected for all pairs
    of the column.
    ``more_episodes`` / ``more_seeds``: how many more of one alone would decide an undecided pair, if the
    estimates stay as they are (None: decided, or no practicable number of it would).
    """

    a: str
    b: str
    column: Column
    difference: Interval
    cohens_d: float | None
    p_better: float | None
    p_value: float | None
    p_holm: float | None
    verdict: Verdict
    more_episodes: int | None = None
    more_seeds: int | None = None

    def reversed(self) -> Comparison:
        """The same comparison as B against A."""
        low, high = self.difference.low, self.difference.high
        return replace(
            self,
            a=self.b,
            b=self.a,
            difference=Interval(
                0.0 - self.difference.estimate,
                None if high is None else 0.0 - high,
                None if low is None else 0.0 - low,
            ),
            cohens_d=None if self.cohens_d is None else 0.0 - self.cohens_d,
            p_better=None if self.p_better is None else 1.0 - self.p_better,
            verdict=_FLIPPED[self.verdict],
        )


@dataclass(frozen=True)
class Profile:
    """Performance profile: in ``share[i]`` of the columns the normalised score reaches ``thresholds[i]``."""

    thresholds: tuple[float, ...]
    share: tuple[Interval, ...]


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
    """method -> name of an overall score -> value; names: mean_normalised, mean_rank, interquartile_mean,
    bradley_terry. A partial method's are those of its own pool, and it has no bradley_terry."""
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    """method -> performance profile over the columns that it has."""
    level: float = 0.95
    """Of every interval."""

    def comparison(self, a: str, b: str, column: Column) -> Comparison:
        """A against B in a column. Raises KeyError where they do not meet there."""
        found = self._pairs.get((a, b, column))
        if found is not None:
            return found
        if (b, a, column) in self._pairs:
            return self._pairs[b, a, column].reversed()
        raise KeyError(f"{a} and {b} do not meet on {column.title}")

    @cached_property
    def _pairs(self) -> Mapping[tuple[str, str, Column], Comparison]:
        return {(pair.a, pair.b, pair.column): pair for pair in self.comparisons}
