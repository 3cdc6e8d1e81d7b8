"""The suite hands out images, counts them, and stops at the budget."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.methods import Budget, BudgetExceeded, Source, Spent
from tasks import Benchmark, Support

FEW = Budget(images=400, validations=4, validation_episodes=3)


def constant(way: int = 5):  # type: ignore[no-untyped-def]
    """A method that always answers the first class."""

    def adapt(support: Support):  # type: ignore[no-untyped-def]
        return lambda images: torch.eye(way)[torch.zeros(len(images), dtype=torch.long)]

    return adapt


def test_an_epoch_hands_out_each_image_once(benchmark: Benchmark) -> None:
    images = len(benchmark.labels("train"))
    source = Source(benchmark, Budget(images=2 * images))
    seen: Counter[bytes] = Counter()
    while source.spent.images < images:
        batch, _ = source.batch(32)
        seen.update(image.numpy().tobytes() for image in batch)
    assert images == 480
    assert len(seen) == images and set(seen.values()) == {1}


def test_labels_belong_to_their_images(benchmark: Benchmark) -> None:
    images, labels = benchmark.tensors("train")
    label_of = {image.numpy().tobytes(): int(label) for image, label in zip(images, labels, strict=True)}
    batch, found = Source(benchmark, FEW).batch(50)
    assert [label_of[image.numpy().tobytes()] for image in batch] == found.tolist()


def test_one_seed_gives_one_order_and_another_seed_another(benchmark: Benchmark) -> None:
    def draw(seed: int) -> torch.Tensor:
        return Source(benchmark, FEW, seed=seed).batch(20)[0]

    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(1))


def test_order_does_not_depend_on_batch_size(benchmark: Benchmark) -> None:
    one, other = Source(benchmark, FEW), Source(benchmark, FEW)
    small = torch.cat([one.batch(size)[0] for size in (1, 7, 32)])
    assert torch.equal(small, other.batch(40)[0])


def test_episodes_do_not_depend_on_batches(benchmark: Benchmark) -> None:
    one, other = Source(benchmark, FEW), Source(benchmark, FEW)
    one.batch(13)
    assert torch.equal(one.episode().query_images, other.episode().query_images)


@settings(deadline=None, max_examples=40)
@given(images=st.integers(20, 500), way=st.integers(2, 4), shot=st.integers(1, 2), sizes=st.data())
def test_no_request_exceeds_the_allowance(
    benchmark: Benchmark, images: int, way: int, shot: int, sizes: st.DataObject
) -> None:
    source = Source(benchmark, Budget(images=images), way=way, shot=shot, query=2)
    assert 0 <= images - source.allowance < source.episode_images
    while not source.exhausted:
        if sizes.draw(st.booleans()):
            source.batch(sizes.draw(st.integers(1, 100)))
        elif source.allowance - source.spent.images >= source.episode_images:
            source.episodes(sizes.draw(st.integers(1, 5)))
        assert source.spent.images <= source.allowance
    assert source.progress == 1.0
    for ask in (source.episode, lambda: source.batch(1)):
        with pytest.raises(BudgetExceeded, match="0 left"):
            ask()


def test_the_last_batch_is_cut(benchmark: Benchmark) -> None:
    source = Source(benchmark, Budget(images=50))
    assert source.allowance == 40
    assert [len(source.batch(32)[0]), len(source.batch(32)[0])] == [32, 8]


def test_a_budget_of_less_than_an_episode_is_refused(benchmark: Benchmark) -> None:
    with pytest.raises(ValueError, match=r"budget.images is 19, less than one episode: 5-way .* takes 20"):
        Source(benchmark, Budget(images=19))


def test_negative_seeds_are_refused(benchmark: Benchmark) -> None:
    with pytest.raises(ValueError, match="seed must be at least 0, not -1"):
        Source(benchmark, FEW, seed=-1)


def test_validations_are_due_at_even_shares_of_the_budget(benchmark: Benchmark) -> None:
    source = Source(benchmark, FEW)
    while not source.exhausted:
        source.episode()
        if source.validation_due:
            source.validate(constant())
            assert not source.validation_due
    assert [point.images for point in source.curve] == [100, 200, 300, 400]
    assert [point.accuracy for point in source.curve] == pytest.approx([0.2] * 4)


def test_validations_that_were_missed_are_not_given_back(benchmark: Benchmark) -> None:
    source = Source(benchmark, FEW)
    source.batch(300)
    source.validate(constant())
    with pytest.raises(BudgetExceeded, match="no validation is due after 300 of 400 images"):
        source.validate(constant())
    source.batch(100)
    source.validate(constant())
    assert [point.images for point in source.curve] == [300, 400]


def test_validation_classes_are_not_those_of_training(benchmark: Benchmark) -> None:
    train = {image.tobytes() for image in benchmark.images("train")}
    seen: list[torch.Tensor] = []

    def adapt(support: Support):  # type: ignore[no-untyped-def]
        seen.append(support.images)
        return constant()(support)

    source = Source(benchmark, FEW)
    source.batch(100)
    source.validate(adapt)
    first = list(seen)
    seen.clear()
    source.batch(100)
    source.validate(adapt)
    assert all(image.numpy().tobytes() not in train for images in first for image in images)
    assert all(torch.equal(a, b) for a, b in zip(first, seen, strict=True))


def test_progress_is_told_at_each_hand_out_and_validation(benchmark: Benchmark) -> None:
    told: list[tuple[int, int]] = []
    source = Source(benchmark, FEW, on_progress=lambda s: told.append((s.spent.images, len(s.curve))))
    source.batch(100)
    source.validate(constant())
    source.episode()
    assert told == [(100, 0), (100, 1), (120, 1)]


def test_backward_passes_of_a_validation_stand_apart(benchmark: Benchmark) -> None:
    source = Source(benchmark, FEW)
    source.batch(100)
    source.spent.backward_passes = 7

    def adapt(support: Support):  # type: ignore[no-untyped-def]
        source.spent.backward_passes += 2
        return constant()(support)

    source.validate(adapt)
    assert source.spent == Spent(images=100, backward_passes=7, validation_backward_passes=6)


def test_budgets_must_be_positive() -> None:
    with pytest.raises(ValueError, match=r"budget\.validations must be at least 1, not 0"):
        Budget(validations=0)


def test_source_tells_what_there_is(benchmark: Benchmark) -> None:
    source = Source(benchmark, FEW)
    assert source.class_count == 40
    assert source.image_shape == (1, 16, 16)
    assert not source.exhausted and source.progress == 0
    assert np.array_equal(np.unique(source.batch(400)[1]), np.arange(40))
