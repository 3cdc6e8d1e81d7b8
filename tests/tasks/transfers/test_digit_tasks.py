"""Digits dealt into source and downstream, by class; and the same digits with other labels."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits  # type: ignore[import-untyped]

from tasks import Split, transfers
from tasks.transfers.digits import all_digits


def bag(*parts: Split) -> list[bytes]:
    return sorted(image.tobytes() for part in parts for image in part.images)


def test_all_digits_are_those_of_scikit_learn_in_their_classes() -> None:
    whole, _ = all_digits(8, None)
    bunch = load_digits()
    shown = np.floor(bunch.images * 255 / 16 + 0.5).astype(np.uint8)
    for digit in range(10):
        own = shown[bunch.target == digit]
        found = whole.images[whole.labels == digit][:, 0]
        assert sorted(image.tobytes() for image in found) == sorted(image.tobytes() for image in own)


def test_source_digits_and_the_others_share_nothing_and_are_all_there() -> None:
    task = transfers.load("digit_classes", source=[7, 1, 9])
    assert task.source.classes == ("1", "7", "9")
    assert task.downstream.classes == ("0", "2", "3", "4", "5", "6", "8")
    assert task.options["source"] == [1, 7, 9]
    whole, _ = all_digits(8, None)
    parts = [part for problem in (task.source, task.downstream) for part in problem.parts().values()]
    assert bag(*parts) == bag(whole)


def test_a_larger_size_is_the_same_deal() -> None:
    small, large = (transfers.load("digit_classes", size=size) for size in (8, 28))
    assert large.image_shape == (1, 28, 28)
    assert np.array_equal(small.source.test.labels, large.source.test.labels)


@pytest.mark.parametrize("source", [[0], [0, 0, 1], [1, 10], "01234", list(range(9)), 3])
def test_source_must_be_some_digits_and_leave_two(source: object) -> None:
    with pytest.raises(ValueError, match=r"source must be 2 to 8 of the digits 0\.\.9"):
        transfers.load("digit_classes", source=source)


def test_digits_by_hand_and_in_print_have_one_label_each_and_one_image_a_drawing() -> None:
    task = transfers.load("digits_to_print")
    assert task.source.classes == task.downstream.classes == tuple(map(str, range(10)))
    assert bag(*task.source.parts().values()) == bag(all_digits(28, None)[0])
    printed = bag(*task.downstream.parts().values())
    assert len(set(printed)) == len(printed) > 850
    for problem, domain in ((task.source, "by hand"), (task.downstream, "print")):
        for part in problem.parts().values():
            assert {task.domain_names[index] for index in part.domains.tolist()} == {domain}


def test_a_printed_digit_is_told_by_what_most_families_draw() -> None:
    task = transfers.load("digits_to_print")
    train, test = task.downstream.train, task.downstream.test
    means = np.stack([train.images[train.labels == digit].mean(0) for digit in range(10)]).reshape(10, -1)
    shown = test.images.reshape(len(test.images), -1)
    nearest = ((shown[:, None] - means) ** 2).sum(2).argmin(1)
    assert (nearest == test.labels).mean() > 0.8


def digits_of(part: Split) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Which digit each picture is, by looking it up."""
    whole, _ = all_digits(8, None)
    known = {image.tobytes(): label for image, label in zip(whole.images, whole.labels, strict=True)}
    return np.array([known[image.tobytes()] for image in part.images])


@pytest.mark.parametrize("labels", ["same", "flipped", "split", "random"])
def test_alignment_shows_the_same_pictures_with_labels_as_named(labels: str) -> None:
    task = transfers.load("alignment", labels=labels, flipped=0.25, seed=4)
    whole, _ = all_digits(8, None)
    assert bag(*task.source.parts().values()) == bag(whole)
    for part, again in zip(task.source.parts().values(), task.downstream.parts().values(), strict=True):
        digits = digits_of(part)
        assert np.array_equal(part.images, again.images)
        assert np.array_equal(part.labels, digits % 2)
        wrong = int((again.labels != digits % 2).sum())
        if labels == "same":
            assert wrong == 0
        elif labels == "flipped":
            assert wrong == round(0.25 * len(digits))
        elif labels == "split":
            assert np.array_equal(again.labels, digits >= 5)
        else:
            assert again.labels.sum() == part.labels.sum()
            # Of n labels half are expected to be wrong, with standard deviation about sqrt(n) / 2.
            assert abs(wrong - len(digits) / 2) < 4 * len(digits) ** 0.5 / 2
    assert len(task.source.train.labels) == 1_000


def test_the_share_of_wrong_labels_is_an_option_only_where_some_are_wrong() -> None:
    assert "flipped" not in transfers.load("alignment", flipped=0.3).options
    assert transfers.load("alignment", labels="flipped", flipped=0.3).options["flipped"] == 0.3
    assert transfers.load("alignment", flipped=0.3).digest == transfers.load("alignment").digest


def test_labels_and_shares_that_there_are_not_are_refused() -> None:
    with pytest.raises(ValueError, match="labels must be one of same, flipped, split, random, not 'other'"):
        transfers.load("alignment", labels="other")
    for flipped in (0, 0.6, True, "0.1"):
        with pytest.raises(ValueError, match=r"flipped must be a share above 0 and at most 0\.5, not"):
            transfers.load("alignment", labels="flipped", flipped=flipped)
