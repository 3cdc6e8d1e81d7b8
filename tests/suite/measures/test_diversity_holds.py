"""What the diversity coefficient must tell: the floor from diversity, few domains from many, near and far."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import spearmanr

import tasks
from suite.measures import Diversity, difference, diversity_coefficient, hellinger_diversity, redraw
from suite.models import as_float
from suite.probes import Probe, of_module, probe
from tasks import SPLITS, Benchmark, Card, Episodes, Split
from tasks.draws import normal
from tasks.gaussian import gaussians

DOMAINS = (1, 2, 4, 8)
SIZE = 8


def permuted_digits(domains: range) -> Benchmark:
    """Digits in four turns are the classes of a domain; a domain is a fixed permutation of pixels."""
    turned = tasks.load("digits", size=SIZE, rotated=True)
    splits = {}
    for split in SPLITS:
        images, labels = turned.images(split), turned.labels(split)
        names, flat = turned.classes(split), images.reshape(len(images), -1)
        orders = [np.argsort(normal(("pixels of a domain", domain), SIZE * SIZE)) for domain in domains]
        splits[split] = Split(
            np.concatenate([flat[:, order].reshape(images.shape) for order in orders]),
            np.concatenate([labels + k * len(names) for k in range(len(orders))]),
            np.repeat(np.arange(len(orders)), len(labels)),
            tuple(f"{name} in {domain}" for domain in domains for name in names),
        )
    card = Card("", "", "", "", "")
    return Benchmark("permuted digits", splits, tuple(f"order {k}" for k in domains), card, {}, True)


def trained() -> Probe:
    """The same network after learning the digits of domains that no task is of."""
    torch.manual_seed(0)
    module = probe("mlp", width=64, size=SIZE, channels=1).module.requires_grad_(True)
    images, labels = permuted_digits(range(100, 104)).tensors("train")
    head = torch.nn.Linear(64, int(labels.max()) + 1)
    adam = torch.optim.Adam([*module.parameters(), *head.parameters()], lr=1e-3)
    for _ in range(20):
        for chosen in torch.randperm(len(images)).split(128):
            adam.zero_grad()
            loss = F.cross_entropy(head(module(as_float(images[chosen]))), labels[chosen])
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
    return of_module(module, "trained on other permutations")


def measured(benchmark: Benchmark, shape: tuple[int, int], known: Probe, count: int = 40) -> Diversity:
    episodes = Episodes(benchmark, "train", 5, *shape, seed=0)
    drawn = [episodes[i] for i in range(count)]
    return diversity_coefficient(drawn, known, redrawn=redraw(episodes, 20))


@pytest.mark.slow
@pytest.mark.parametrize("learned", [False, True])
def test_more_domains_are_more_diverse_and_the_floor_is_below_half(learned: bool) -> None:
    known = trained() if learned else probe("mlp", width=64, size=SIZE, channels=1)
    found = [measured(permuted_digits(range(count)), (10, 30), known, 80) for count in DOMAINS]
    means = [each.mean for each in found]
    assert means == sorted(set(means))
    first, last = found[0], found[-1]
    assert difference(last, first).interval[0] > 0
    assert last.mean - first.mean > 3 * (last.interval[1] - last.interval[0]) / 2
    for each in found:
        assert each.floor is not None
        assert each.floor < each.mean / 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [("mlp", {"width": 64, "size": 8, "channels": 1}), ("conv4", {"width": 16, "size": 16})],
)
def test_more_decoders_are_more_diverse_at_equally_many_classes_of_each(
    name: str, options: dict[str, int]
) -> None:
    known = probe(name, **options)
    means = [measured(tasks.load("latent", domains=count), (5, 15), known).mean for count in DOMAINS]
    assert means == sorted(set(means))


@pytest.mark.slow
@pytest.mark.parametrize(("dimensions", "levels"), [(1, (0.5, 1, 2, 4, 8)), (4, (0.25, 0.5, 1, 2, 4))])
def test_distances_of_tasks_follow_those_of_their_distributions(
    dimensions: int, levels: tuple[float, ...]
) -> None:
    """Levels are doublings; far above them the truth saturates at 1, far below it tasks are noise alone."""
    known = probe("mlp", size=8, channels=1)
    truth, found = [], []
    for between in levels:
        benchmark = tasks.load("gaussian", between=between, dimensions=dimensions)
        classes = gaussians(benchmark, "train")
        truth.append(hellinger_diversity(classes.means, classes.deviations))
        episodes = Episodes(benchmark, "train", 5, 10, 30, seed=0)
        found.append(diversity_coefficient([episodes[i] for i in range(150)], known).mean)
    assert spearmanr(truth, found).statistic >= 0.9
