"""Shares of a crew, and what can be told of them without another process."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from suite.methods import RecipeMethod
from suite.parallel import Crew, FolderDiary, SharedMethod, SharedSource, Unshareable, shared_statistics
from tests.support.pictures import noisy_patterns
from tests.support.shared import BUDGET, Unsaid


@given(size=st.integers(1, 9), count=st.integers(1, 40))
def test_shares_are_even_and_come_to_the_whole(size: int, count: int) -> None:
    items = list(range(count))
    crews = [Crew(rank, size) for rank in range(size)]
    parts = [items[crew.hand_out(count)] for crew in crews]
    counted = [part for part, crew in zip(parts, crews, strict=True) if crew.weight]
    assert list(chain.from_iterable(counted)) == items
    assert all(len(part) == 1 for part, crew in zip(parts, crews, strict=True) if not crew.weight)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert sum(crew.weight for crew in crews) == pytest.approx(1)
    for part, crew in zip(parts, crews, strict=True):
        assert crew.weight in (0, pytest.approx(len(part) / count))


def test_what_all_are_handed_weighs_the_same_for_each() -> None:
    crew = Crew(1, 4)
    crew.hand_out_whole()
    assert crew.weight == 0.25


def test_one_alone_averages_nothing_away_and_hears_its_own_wish() -> None:
    crew, gradients = Crew(), [torch.randn(3, 2), torch.randn(4, dtype=torch.float64)]
    crew.hand_out(5)
    crew.wish = True
    before = [gradient.clone() for gradient in gradients]
    crew.average(gradients)
    assert crew.agreed and all(map(torch.equal, gradients, before))
    assert crew.interleaved([0.5, 0.25], 2) == [0.5, 0.25]


def test_a_rank_outside_of_the_crew_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a rank must be in 0\.\.1, not 2"):
        Crew(2, 2)


def test_a_method_that_does_not_say_that_it_can_be_shared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unshareable, match=r"unsaid does not say that .*gpus_per_cell: 1"):
        SharedMethod(RecipeMethod(Unsaid(), "unsaid", "1"), Crew(), FolderDiary(tmp_path))


def test_batch_statistics_of_torchs_own_layers_are_refused() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    with (
        pytest.raises(Unshareable, match="1 is a BatchNorm2d of torch's"),
        shared_statistics(network, Crew(0, 2)),
    ):
        pass


def test_a_source_goes_on_where_another_was() -> None:
    first, second = (SharedSource(noisy_patterns(), BUDGET, seed=3) for _ in range(2))
    for _ in range(3):
        first.batch(7), first.episodes(1)
    state = first.state()
    expected = first.batch(11), first.episode()
    second.batch(5)
    second.restore(state)
    assert second.spent.images == state["images"] == 81
    images, labels = second.batch(11)
    assert torch.equal(images, expected[0][0]) and torch.equal(labels, expected[0][1])
    assert torch.equal(second.episode().query_images, expected[1].query_images)
