"""The scorer counts, and says what is wrong with a prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from suite.methods import MethodError, Outcome, score
from tasks import Benchmark, Episode, Episodes


@pytest.fixture
def episode(benchmark: Benchmark) -> Episode:
    return Episodes(benchmark, "test", way=5, shot=1, query=3, seed=0)[0]


def test_the_largest_logit_is_the_prediction(episode: Episode) -> None:
    logits = torch.eye(5)[episode.query_labels]
    logits[:4] = logits[:4].roll(1, dims=1)
    assert score(lambda images: logits, episode) == Outcome(correct=11, queries=15)
    assert score(lambda images: logits, episode).accuracy == pytest.approx(11 / 15)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, torch.int64])
def test_any_real_type_will_do(episode: Episode, dtype: torch.dtype) -> None:
    assert score(lambda images: torch.eye(5)[episode.query_labels].to(dtype), episode).correct == 15


def test_logits_with_a_graph_are_taken(episode: Episode) -> None:
    assert score(lambda images: torch.zeros(15, 5, requires_grad=True), episode).correct == 3


def with_one(value: float) -> torch.Tensor:
    logits = torch.zeros(15, 5)
    logits[3, 2] = value
    return logits


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (torch.zeros(15, 4), r"returned logits of shape \[15, 4\]; expected \[15, 5\]"),
        (torch.zeros(14, 5), r"returned logits of shape \[14, 5\]; expected \[15, 5\]"),
        (torch.zeros(15), r"returned logits of shape \[15\]; expected \[15, 5\]"),
        (np.zeros((15, 5)), r"returned a ndarray; expected a torch.Tensor of logits"),
        (None, r"returned a NoneType; expected a torch.Tensor of logits"),
        (with_one(float("nan")), "returned 1 of 75 logits that are NaN or infinite"),
        (with_one(float("inf")), "returned 1 of 75 logits that are NaN or infinite"),
        (
            torch.zeros(15, 5, dtype=torch.complex64),
            "returned logits of type torch.complex64; expected a real",
        ),
        (torch.zeros(15, 5, dtype=torch.bool), "returned logits of type torch.bool; expected a real"),
    ],
    ids=str,
)
def test_what_is_no_prediction_is_said_in_one_sentence(episode: Episode, returned: Any, message: str) -> None:
    with pytest.raises(MethodError, match=message):
        score(lambda images: returned, episode)
