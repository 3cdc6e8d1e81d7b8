"""Backward passes are counted whatever they are called by."""

from __future__ import annotations

import threading

import pytest
import torch
from torch.autograd import Variable

from suite.methods import Spent, count_backward_passes


def loss() -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.ones(2, requires_grad=True)
    return x, (x**3).sum()


def test_every_entry_point_is_counted() -> None:
    spent = Spent()
    with count_backward_passes(spent):
        loss()[1].backward()
        x, y = loss()
        (gradient,) = torch.autograd.grad(y, x, create_graph=True)
        torch.autograd.backward(gradient.sum())
        torch.func.grad(lambda x: (x**2).sum())(torch.ones(2))
    assert spent.backward_passes == 4


def test_gradients_are_what_they_were() -> None:
    x, y = loss()
    with count_backward_passes(Spent()):
        y.backward()
    assert torch.equal(x.grad, torch.full((2,), 3.0))  # type: ignore[arg-type]


def test_blocks_nest_and_add_up() -> None:
    outer, inner = Spent(), Spent(backward_passes=10)
    with count_backward_passes(outer):
        loss()[1].backward()
        with count_backward_passes(inner):
            loss()[1].backward()
    assert (outer.backward_passes, inner.backward_passes) == (2, 11)


def test_counting_ends_with_the_block_even_in_an_error() -> None:
    engine, spent = Variable._execution_engine, Spent()
    with pytest.raises(KeyError), count_backward_passes(spent):
        raise KeyError
    loss()[1].backward()
    assert spent.backward_passes == 0
    assert Variable._execution_engine is engine


def test_other_threads_are_counted() -> None:
    spent = Spent()

    def work() -> None:
        for _ in range(50):
            loss()[1].backward()

    with count_backward_passes(spent):
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert spent.backward_passes == 200
