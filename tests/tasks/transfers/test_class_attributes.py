"""A class and attributes that it tells nothing of: both can be read off a picture, neither off the other."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from tasks import Split, transfers


def rows(part: Split) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return part.images.reshape(len(part.images), -1) / 127.5 - 1


def test_parts_are_as_large_as_said_and_balanced() -> None:
    task = transfers.load("class_attributes")
    assert [len(part.labels) for part in task.source.parts().values()] == [3000, 500, 3000]
    assert [len(part.labels) for part in task.downstream.parts().values()] == [500, 500, 2500]
    for problem in (task.source, task.downstream):
        for part in problem.parts().values():
            counts = np.bincount(part.labels)
            assert counts.max() - counts.min() <= 10
    assert task.image_shape == (1, 5, 8)


def test_attributes_are_in_the_picture_the_more_the_stronger() -> None:
    accuracies = []
    for attribute in (0.2, 0.8, 3.0):
        task = transfers.load("class_attributes", attribute=attribute)
        train, test = task.downstream.train, task.downstream.test
        probe = LogisticRegression(max_iter=500).fit(rows(train), train.labels)
        accuracies.append(probe.score(rows(test), test.labels))
    assert accuracies == sorted(accuracies)
    assert accuracies[0] < 0.35
    assert accuracies[-1] > 0.9


def test_source_classes_are_as_far_apart_whatever_the_attributes() -> None:
    task = transfers.load("class_attributes")
    train, test = task.source.train, task.source.test
    probe = LogisticRegression(max_iter=500).fit(rows(train), train.labels)
    assert probe.score(rows(test), test.labels) > 0.7


def test_a_seed_draws_another_world_and_no_part_repeats_another() -> None:
    one, other = (transfers.load("class_attributes", seed=seed) for seed in (0, 1))
    assert one.digest != other.digest
    parts = [
        part for task in (one, other) for p in (task.source, task.downstream) for part in p.parts().values()
    ]
    pictures = [picture.tobytes() for part in parts for picture in part.images]
    assert len(set(pictures)) == len(pictures)


@pytest.mark.parametrize("attribute", [0, -1.0, float("nan"), float("inf"), "0.8", True])
def test_a_strength_that_is_none_is_refused(attribute: object) -> None:
    with pytest.raises(ValueError, match="attribute must be a number above 0, not"):
        transfers.load("class_attributes", attribute=attribute)
