"""Episodes are a pure function of their key, drawn without replacement and uniformly."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from tasks import SPLITS, Benchmark, Card, Episodes, Split

CARD = Card("Made", "made by a test", "CC0-1.0", "nobody", "by class")
ROOT = Path(__file__).parents[2]


def made(counts: list[int], shuffled: int | None = None) -> Benchmark:
    """Class k of every split has ``counts[k]`` images; each image's pixels spell its row."""
    labels = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    if shuffled is not None:
        np.random.default_rng(shuffled).shuffle(labels)
    rows = np.arange(len(labels))
    images = np.stack([rows // 256, rows % 256], axis=1).astype(np.uint8)[:, None, None, :]
    return Benchmark(
        "made",
        {
            name: Split(
                images,
                labels,
                np.zeros(len(labels), dtype=np.int64),
                tuple(f"{name}{k}" for k in range(len(counts))),
            )
            for name in SPLITS
        },
        ("only",),
        CARD,
    )


def rows_of(images: torch.Tensor) -> list[int]:
    return (images[:, 0, 0, 0].long() * 256 + images[:, 0, 0, 1].long()).tolist()


settings_of_an_episode = st.tuples(
    st.lists(st.integers(0, 12), min_size=6, max_size=20),
    st.integers(1, 6),
    st.integers(1, 3),
    st.integers(1, 4),
).filter(lambda drawn: sum(count >= drawn[2] + drawn[3] for count in drawn[0]) >= drawn[1])


@settings(max_examples=60, deadline=None)
@given(settings_of_an_episode, st.integers(-5, 2**40), st.integers(0, 10**12), st.integers(0, 3))
def test_an_episode_is_what_it_says(
    drawn: tuple[list[int], int, int, int], seed: int, i: int, shuffled: int
) -> None:
    counts, way, shot, query = drawn
    benchmark = made(counts, shuffled)
    episode = Episodes(benchmark, "test", way, shot, query, seed)[i]
    labels = benchmark.labels("test")
    assert len(set(episode.classes)) == way
    assert len(set(episode.indices)) == way * (shot + query), "an image stands in the episode twice"
    assert episode.support.labels is not None
    assert episode.support.labels.tolist() == [k for k in range(way) for _ in range(shot)]
    assert episode.query_labels.tolist() == [k for k in range(way) for _ in range(query)]
    shown = rows_of(episode.support.images) + rows_of(episode.query_images)
    assert shown == list(episode.indices)
    of = [episode.classes[k] for k in episode.support.labels.tolist() + episode.query_labels.tolist()]
    assert labels[shown].tolist() == of
    assert episode.support.way == way


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 500), st.integers(0, 200), st.integers(0, 9))
def test_episodes_do_not_depend_on_the_order_or_the_company_they_are_drawn_in(
    start: int, count: int, seed: int
) -> None:
    benchmark = made([6] * 8)
    classes, rows = Episodes(benchmark, "train", 5, 1, 3, seed).indices_range(start, start + count)
    assert classes.shape == (count, 5)
    assert rows.shape == (count, 5, 4)
    alone = Episodes(benchmark, "train", 5, 1, 3, seed)
    for i in reversed(range(count)):
        one_classes, one_rows = alone.indices(start + i)
        assert np.array_equal(one_classes, classes[i])
        assert np.array_equal(one_rows, rows[i])


def test_same_episode_in_two_processes() -> None:
    program = (
        "import json, sys; sys.path.insert(0, sys.argv[1]);"
        "import importlib.util as u; s = u.spec_from_file_location('made', sys.argv[2]);"
        "m = u.module_from_spec(s); s.loader.exec_module(m);"
        "e = m.Episodes(m.made([7] * 9, 1), 'validation', 5, 1, 3, 42);"
        "print(json.dumps([e[i].indices for i in (999, 0, 10**9)]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), __file__], capture_output=True, text=True, check=True
    ).stdout
    here = Episodes(made([7] * 9, 1), "validation", 5, 1, 3, 42)
    assert json.loads(told) == [list(here[i].indices) for i in (999, 0, 10**9)]


def test_the_draws_of_a_key_are_fixed_for_good() -> None:
    episodes = Episodes(made([5] * 10), "test", way=3, shot=1, query=1, seed=0)
    drawn = [episodes[i].indices for i in (0, 1, 1_000_000)]
    assert drawn == [
        (48, 25, 10, 46, 28, 11),
        (9, 45, 20, 7, 49, 24),
        (40, 5, 46, 42, 9, 45),
    ]


def test_classes_images_and_positions_are_uniform() -> None:
    counts = [4, 5, 9, 3, 4, 6, 30]
    episodes = Episodes(made(counts, 2), "train", way=3, shot=1, query=3, seed=7)
    assert episodes.eligible_classes.tolist() == [0, 1, 2, 4, 5, 6]
    classes, rows = episodes.indices_range(0, 20_000)
    for position in range(3):
        seen = np.bincount(classes[:, position], minlength=7)
        assert seen[3] == 0
        assert chisquare(seen[episodes.eligible_classes]).pvalue > 1e-4
    pairs = np.bincount(classes[:, 0] * 7 + classes[:, 1], minlength=49).reshape(7, 7)
    kept = pairs[np.ix_(episodes.eligible_classes, episodes.eligible_classes)]
    assert np.diagonal(kept).sum() == 0
    assert chisquare(kept[~np.eye(6, dtype=bool)]).pvalue > 1e-4
    labels = episodes.benchmark.labels("train")
    for label in episodes.eligible_classes:
        members = np.flatnonzero(labels == label)
        for place in range(4):
            drawn = rows[:, :, place][classes == label]
            assert (
                chisquare(np.bincount(np.searchsorted(members, drawn), minlength=len(members))).pvalue > 1e-5
            )


@pytest.mark.parametrize("changed", [{"seed": 1}, {"shot": 2}, {"query": 2}, {"way": 4}, {"split": "test"}])
def test_every_part_of_the_key_changes_the_episode(changed: dict[str, object]) -> None:
    key: dict[str, object] = {"split": "train", "way": 5, "shot": 1, "query": 3, "seed": 0}
    benchmark = made([8] * 30)
    one = Episodes(benchmark, **key)  # type: ignore[arg-type]
    other = Episodes(benchmark, **{**key, **changed})  # type: ignore[arg-type]
    assert one[0].classes[:4] != other[0].classes[:4]


def test_other_data_has_other_episodes_and_length_is_no_part_of_the_key() -> None:
    one = Episodes(made([8] * 30), "train", 5, 1, 3, 0)
    assert one[5].indices == Episodes(made([8] * 30), "train", 5, 1, 3, 0, length=3)[5].indices
    assert one[5].indices != Episodes(made([8] * 29 + [9]), "train", 5, 1, 3, 0)[5].indices


def test_iteration_ends_at_the_length() -> None:
    episodes = Episodes(made([8] * 6), "train", 5, 1, 3, 0, length=4)
    assert [episode.indices for episode in episodes] == [episodes[i].indices for i in range(4)]
    assert len(episodes) == 4


def in_domains(counts: list[list[int]], within: bool = True) -> Benchmark:
    """Domain d has classes of ``counts[d]`` images; classes of the domains alternate as far as they go."""
    places = sorted((k, d) for d, sizes in enumerate(counts) for k in range(len(sizes)))
    sizes = [counts[d][k] for k, d in places]
    whole = made(sizes)
    splits = {
        name: replace(split, domains=np.repeat([d for _, d in places], sizes))
        for name, split in whole.splits.items()
    }
    names = tuple(f"domain {d}" for d in range(len(counts)))
    return replace(whole, splits=splits, domain_names=names, within_domain=within)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(2, 6), min_size=3, max_size=7), min_size=1, max_size=4),
    st.integers(0, 10**12),
    st.integers(0, 99),
)
def test_episodes_within_domains_take_them_in_turn(counts: list[list[int]], start: int, seed: int) -> None:
    benchmark = in_domains(counts)
    episodes = Episodes(benchmark, "test", way=3, shot=1, query=1, seed=seed)
    classes, rows = episodes.indices_range(start, start + 3 * len(counts))
    of = benchmark.domains("test")[rows]
    turns = np.arange(start, start + 3 * len(counts)) % len(counts)
    assert (of == turns[:, None, None]).all()
    assert (benchmark.labels("test")[rows] == classes[:, :, None]).all()
    assert all(len(set(drawn)) == 3 for drawn in classes.tolist())
    assert episodes[start].domain == turns[0]
    assert episodes[start].indices[:3] == tuple(rows[0, :, 0])


def test_classes_of_a_domain_are_uniform() -> None:
    episodes = Episodes(in_domains([[4] * 4, [4] * 9, [4] * 5]), "train", way=3, shot=1, query=1, seed=3)
    classes, _ = episodes.indices_range(0, 18_000)
    for turn, count in enumerate((4, 9, 5)):
        seen = np.bincount(classes[turn::3].ravel(), minlength=18)
        assert np.count_nonzero(seen) == count
        # Three different classes an episode: less than independent draws vary.
        assert chisquare(seen[seen > 0]).pvalue > 1e-4


def test_without_domains_to_keep_to_episodes_are_what_they_were() -> None:
    counts = [[5] * 5, [5] * 5]
    across, plain = in_domains(counts, within=False), made([5] * 10)
    assert Episodes(across, "test", 3, 1, 1, 0)[4].domain is None
    assert across.digest != plain.digest, "other domains"
    assert across.digest != in_domains(counts).digest


def test_a_domain_that_is_too_small_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"made/test has 2 classes of the domain 'domain 1' .*3-way episodes need 3"
    ):
        Episodes(in_domains([[4] * 5, [4, 4, 3]]), "test", 3, 1, 3, 0)


def test_too_few_classes_are_counted_in_the_message() -> None:
    with pytest.raises(
        ValueError, match=r"made/test has 4 classes with at least 4 images .*5-way episodes need 5"
    ):
        Episodes(made([4, 4, 4, 4, 3]), "test", 5, 1, 3, 0)


@pytest.mark.parametrize("name", ["way", "shot", "query", "length"])
def test_a_number_below_one_is_refused_by_name(name: str) -> None:
    key = {"way": 2, "shot": 1, "query": 1, "length": 10, name: 0}
    with pytest.raises(ValueError, match=f"{name} must be at least 1, not 0"):
        Episodes(made([4] * 4), "test", seed=0, **key)


def test_negative_episodes_are_refused() -> None:
    episodes = Episodes(made([4] * 4), "test", 2, 1, 1, 0)
    with pytest.raises(IndexError, match="episode -1: episodes are numbered from 0"):
        episodes[-1]
    with pytest.raises(IndexError, match="episodes 3 to 2"):
        episodes.indices_range(3, 2)
    assert episodes.indices_range(3, 3)[0].shape == (0, 2)
