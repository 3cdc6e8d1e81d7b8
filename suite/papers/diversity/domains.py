"""E1 and E2: whether the diversity coefficient is one, and grows with the number of domains."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from suite.measures import Diversity, MonteCarlo, diversity_coefficient, redraw, task2vec
from suite.methods import Budget, Source, seed_everything
from suite.methods.transfer import Transfer
from suite.papers.diversity.permuted import permuted_digits
from suite.papers.registry import Figures
from suite.probes import Probe, of_module, probe
from tasks import Benchmark, Episode, Episodes, Support

DOMAINS = (1, 2, 4, 8)
PROBES = ("random", "pretrained")
TASKS = 40
_WIDTH = 64
_RELABELLED = 10
_PRETRAINING_IMAGES = 80_000


def estimator(seed: int, *, tasks: int = TASKS, pretraining: int = _PRETRAINING_IMAGES) -> Figures:
    """E1: what the measure says of tasks that do not differ."""
    found = Figures()
    episodes = drawn(permuted_digits(1, seed), seed)
    for kind, using in _probes(seed, pretraining).items():
        own = [episodes[i] for i in range(min(_RELABELLED, tasks))]
        embedded = [task2vec(task, using.module) for task in own]
        other = [task2vec(_relabelled(task), using.module) for task in own]
        again = task2vec(own[0], using.module)
        distances = [one.distance(two) for one, two in zip(embedded, other, strict=True)]
        found[f"{kind} probe", "classes renamed, largest distance"] = max(distances)
        found[f"{kind} probe", "same data twice"] = embedded[0].distance(again)
        found[f"{kind} probe", "reference estimator, same data twice"] = _monte_carlo(own[0], using, seed)
        diversity = diversity_coefficient(
            [episodes[i] for i in range(tasks)], using, redrawn=redraw(episodes, tasks)
        )
        assert diversity.floor is not None and diversity.floor_interval is not None
        found[f"{kind} probe", "floor"] = diversity.floor, diversity.floor_interval
        found[f"{kind} probe", "diversity"] = diversity.mean, diversity.interval
    return found


def domains(seed: int, *, tasks: int = TASKS, pretraining: int = _PRETRAINING_IMAGES) -> Figures:
    """E2: diversity by number of domains, classes of each domain held fixed."""
    found = Figures()
    known = _probes(seed, pretraining)
    for count in DOMAINS:
        episodes = drawn(permuted_digits(count, seed), seed)
        for kind, using in known.items():
            diversity = diversity_coefficient([episodes[i] for i in range(tasks)], using)
            put_diversity(found, f"{count} domain{'s' * (count > 1)}", f"{kind} probe", diversity)
    return found


def drawn(benchmark: Benchmark, seed: int) -> Episodes:
    """The tasks by which a benchmark is measured: 5 ways, 40 labelled images of each class."""
    return Episodes(benchmark, "test", way=5, shot=5, query=35, seed=seed)


def put_diversity(found: Figures, row: str, column: str, diversity: Diversity) -> None:
    """The coefficient with its task bootstrap, and half the width of that beside it."""
    low, high = diversity.interval
    found[row, column] = diversity.mean, diversity.interval
    found[row, f"{column}, half-width over tasks"] = (high - low) / 2


def _probes(seed: int, pretraining: int) -> Mapping[str, Probe]:
    """Networks of one architecture: as drawn, and trained on digits under other permutations."""
    drawn_at_random = probe("mlp", width=_WIDTH, depth=3, size=8, channels=1, seed=seed)
    return dict(zip(PROBES, (drawn_at_random, _pretrained(seed, pretraining)), strict=True))


def _pretrained(seed: int, images: int) -> Probe:
    seed_everything(seed)
    recipe = Transfer(backbone="mlp", width=_WIDTH, batch_size=128, lr=1e-3)
    source = Source(permuted_digits(4, seed, "probe"), Budget(images=images), seed=seed)
    network = recipe.build(source.image_shape, source.way)
    step = recipe.learner(network, source)
    while not source.exhausted:
        step()
    return of_module(network, "mlp on permuted digits")


def _relabelled(task: Episode) -> Episode:
    """The same images, the classes named the other way round."""
    assert task.support.labels is not None
    last = task.support.way - 1
    return Episode(
        Support(task.support.images, last - task.support.labels),
        task.query_images,
        last - task.query_labels,
        task.indices,
        task.classes,
        task.domain,
    )


def _monte_carlo(task: Episode, using: Probe, seed: int) -> float:
    """Distance of a task from itself by the reference estimator, under two seeds of it."""
    options = [MonteCarlo(seed=2 * seed + k) for k in (0, 1)]
    with torch.random.fork_rng(devices=[]):
        one, other = (task2vec(task, using.module, options=settings) for settings in options)
    return one.distance(other)
