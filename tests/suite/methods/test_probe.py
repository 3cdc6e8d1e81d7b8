"""Transduction is found by asking."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from suite.methods import Method, get, transductive_probe
from tasks import Benchmark, Episodes
from tests.suite.methods.conftest import Train

WEIGHT = torch.randn(256, 5, generator=torch.Generator().manual_seed(0))


def linear(images: Tensor) -> Tensor:
    return images.flatten(1).float() @ WEIGHT


def batch_centred(images: Tensor) -> Tensor:
    return linear(images) - linear(images).mean(0)


def by_position(images: Tensor) -> Tensor:
    return linear(images) * torch.arange(1, len(images) + 1)[:, None]


def rounded(images: Tensor) -> Tensor:
    """Differs in the last bits with the size of the batch, as convolution kernels do."""
    return linear(images) * (1 + 1e-6 * len(images))


@pytest.fixture
def queries(benchmark: Benchmark) -> Tensor:
    return Episodes(benchmark, "test", way=5, shot=1, query=3, seed=0)[0].query_images


def test_a_function_of_each_image_is_not_transductive(queries: Tensor) -> None:
    probe = transductive_probe(linear, queries)
    assert not probe.transductive
    assert probe.largest_change < 1e-5


def test_rounding_is_not_transduction(queries: Tensor) -> None:
    probe = transductive_probe(rounded, queries)
    assert not probe.transductive
    assert 0 < probe.largest_change < 1e-4


@pytest.mark.parametrize("predictor", [batch_centred, by_position])
def test_dependence_on_other_queries_or_their_order_is_found(predictor, queries: Tensor) -> None:  # type: ignore[no-untyped-def]
    probe = transductive_probe(predictor, queries)
    assert probe.transductive
    assert probe.largest_change > 0.01


def test_equal_logits_for_everything_are_not_transductive(queries: Tensor) -> None:
    assert not transductive_probe(lambda images: torch.zeros(len(images), 5), queries).transductive


def test_a_predictor_that_writes_into_its_input_harms_nothing(queries: Tensor) -> None:
    before = queries.clone()
    transductive_probe(lambda images: linear(images.zero_()), queries)
    assert torch.equal(queries, before)


def test_one_query_says_nothing(queries: Tensor) -> None:
    with pytest.raises(ValueError, match="at least 2 queries, not 1"):
        transductive_probe(linear, queries[:1])


@pytest.mark.parametrize("mode", ["episode", "running"])
@pytest.mark.parametrize("name", ["maml", "anil", "protonet", "transfer"])
def test_batch_norm_is_as_the_argument_says(name: str, mode: str, train: Train, benchmark: Benchmark) -> None:
    from suite.methods import Budget

    method: Method = train(name, budget=Budget(200, 1, 2), batch_norm=mode)[0]
    assert get(name, batch_norm=mode).arguments["batch_norm"] == mode
    episode = Episodes(benchmark, "test", way=5, shot=1, query=3, seed=0)[0]
    probe = transductive_probe(method.adapt(episode.support), episode.query_images)
    assert probe.transductive == (mode == "episode")
