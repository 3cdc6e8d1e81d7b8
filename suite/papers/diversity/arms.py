"""Both arms of the fair comparison, made from one object: what one has, the other has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.methods import Budget, Method, Source, get, maml, score, seed_everything, transfer, untrained
from tasks import Benchmark, Episodes, SplitName

Accuracies = NDArray[np.float64]
"""Of one arm on each test task [tasks], in 0..1."""

# Imported, so that their source is part of the finding's identity, and known by the names of their files.
_METHODS = {
    initialisation: module.__name__.rpartition(".")[2]
    for initialisation, module in (("untrained", untrained), ("MAML", maml), ("transfer", transfer))
}
INITIALISATIONS = tuple(_METHODS)
ADAPTATIONS: Mapping[str, Mapping[str, Any]] = {
    "none": {"adaptation": "none"},
    "5 steps": {"adaptation": "inner_loop", "adaptation_steps": 5},
    "10 steps": {"adaptation": "inner_loop", "adaptation_steps": 10},
    "new head": {"adaptation": "head"},
}

Arm = tuple[str, str]
"""An initialisation and an adaptation."""

MAML5, MAML10, USL, FLOOR = (
    ("MAML", "5 steps"),
    ("MAML", "10 steps"),
    ("transfer", "new head"),
    ("untrained", "new head"),
)
GRID: tuple[Arm, ...] = tuple((start, change) for start in INITIALISATIONS for change in ADAPTATIONS)


@dataclass(frozen=True)
class Terms:
    """The same for all arms: architecture (an MLP of three layers), optimiser, budget, tasks.

    ``images`` are 2,500 outer steps of MAML, 8 tasks of 100 images each, and as many for transfer. The rate
    of Adam falls from ``lr`` by a cosine.
    """

    width: int = 64
    lr: float = 1e-3
    images: int = 2_000_000
    validations: int = 5
    validation_episodes: int = 60
    way: int = 5
    shot: int = 5
    query: int = 15
    test_tasks: int = 300

    def arguments(self, initialisation: str) -> dict[str, Any]:
        """What the initialisation's method is called with, adaptation apart."""
        common = {"backbone": "mlp", "width": self.width}
        own: Mapping[str, dict[str, Any]] = {
            "untrained": {},
            "MAML": {"lr": self.lr, "meta_batch": 8, "inner_steps": 5, "inner_lr": 0.1},
            "transfer": {"lr": self.lr, "batch_size": 128},
        }
        return {**common, **own[initialisation]}

    def episodes(self, benchmark: Benchmark, split: SplitName, seed: int) -> Episodes:
        """Tasks of ``split``, the same for all arms."""
        return Episodes(benchmark, split, self.way, self.shot, self.query, seed, self.test_tasks)


@dataclass(frozen=True)
class Trained:
    """What was learned from one benchmark with one seed: a checkpoint for each initialisation, in ``folder``.

    ``images`` are what each spent; ``body`` the parameters of each without a few-shot head.
    """

    terms: Terms
    seed: int
    folder: Path
    images: Mapping[str, int]
    body: Mapping[str, int]

    def method(self, arm: Arm) -> Method:
        """The arm, ready to adapt."""
        initialisation, adaptation = arm
        method = get(
            _METHODS[initialisation], **self.terms.arguments(initialisation), **ADAPTATIONS[adaptation]
        )
        method.load(self.folder / initialisation)
        return method

    def accuracies(self, arm: Arm, episodes: Episodes) -> Accuracies:
        """Of an arm on each of ``episodes``. What adapting draws depends on a task's number alone."""
        method = self.method(arm)
        found = np.empty(len(episodes))
        for i, episode in enumerate(episodes):
            seed_everything(i)
            found[i] = score(method.adapt(episode.support), episode).accuracy
        return found


def train(benchmark: Benchmark, terms: Terms, seed: int, folder: Path) -> Trained:
    """Train every initialisation on the meta-train classes, and keep them in ``folder``.

    Raises ValueError where the arms turn out to have unequal bodies or budgets.
    """
    images, body = {}, {}
    for initialisation in INITIALISATIONS:
        seed_everything(seed)
        budget = Budget(terms.images, terms.validations, terms.validation_episodes)
        source = Source(benchmark, budget, terms.way, terms.shot, terms.query, seed)
        method = get(_METHODS[initialisation], **terms.arguments(initialisation))
        method.train(source, budget)
        place = folder / initialisation
        place.mkdir()
        method.save(place)
        images[initialisation] = source.spent.images
        head = terms.way * (terms.width + 1) if initialisation == "MAML" else 0
        body[initialisation] = method.parameter_count() - head
    if len(set(body.values())) > 1 or images["MAML"] != images["transfer"]:
        raise ValueError(f"the comparison is not fair: parameters {body}, training images {images}")
    return Trained(terms, seed, folder, images, body)
