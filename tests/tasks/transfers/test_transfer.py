"""A transfer task is two problems on images of one shape; few labels are a pure function of its digest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tasks import Card, Split
from tasks.transfers import Problem, Transfer

CARD = Card("Made", "made by a test", "CC0-1.0", "nobody", "by class")


def split(seed: int = 0, classes: tuple[str, ...] = ("a", "b", "c"), each: int = 8, side: int = 4) -> Split:
    count = each * len(classes)
    return Split(
        np.random.default_rng(seed).integers(0, 256, (count, 1, side, side), dtype=np.uint8),
        np.arange(count, dtype=np.int64) % len(classes),
        np.zeros(count, dtype=np.int64),
        classes,
    )


def made(**changed: Any) -> Transfer:
    given: dict[str, Any] = {
        "name": "made",
        "source": Problem(split(0), split(1), split(2)),
        "downstream": Problem(split(3, ("x", "y")), split(4, ("x", "y")), split(5, ("x", "y"))),
        "domain_names": ("one",),
        "card": CARD,
    }
    return Transfer(**{**given, **changed})


def test_parts_are_reached_by_name() -> None:
    task = made()
    images, labels = task.tensors("downstream", "test")
    assert torch.equal(images, torch.from_numpy(task.downstream.test.images.copy()))
    assert labels.tolist() == task.downstream.test.labels.tolist()
    assert (task.source.classes, task.downstream.classes) == (("a", "b", "c"), ("x", "y"))
    assert task.image_shape == (1, 4, 4)
    with pytest.raises(ValueError, match=r"made has source and downstream, .* not target/test"):
        task.tensors("target", "test")
    with pytest.raises(ValueError, match=r"each with train, validation, test, not source/tests"):
        task.tensors("source", "tests")  # type: ignore[arg-type]


def test_few_labels_are_the_same_everywhere_and_more_are_those_and_others() -> None:
    task = made()
    few = {k: task.labelled(k, seed=3) for k in (1, 2, 5, 8)}
    for k, part in few.items():
        assert part.labels.tolist() == [0] * k + [1] * k
        assert np.array_equal(part.images, made().labelled(k, seed=3).images)
        own = {image.tobytes() for image in part.images}
        assert len(own) == 2 * k
        for more, other in few.items():
            if more > k:
                assert own < {image.tobytes() for image in other.images}
    assert {image.tobytes() for image in few[8].images} == {
        image.tobytes() for image in task.downstream.train.images
    }


def test_another_seed_or_other_data_give_other_few_labels() -> None:
    task = made()
    drawn = [task.labelled(3, seed).images.tobytes() for seed in range(5)]
    assert len(set(drawn)) > 1
    other = made(downstream=replace(task.downstream, test=split(9, ("x", "y"))))
    assert any(
        not np.array_equal(task.labelled(3, seed).images, other.labelled(3, seed).images) for seed in range(5)
    )


def test_a_method_adapts_on_all_labels_or_on_few() -> None:
    task = made()
    whole, few = task.support(), task.support(per_class=2, seed=1)
    assert len(whole.images) == 16
    assert whole.way == few.way == 2
    assert few.labels is not None
    assert few.labels.tolist() == [0, 0, 1, 1]


def test_the_digest_tells_any_change_and_nothing_but_the_data() -> None:
    task = made()
    assert task.digest == made().digest == made(name="other", options={"seed": 1}).digest
    renamed = Problem(
        *(Split(p.images, p.labels, p.domains, ("x", "z")) for p in task.downstream.parts().values())
    )
    changed = [
        made(domain_names=("two",)),
        made(downstream=renamed),
        made(source=task.downstream, downstream=task.source),
        made(source=replace(task.source, train=task.source.test, test=task.source.train)),
        made(downstream=replace(task.downstream, train=split(11, ("x", "y")))),
    ]
    assert len({task.digest, *(other.digest for other in changed)}) == 6


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="train and test must have the same classes in the same order"):
        Problem(split(0), split(1), split(2, ("b", "a", "c")))
    with pytest.raises(
        ValueError, match=r"train and validation must have one shape, not \[1, 4, 4\] and \[1"
    ):
        Problem(split(0), split(1, side=5), split(2))
    with pytest.raises(ValueError, match="validation has no image"):
        Problem(split(0), split(1).rows(np.arange(0)), split(2))
    with pytest.raises(ValueError, match="class 'c' has no image to train on"):
        Problem(split(0).rows(np.array([0, 1])), split(1), split(2))
    with pytest.raises(ValueError, match="made: images of source and downstream must have one shape"):
        made(source=Problem(split(0, side=5), split(1, side=5), split(2, side=5)))
    with pytest.raises(ValueError, match="made: domain 0 has no name"):
        made(domain_names=())
    with pytest.raises(ValueError, match="made: class 'x' has 8 training images, fewer than 9"):
        made().labelled(9)
    with pytest.raises(ValueError, match="per_class must be at least 1 and seed at least 0, not 0 and 0"):
        made().labelled(0)
