"""Transfer tasks are found by name, one's own among them; every built-in one is the reference data."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

from tasks import Card, Split, transfers
from tasks.transfers import Problem, Transfer, UnknownTransfer
from tasks.transfers.registry import forget

BUILT_IN = [
    "alignment",
    "class_attributes",
    "digit_classes",
    "digits_to_print",
    "emoji_groups",
    "emoji_vendors",
    "glyph_scripts",
]


@pytest.fixture
def registered() -> Iterator[str]:
    @transfers.transfer("mine")
    def load(seed: int = 0) -> Transfer:
        """Mine."""
        part = Split(
            np.full((4, 1, 2, 2), seed, dtype=np.uint8),
            np.arange(4, dtype=np.int64) % 2,
            np.zeros(4, dtype=np.int64),
            ("a", "b"),
        )
        problem = Problem(part, part, part)
        card = Card("Mine", "mine", "CC0-1.0", "me", "none")
        return Transfer("mine", problem, problem, ("one",), card, {"seed": seed})

    yield "mine"
    forget("mine")


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_task_is_the_reference_data(name: str) -> None:
    task = transfers.load(name)
    verification = transfers.compare(task)
    assert verification.matches, str(verification)
    assert task.name == name
    assert set(task.options) <= set(transfers.describe(name).options)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_task_has_what_the_engine_needs(name: str) -> None:
    task = transfers.load(name)
    for problem in (task.source, task.downstream):
        for part in problem.parts().values():
            assert set(part.labels.tolist()) == set(range(len(problem.classes)))
            assert part.images.reshape(len(part.images), -1).std(1).min() > 0
    assert len(task.labelled(5).labels) == 5 * len(task.downstream.classes)
    for text in (task.card.title, task.card.description, task.card.licence, task.card.split_rule):
        assert text
    assert transfers.describe(name).doc


def test_options_given_back_load_the_same() -> None:
    for name in BUILT_IN:
        task = transfers.load(name, seed=1)
        again = transfers.load(name, **task.options)
        assert again.digest == task.digest != transfers.load(name).digest
        assert again.options == task.options


@pytest.mark.parametrize("labels", ["flipped", "split", "random"])
def test_the_labels_of_alignment_are_the_reference_data(labels: str) -> None:
    verification = transfers.compare(transfers.load("alignment", labels=labels))
    assert verification.matches, str(verification)


def test_ones_own_task_is_listed_loaded_and_verified(registered: str) -> None:
    assert transfers.names() == sorted([*BUILT_IN, registered])
    assert transfers.load(registered, seed=3).options == {"seed": 3}
    assert transfers.verify(registered).matches is None
    info = transfers.describe(registered)
    assert (info.doc, dict(info.options)) == ("Mine.", {"seed": 0})


def test_data_that_are_not_the_reference_ones_are_told(
    registered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.transfers.registry.expected", lambda name, options: "0" * 64)
    with pytest.warns(UserWarning, match="mine seed=0 has digest .*, the reference 000000000000"):
        transfers.load(registered)
    assert transfers.verify(registered).matches is False


def test_where_data_lie_is_no_option_of_a_task() -> None:
    assert set(transfers.describe("digit_classes").options) == {"source", "size", "seed"}


def test_what_there_is_not_is_answered_with_the_nearest(registered: str) -> None:
    with pytest.raises(
        UnknownTransfer, match="no transfer task is called 'glyph_script'; nearest: glyph_scripts"
    ):
        transfers.load("glyph_script")
    with pytest.raises(UnknownTransfer, match=re.escape(", ".join([*BUILT_IN, "mine"]))):
        transfers.load("zzz")
    with pytest.raises(TypeError, match="mine has no option 'sead'; nearest: seed"):
        transfers.load(registered, sead=1)
    with pytest.raises(ValueError, match="a transfer task named 'mine' is registered already"):
        transfers.transfer(registered)(lambda: None)  # type: ignore[arg-type, return-value]
