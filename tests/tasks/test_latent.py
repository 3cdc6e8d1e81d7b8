"""``latent``: domains that are random decoders, each with its own classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tasks
from tasks import SPLITS, Benchmark, Episodes
from tasks.digests import compare
from tasks.latent import IMAGES


def latent(folder: Path, **options: object) -> Benchmark:
    return tasks.load("latent", cache=folder, **options)


def test_latent_is_the_reference_data(tmp_path: Path) -> None:
    verification = compare(latent(tmp_path))
    assert verification.matches, str(verification)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 4), st.integers(5, 8), st.integers(8, 20), st.integers(0, 5))
def test_every_domain_has_the_classes_that_are_asked_for(
    tmp_path_factory: pytest.TempPathFactory, domains: int, classes: int, size: int, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("latent")
    benchmark = latent(folder, domains=domains, classes_per_domain=classes, size=size, seed=seed)
    for split in SPLITS:
        labels, of = benchmark.labels(split), benchmark.domains(split)
        assert benchmark.images(split).shape == (domains * classes * IMAGES, 1, size, size)
        pairs = np.unique(np.stack([of, labels]), axis=1)
        assert np.bincount(pairs[0]).tolist() == [classes] * domains
        assert np.bincount(labels).tolist() == [IMAGES] * (domains * classes)


def test_more_domains_leave_the_first_as_they_are(tmp_path: Path) -> None:
    few, many = latent(tmp_path, domains=2), latent(tmp_path, domains=5)
    for split in SPLITS:
        count = len(few.labels(split))
        assert np.array_equal(many.images(split)[:count], few.images(split))
        assert many.classes(split)[: len(few.classes(split))] == few.classes(split)


def test_an_episode_of_latent_has_one_decoder_unless_asked_otherwise(tmp_path: Path) -> None:
    def domains(benchmark: Benchmark, i: int) -> set[int]:
        episode = Episodes(benchmark, "test", 5, 1, 5, seed=0)[i]
        return set(benchmark.domains("test")[list(episode.indices)].tolist())

    within, across = latent(tmp_path, domains=3), latent(tmp_path, domains=3, within_domain=False)
    assert [domains(within, i) for i in range(6)] == [{0}, {1}, {2}] * 2
    assert max(len(domains(across, i)) for i in range(6)) > 1
    assert np.array_equal(within.images("test"), across.images("test"))
    assert within.digest != across.digest


def test_latent_classes_can_be_told_apart_within_a_decoder(tmp_path: Path) -> None:
    benchmark = latent(tmp_path, domains=1, classes_per_domain=10)
    flat = benchmark.images("test").reshape(10, IMAGES, -1).astype(float)
    means = flat[:, : IMAGES // 2].mean(axis=1)
    rest = flat[:, IMAGES // 2 :]
    nearest = ((rest[:, :, None] - means) ** 2).sum(axis=3).argmin(axis=2)
    accuracy = (nearest == np.arange(10)[:, None]).mean()
    assert 0.4 < accuracy < 0.95


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"domains": 1.5}, r"domains must be a whole number of at least 1, not 1\.5"),
        ({"noise": float("nan")}, "noise must be a number above 0, not nan"),
        ({"within_domain": 1}, "within_domain must be true or false, not 1"),
        ({"size": 7}, "size must be a whole number of 8 to 128 pixels, not 7"),
    ],
)
def test_values_out_of_range_are_refused_by_name(
    options: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        latent(tmp_path, **options)
    assert not list(tmp_path.iterdir())
