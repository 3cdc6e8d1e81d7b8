"""Members are dealt class by class: each to one part, each part with every class, at 3:1:1."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import Split
from tasks.transfers.dealing import deal, joined, renumbered


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(3, 60), min_size=1, max_size=8), st.integers(0, 100))
def test_every_member_is_in_one_part_and_every_class_in_each(sizes: list[int], seed: int) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    parts = deal(labels, ("test", seed))
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    for label, size in enumerate(sizes):
        counts = [int((labels[part] == label).sum()) for part in parts]
        assert counts[1] == counts[2] == max(1, size // 5)
        assert counts[0] == size - 2 * counts[1]


def test_another_key_deals_otherwise_and_the_same_alike() -> None:
    labels = np.repeat(np.arange(3), 20)
    one, again, other = (deal(labels, ("test", seed)) for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[2], other[2])


def test_a_class_of_two_cannot_be_dealt() -> None:
    with pytest.raises(ValueError, match="class 1 has 2 members; 3 are needed"):
        deal(np.array([0, 0, 0, 1, 1]), ("test",))


def test_sets_are_cut_and_joined_with_the_classes_that_they_have() -> None:
    images = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1)
    whole = Split(images, np.array([0, 1, 2, 2, 1, 0]), np.zeros(6, dtype=np.int64), ("a", "b", "c"))
    cut = renumbered(whole, np.array([5, 2, 3]))
    assert (cut.classes, cut.labels.tolist()) == (("a", "c"), [0, 1, 1])
    assert cut.images.reshape(-1).tolist() == [5, 2, 3]
    both = joined([cut, renumbered(whole, np.array([1, 4]))])
    assert (both.classes, both.labels.tolist()) == (("a", "c", "b"), [0, 1, 1, 2, 2])
