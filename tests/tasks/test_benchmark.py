"""A benchmark refuses what would make its episodes wrong, and cannot be changed afterwards."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from tasks import SPLITS, Benchmark, Card, Split

CARD = Card("Made", "made by a test", "CC0-1.0", "nobody", "by class")


def split(prefix: str, classes: int = 3, each: int = 4, size: int = 6) -> Split:
    images = np.arange(classes * each * size * size, dtype=np.int64) % 251
    return Split(
        images.astype(np.uint8).reshape(-1, 1, size, size),
        np.repeat(np.arange(classes, dtype=np.int64), each),
        np.zeros(classes * each, dtype=np.int64),
        tuple(f"{prefix}{label}" for label in range(classes)),
    )


def made(**changed: Split) -> Benchmark:
    return Benchmark("made", {name: changed.get(name, split(name)) for name in SPLITS}, ("only",), CARD)


def test_arrays_are_read_only_and_the_callers_stay_as_they_were() -> None:
    images = np.zeros((2, 1, 4, 4), dtype=np.uint8)
    part = Split(images, np.array([0, 1]), np.array([0, 0]), ("a", "b"))
    with pytest.raises(ValueError, match="read-only"):
        part.images[0] = 1
    images[0] = 1


def test_arrays_of_any_layout_are_kept_contiguous() -> None:
    images = np.asfortranarray(np.arange(2 * 3 * 4 * 4, dtype=np.uint8).reshape(2, 3, 4, 4))
    part = Split(images, np.array([0, 1]), np.array([0, 0]), ("a", "b"))
    assert part.images.flags.c_contiguous
    assert np.array_equal(part.images, images)


def test_tensors_share_memory_without_a_warning() -> None:
    benchmark = made()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        images, labels = benchmark.tensors("train")
    assert images.data_ptr() == benchmark.images("train").ctypes.data
    assert labels.dtype == torch.int64


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"images": np.zeros((12, 6, 6), dtype=np.uint8)}, "images must be a uint8 array of 4 axes"),
        ({"images": np.zeros((12, 1, 6, 6), dtype=np.float32)}, r"not float32 \[12, 1, 6, 6\]"),
        ({"images": [[0]]}, "not list"),
        ({"labels": np.zeros(12, dtype=np.int32)}, "labels must be a int64 array"),
        ({"labels": np.zeros(11, dtype=np.int64)}, "equally many.*'labels': 11"),
        ({"labels": np.full(12, 3)}, "label 3 is outside 0..2"),
        ({"labels": np.full(12, -1)}, "label -1 is outside"),
        ({"classes": ("a", "b", "a")}, "'a' is named twice"),
    ],
)
def test_a_split_that_does_not_fit_together_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(split("train"), **changed)  # type: ignore[arg-type]


def test_a_class_in_two_splits_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="class 'train0' is in both train and test"):
        made(test=split("train"))


def test_a_missing_split_is_refused() -> None:
    with pytest.raises(ValueError, match="splits must be train, validation, test, not train"):
        Benchmark("made", {"train": split("train")}, ("only",), CARD)


def test_splits_of_different_image_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape in every split"):
        made(test=split("test", size=8))


def test_a_domain_without_a_name_is_refused() -> None:
    part = replace(split("test"), domains=np.ones(12, dtype=np.int64))
    with pytest.raises(ValueError, match=r"domain 1 is outside 0\.\.0"):
        made(test=part)


def test_an_unknown_split_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="made has no split 'valid'; it has train, validation, test"):
        made().images("valid")  # type: ignore[arg-type]


def test_digest_tells_images_labels_domains_classes_and_splits_apart() -> None:
    one = split("train")
    other = [
        replace(one, images=255 - one.images),
        replace(one, labels=one.labels[::-1]),
        replace(one, classes=("x", *one.classes[1:])),
    ]
    digests = {made(train=part).digest for part in [one, *other]}
    assert len(digests) == 4
    assert made().digest == made().digest
    assert replace(made(), domain_names=("renamed",)).digest != made().digest
    assert replace(made(), name="renamed").digest == made().digest


def test_digest_survives_a_trip_to_another_process() -> None:
    benchmark = made()
    assert pickle.loads(pickle.dumps(benchmark)).digest == benchmark.digest
