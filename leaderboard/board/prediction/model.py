"""The transfer track as data: trainings, ways to adapt, measures of what was trained, what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from leaderboard.ranking import Column, Interval

Answer = Literal["predicts", "opposite", "nothing shown", "undecided", "cannot be told"]
"""``predicts``: the interval is above 0, the higher the figure the higher the accuracy; ``opposite``: below.
``nothing shown``: it holds 0 and nothing strong (``verdict.WEAK``). ``undecided``: it holds 0 and also
something strong. ``cannot be told``: too few methods, or nothing varies."""

FEATURES = "features"
"""The last layer below the head."""


@dataclass(frozen=True, order=True)
class Place:
    """A figure of a measure and where it was taken.

    ``figure`` as the measure calls it (``neural_collapse.nc1``); ``problem`` is ``source`` or ``downstream``,
    ``split`` ``train`` or ``test``; ``reference`` the label of the training that it is held against, or
    empty; ``code`` the sha256 of the measure's source.
    """

    figure: str
    reference: str
    problem: str
    split: str
    layer: str
    code: str = ""


@dataclass(frozen=True)
class Measurements:
    """What was measured of one training: ``values`` are finite."""

    training: str
    values: Mapping[Place, float]


@dataclass(frozen=True)
class Recipe:
    """A way of training. ``label`` is its records' own, unique here; ``words`` a short name (``sigmoid``)."""

    label: str
    words: str
    methods: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """A method as what trained it and how it adapts: ``words`` is ``sigmoid + knn``."""

    method: str
    recipe: str
    adaptation: str
    words: str


@dataclass(frozen=True)
class Adapted:
    """How one seed adapted in a column: what it ``chose`` on validation images, and how many parameters it
    tuned (None: not recorded)."""

    method: str
    column: Column
    seed: int
    chosen: Mapping[str, Any]
    tuned: int | None


@dataclass(frozen=True)
class Figure:
    """A figure of a recipe's representation on the data of ``digest``: values by seed, in their order."""

    recipe: str
    digest: str
    place: Place
    seeds: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over seeds."""
        return sum(self.values) / len(self.values)


@dataclass(frozen=True)
class Correlation:
    """Spearman's rho of a figure and accuracy: in a column, or (None) averaged over columns.

    Within a column it is the mean over its ``adaptations``. ``rho`` is None where it cannot be told;
    ``methods`` counts ways of training that have both, ``more`` how many of them would decide (None: decided,
    or there are enough and it is seeds that are few).
    """

    column: Column | None
    rho: Interval | None
    methods: int
    adaptations: int
    answer: Answer
    more: int | None = None


@dataclass(frozen=True)
class Predictor:
    """A figure and what it says of accuracy, in all columns together and in each that has both.

    ``shown``: it stands in the page's first table, others behind it.
    """

    place: Place
    shown: bool
    pooled: Correlation
    columns: tuple[Correlation, ...]


@dataclass(frozen=True)
class Transfer:
    """All that the transfer track has beside a ranking. ``predictors``: those shown first, then by how surely
    and how strongly they predict; ``silent`` says why there are none."""

    pairs: tuple[Pair, ...]
    recipes: tuple[Recipe, ...]
    adapted: tuple[Adapted, ...]
    figures: tuple[Figure, ...]
    predictors: tuple[Predictor, ...]
    silent: str = ""

    def pair(self, method: str) -> Pair:
        """A method's."""
        return next(pair for pair in self.pairs if pair.method == method)

    def recipe(self, label: str) -> Recipe:
        """A way of training by its label."""
        return next(recipe for recipe in self.recipes if recipe.label == label)

    def tuned(self, method: str, column: Column | None = None) -> float | None:
        """How many parameters a method tuned, mean over its cells, in a column or in all."""
        known = [
            each.tuned
            for each in self.adapted
            if each.method == method and column in (None, each.column) and each.tuned is not None
        ]
        return sum(known) / len(known) if known else None
