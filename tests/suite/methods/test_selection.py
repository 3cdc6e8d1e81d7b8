"""The checkpoint that meta-validation scored best is kept."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from suite.methods import Budget, Source
from suite.methods.selection import select_best
from tasks import Benchmark, Support


def run(benchmark: Benchmark, right: list[int]) -> tuple[nn.Linear, Source, str]:
    """A network whose weight counts steps, scored as if it got ``right[step - 1]`` of 5 classes right."""
    source = Source(benchmark, Budget(images=100 * len(right), validations=len(right), validation_episodes=2))
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)

    def step() -> None:
        source.batch(100)
        network.train()
        with torch.no_grad():
            network.weight.add_(1)

    def adapt(support: Support):  # type: ignore[no-untyped-def]
        assert not network.training
        labels = torch.arange(5).repeat_interleave(3)
        known = labels < right[int(network.weight.detach()) - 1]
        logits = torch.where(known, 1.0, -1.0)[:, None] * torch.eye(5)[labels]
        return lambda images: logits

    return network, source, select_best(source, network, step, adapt)


@pytest.mark.parametrize(("right", "kept"), [([1, 4, 2], 2), ([4, 2, 1], 1), ([1, 2, 4], 3), ([3, 3, 1], 2)])
def test_the_best_is_kept_and_of_equals_the_later(benchmark: Benchmark, right: list[int], kept: int) -> None:
    network, source, selection = run(benchmark, right)
    assert float(network.weight.detach()) == kept
    assert not network.training
    assert [point.accuracy for point in source.curve] == pytest.approx([r / 5 for r in right])
    assert selection == (
        f"best of 3 meta-validation scores (2 episodes each): {max(right) / 5:.4f} after {100 * kept} images"
    )


def test_without_training_nothing_is_selected(benchmark: Benchmark) -> None:
    source = Source(benchmark, Budget(images=100))
    network = nn.Linear(1, 1)
    assert select_best(source, network, None, lambda support: network) == "none: nothing is trained"
    assert not network.training and source.spent.images == 0
