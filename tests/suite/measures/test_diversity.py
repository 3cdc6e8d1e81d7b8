"""The diversity coefficient: what it is of known distances, how sure it is, what it refuses to compare."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import tasks
from suite.measures import (
    Conditions,
    Redrawn,
    difference,
    diversity_coefficient,
    of_distances,
    redraw,
    task2vec,
)
from suite.measures.diversity_statistics import DRAWS, bootstrap_counts, mean_distances
from suite.measures.task2vec import pairwise_distances
from suite.probes import of_module, probe
from tasks import Episode, Episodes, Support

CONDITIONS = Conditions("probe", "exact", 5, 25, 75)
SMALL = {"width": 8, "size": 8, "channels": 1}


def points(n: int, seed: int, spread: float = 1.0) -> NDArray[np.float64]:
    """Distances [n, n] of random points of the plane, by way of a map into 0..1."""
    place = spread * np.random.default_rng(seed).normal(size=(n, 2))
    return np.asarray(1 - np.exp(-np.square(place[:, None] - place).sum(2)))


def latent(domains: int = 1) -> Episodes:
    return Episodes(tasks.load("latent", domains=domains), "train", 3, 2, 4, seed=0)


def test_figures_are_those_of_the_definition() -> None:
    distances = points(6, 0)
    found = of_distances(CONDITIONS, distances, np.arange(6.0), {0: points(2, 1), 3: points(3, 2)})
    pairs = [distances[i, j] for i in range(6) for j in range(i)]
    assert found.mean == pytest.approx(np.mean(pairs))
    assert found.standardized == pytest.approx(np.mean(pairs) / np.std(pairs, ddof=1))
    half = 1.96 * np.std(pairs, ddof=1) / 15**0.5
    assert found.pair_interval == pytest.approx((found.mean - half, found.mean + half))
    assert found.effective_tasks == pytest.approx(distances.sum())
    assert found.complexity == 2.5
    of_three = points(3, 2)[np.triu_indices(3, 1)].mean()
    assert found.floor == pytest.approx((points(2, 1)[0, 1] + of_three) / 2)
    assert found.tasks == 6


@settings(max_examples=25, deadline=None)
@given(n=st.integers(3, 12), seed=st.integers(0, 1_000))
def test_the_bootstrap_draws_tasks_and_leaves_out_pairs_of_a_task_with_itself(n: int, seed: int) -> None:
    distances, counts = points(n, seed), bootstrap_counts(n, "tasks")[:20]
    assert (counts.sum(1) == n).all()
    expected = []
    for row in counts:
        drawn = np.repeat(np.arange(n), row)
        different = drawn[:, None] != drawn
        if different.any():
            expected.append(distances[np.ix_(drawn, drawn)][different].mean())
    np.testing.assert_allclose(mean_distances(distances, counts), expected, rtol=1e-12)


def test_every_task_is_drawn_equally_often_and_by_the_key_alone() -> None:
    counts = bootstrap_counts(10, "tasks")
    np.testing.assert_array_equal(counts, bootstrap_counts(10, "tasks"))
    assert (counts != bootstrap_counts(10, "other")).any()
    assert np.abs(counts.mean(0) - 1).max() < 5 * (0.9 / DRAWS) ** 0.5


def test_the_interval_of_tasks_holds_the_truth_and_that_of_pairs_does_not() -> None:
    """Tasks are points; the truth is the mean distance of very many."""
    truth = of_distances(CONDITIONS, points(2_000, 99), np.ones(2_000), {}).mean
    by_tasks = by_pairs = 0
    runs = 200
    for seed in range(runs):
        found = of_distances(CONDITIONS, points(30, seed), np.ones(30), {})
        by_tasks += found.interval[0] <= truth <= found.interval[1]
        by_pairs += found.pair_interval[0] <= truth <= found.pair_interval[1]
    assert by_tasks / runs > 0.88
    assert by_pairs / runs < 0.7


def test_a_difference_has_an_interval_that_holds_it_and_changes_sign_with_its_order() -> None:
    near = of_distances(CONDITIONS, points(30, 0, 0.3), np.ones(30), {})
    far = of_distances(CONDITIONS, points(30, 1, 1.0), np.ones(30), {})
    found = difference(far, near)
    assert found.estimate == far.mean - near.mean
    assert 0 < found.interval[0] < found.estimate < found.interval[1]
    assert difference(near, far).estimate == -found.estimate
    alone = far.interval[1] - far.interval[0]
    assert found.interval[1] - found.interval[0] > alone
    same = difference(near, near)
    assert same.estimate == 0
    assert same.interval[0] < 0 < same.interval[1]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"probe": "f" * 64}, "under one probe; these are of probes with the digests probe and ffffffffffff"),
        ({"estimator": "monte carlo"}, "one estimator; these are exact and monte carlo"),
        (
            {"query": 15},
            "of one shape; these have 5 classes, 25 support and 75 query images and 5 classes, 25",
        ),
    ],
)
def test_what_was_measured_otherwise_does_not_compare(changed: dict[str, Any], words: str) -> None:
    found = of_distances(CONDITIONS, points(5, 0), np.ones(5), {})
    with pytest.raises(ValueError, match=words):
        difference(found, replace(found, conditions=replace(CONDITIONS, **changed)))


def test_two_tasks_or_tasks_of_two_shapes_have_no_diversity() -> None:
    episodes, known = latent(), probe("mlp", **SMALL)
    with pytest.raises(ValueError, match="at least 3 tasks, not 2"):
        diversity_coefficient([episodes[0], episodes[1]], known)
    with pytest.raises(ValueError, match="at least 3 tasks, not 0"):
        diversity_coefficient([], known)
    other = Episodes(episodes.benchmark, "train", 3, 2, 5, seed=0)
    with pytest.raises(ValueError, match=r"one shape .* not of \(3, 6, 12\) and \(3, 6, 15\)"):
        diversity_coefficient([episodes[0], episodes[1], other[2]], known)


def test_all_pairs_at_once_are_the_pairs_one_by_one() -> None:
    episodes, known = latent(), probe("conv4", width=3, size=16)
    embeddings = [task2vec(episodes[i], known.module) for i in range(4)]
    found = pairwise_distances(embeddings)
    for i, one in enumerate(embeddings):
        for j, other in enumerate(embeddings):
            a, b = (e.values / (one.values + other.values) for e in (one, other))
            live = one.values + other.values > 0
            expected = 1 - torch.nn.functional.cosine_similarity(a[live], b[live], dim=0)
            assert found[i, j] == pytest.approx(float(expected) if i != j else 0.0, abs=1e-12)
    np.testing.assert_array_equal(found, found.T)


def test_the_same_tasks_give_the_same_figures_by_a_probe_or_its_module() -> None:
    episodes, known = latent(), probe("mlp", **SMALL)
    drawn = [episodes[i] for i in range(4)]
    heard: list[int] = []
    one = diversity_coefficient(drawn, known, redrawn=redraw(episodes, 2), on_task=heard.append)
    two = diversity_coefficient(drawn, known.module, redrawn=redraw(episodes, 2))
    np.testing.assert_array_equal(one.distances, two.distances)
    assert (one.mean, one.interval, one.floor) == (two.mean, two.interval, two.floor)
    assert heard == [1, 2, 3, 4, 5, 6]
    assert one.conditions == Conditions(known.digest, "exact", 3, 6, 12)
    assert two.conditions.probe == of_module(known.module).digest
    with pytest.raises(ValueError, match="under one probe"):
        difference(one, two)


def test_copies_of_a_task_with_its_classes_renamed_are_one_task() -> None:
    episode, known = latent()[0], probe("conv4", width=4, size=16)
    copies = [renamed(episode, order) for order in ((0, 1, 2), (1, 2, 0), (2, 1, 0), (0, 2, 1))]
    found = diversity_coefficient(copies, known)
    assert found.distances.max() < 1e-6
    assert found.standardized > 0


def renamed(episode: Episode, order: tuple[int, ...]) -> Episode:
    names = torch.tensor(order)
    assert episode.support.labels is not None
    support = Support(episode.support.images, names[episode.support.labels])
    return replace(episode, support=support, query_labels=names[episode.query_labels])


def test_a_task_drawn_again_has_its_classes_and_no_image_of_its_own() -> None:
    episodes = latent()
    again = redraw(episodes, 5)
    assert again.overlap == 0
    assert list(again.draws) == [0, 1, 2, 3, 4]
    labels = episodes.benchmark.labels("train")
    for i, (other,) in again.draws.items():
        episode = episodes[i]
        assert isinstance(other, Episode)
        assert other.classes == episode.classes
        assert not set(other.indices) & set(episode.indices)
        assert len(set(other.indices)) == len(other.indices)
        np.testing.assert_array_equal(labels[list(other.indices)], labels[list(episode.indices)])
        rows = episodes.benchmark.images("train")[list(other.indices)]
        images = torch.cat([other.support.images, other.query_images]).numpy()
        np.testing.assert_array_equal(images, rows)
    repeated = redraw(latent(), 5)
    assert all(repeated.draws[i][0].indices == again.draws[i][0].indices for i in again.draws)  # type: ignore[union-attr]


@pytest.mark.parametrize(("query", "overlap"), [(28, 0.0), (38, 20 / 40), (48, 40 / 50)])
def test_a_class_of_60_images_gives_all_that_is_left_and_then_what_was_drawn(
    query: int, overlap: float
) -> None:
    episodes = Episodes(tasks.load("latent", domains=1), "train", 3, 2, query, seed=0)
    again = redraw(episodes, 3)
    assert again.overlap == pytest.approx(overlap)
    for (other,) in again.draws.values():
        assert isinstance(other, Episode)
        assert len(set(other.indices)) == len(other.indices)


def test_classes_without_another_image_have_no_floor() -> None:
    episodes = Episodes(tasks.load("latent", domains=1), "train", 3, 2, 58, seed=0)
    again = redraw(episodes, 3)
    assert again == Redrawn()
    found = diversity_coefficient([episodes[i] for i in range(3)], probe("mlp", **SMALL), redrawn=again)
    assert found.floor is None and found.floor_interval is None


def test_the_estimator_of_the_reference_is_told_apart() -> None:
    from suite.measures import MonteCarlo

    few = MonteCarlo(draws=16, batch=8, epochs=1)
    episodes, known = latent(), probe("mlp", **SMALL)
    found = diversity_coefficient([episodes[i] for i in range(3)], known, mc=True, options=few)
    assert found.conditions.estimator == "monte carlo"
