"""Two processes over gloo learn what one process learns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from suite.parallel import Crew
from tests.support.members import together
from tests.support.shared import GRADIENTS, METHODS, RESUMED, learned, member, outer_gradient


@pytest.fixture(scope="module", autouse=True)
def as_members() -> Iterator[None]:
    """This process computes as members do: with one thread, in a fixed order."""
    threads, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    yield
    torch.set_deterministic_debug_mode(mode)
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("members")
    return together(member, 2, folder, folder)


@pytest.mark.parametrize("case", range(len(GRADIENTS)), ids=str)
def test_a_meta_batch_of_two_processes_has_the_gradient_of_one(
    members: list[dict[str, Any]], case: int
) -> None:
    expected = outer_gradient(Crew(), *GRADIENTS[case])
    bound = 1e-5 if GRADIENTS[case][1] is torch.float32 else 1e-13
    for found in members:
        shared = found["gradients"][case]
        assert np.linalg.norm(shared - expected) <= bound * np.linalg.norm(expected)
    assert np.array_equal(members[0]["gradients"][case], members[1]["gradients"][case])


@pytest.mark.parametrize("name", METHODS)
def test_two_processes_learn_what_one_learns(members: list[dict[str, Any]], name: str) -> None:
    alone = learned(name, METHODS[name])
    for found in members:
        shared = found["learned"][name]
        assert shared.told == alone.told
        assert shared.weights.keys() == alone.weights.keys()
        for key, expected in alone.weights.items():
            np.testing.assert_allclose(shared.weights[key], expected, rtol=1e-6, atol=1e-8, err_msg=key)


@pytest.mark.parametrize("name", RESUMED)
def test_a_resumed_training_comes_to_what_an_undisturbed_one_does(
    members: list[dict[str, Any]], name: str
) -> None:
    for found in members:
        undisturbed, after = found["undisturbed"][name], found["resumed"][name]
        assert after.told == undisturbed.told
        for key, expected in undisturbed.weights.items():
            assert np.array_equal(after.weights[key], expected), key


def test_members_that_differ_are_told(members: list[dict[str, Any]]) -> None:
    for found in members:
        assert "the same rank, and process 1 of 2 has another than the first: [1.0]" in found["different"]
