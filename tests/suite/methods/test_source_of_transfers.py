"""A transfer task's source is handed out, counted and validated as a benchmark is."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from suite.methods import Budget, Source, Spent, get, seed_everything
from tasks import Episodes, Support, Transfer
from tasks.transfers import SourceProblem, source_task
from tests.support.transfers import noisy_transfer

FEW = Budget(images=400, validations=4, validation_episodes=3)


@pytest.fixture(scope="module")
def task() -> Transfer:
    return noisy_transfer()


def constant(support: Support):  # type: ignore[no-untyped-def]
    """Always answers the first class."""
    return lambda images: torch.eye(support.way)[torch.zeros(len(images), dtype=torch.long)]


def test_the_source_is_told_by_its_training_images(task: Transfer) -> None:
    source = Source(task, FEW)
    assert source.class_count == 6 and source.image_shape == (1, 16, 16)
    assert source.labelled == SourceProblem(task)
    assert source.allowance == 400


def test_an_epoch_hands_out_each_source_image_once(task: Transfer) -> None:
    images, labels = task.tensors("source", "train")
    source = Source(task, FEW)
    batch, found = source.batch(len(images))
    expected = Counter((image.numpy().tobytes(), int(y)) for image, y in zip(images, labels, strict=True))
    assert Counter((image.numpy().tobytes(), int(y)) for image, y in zip(batch, found, strict=True)) == (
        expected
    )
    assert source.spent.images == 180


def test_episodes_are_of_the_source(task: Transfer) -> None:
    source = Source(task, FEW, way=3, shot=2, query=1)
    episode = source.episodes(4)[3]
    images, labels = task.tensors("source", "train")
    assert torch.equal(episode.support.images, images[list(episode.indices[:6])])
    assert torch.equal(labels[list(episode.indices[:6])], torch.tensor(episode.classes).repeat_interleave(2))
    assert source.spent.images == 4 * 9
    assert episode.indices == Episodes(SourceProblem(task), "train", 3, 2, 1, seed=0)[3].indices


def test_too_few_classes_matter_to_those_alone_who_ask_for_episodes() -> None:
    source = Source(noisy_transfer(source=3), FEW)
    source.batch(32)
    with pytest.raises(ValueError, match="noisy_transfer/source/train has 3 classes"):
        source.episode()


def test_a_validation_scores_the_validation_images_after_five_of_each_class(task: Transfer) -> None:
    source = Source(task, FEW)
    source.batch(100)
    seen: list[Support] = []

    def adapt(support: Support):  # type: ignore[no-untyped-def]
        seen.append(support)
        return constant(support)

    assert source.validate(adapt) == pytest.approx(1 / 6)
    (support,) = seen
    assert support.validation is None and support.labels is not None
    assert support.labels.tolist() == sorted([*range(6)] * 5)
    train = {image.numpy().tobytes() for image in task.tensors("source", "train")[0]}
    assert all(image.numpy().tobytes() in train for image in support.images)
    source.batch(100)
    source.validate(adapt)
    assert torch.equal(seen[1].images, support.images)
    assert [point.images for point in source.curve] == [100, 200]
    assert source.scores == "scores on the source's 48 validation images"


def test_the_task_in_training_is_scored_on_the_other_training_images(task: Transfer) -> None:
    episode = source_task(task, "train")
    support, query = episode.indices[:30], episode.indices[30:]
    assert sorted((*support, *query)) == list(range(180))
    assert torch.equal(episode.query_images, task.tensors("source", "train")[0][list(query)])
    assert torch.equal(episode.support.images, source_task(task).support.images)
    assert len(source_task(task, per_class=100).support.images) == 180
    with pytest.raises(ValueError, match="none is left"):
        source_task(task, "train", per_class=100)


def test_who_looks_at_a_validation_does_not_move_the_training(task: Transfer) -> None:
    looked: list[tuple[int, float]] = []

    def look(source: Source, adapt) -> None:  # type: ignore[no-untyped-def]
        torch.rand(3)
        source.spent.backward_passes += 5
        support = task.support(2)
        predicted = adapt(support)(task.tensors("downstream", "test")[0])
        looked.append((source.spent.images, float(predicted.argmax(1).double().mean())))

    def train(on_validated) -> tuple[Source, torch.Tensor]:  # type: ignore[no-untyped-def]
        method = get("transfer", width=4)
        source = Source(task, FEW, on_validated=on_validated)
        seed_everything(0)
        method.train(source, FEW)
        return source, method.adapt(task.support(2))(task.tensors("downstream", "test")[0])

    plain, expected = train(None)
    watched, found = train(look)
    assert [images for images, _ in looked] == [point.images for point in plain.curve]
    assert torch.equal(found, expected)
    assert watched.curve == plain.curve
    assert watched.spent == Spent(images=400, validation_backward_passes=20)


@pytest.mark.parametrize("name", ["transfer", "protonet", "untrained"])
def test_methods_of_any_way_train_on_a_source_and_adapt_downstream(name: str, task: Transfer) -> None:
    method = get(name, width=4)
    source = Source(task, FEW)
    seed_everything(0)
    method.train(source, FEW)
    if name != "untrained":
        assert "scores on the source's 48 validation images" in method.selection  # type: ignore[attr-defined]
    assert method.adapt(task.support())(task.tensors("downstream", "test")[0]).shape == (40, 4)
