"""What is compared with a fresh process: the answers that were scored."""

from __future__ import annotations

import pytest
import torch

from suite.isolation.replay import Replay
from suite.methods import MethodError, Predictor
from tasks import Episode, Support

COUNT = 6


class Fresh:
    """Answers as ``answer`` does, from a support set's first pixel and the queries."""

    def __init__(self, answer: Predictor) -> None:
        self._answer = answer

    def seed(self, seed: int) -> None:
        return None

    def adapt(self, support: Support) -> Predictor:
        return self._answer


def alone(images: torch.Tensor) -> torch.Tensor:
    return images.flatten(1)[:, :2].double()


def beside(images: torch.Tensor) -> torch.Tensor:
    return alone(images) + images.double().mean()


def replayed(told: Predictor, fresh: Predictor, *, transductive: bool = False) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 255, (COUNT, 4, 1, 2, 2), dtype=torch.uint8, generator=generator)

    def episode(i: int) -> Episode:
        labels = torch.tensor([0, 0, 1, 1])
        return Episode(Support(images[i, :2], torch.tensor([0, 1])), images[i], labels, (), ())  # type: ignore[arg-type]

    replay = Replay(COUNT, probed=3)
    for i in range(COUNT):
        predictor = replay.listen(i, told)
        predictor(images[i])
        if i < 3:  # as the transductive probe asks: some of them, and in another order
            predictor(images[i].flip(0))
            predictor(images[i][:1])
    replay.compare(Fresh(fresh), episode, lambda i: i, transductive)  # type: ignore[arg-type]


def test_what_was_probed_later_is_not_what_is_compared() -> None:
    for _ in range(10):  # the sample is drawn anew
        replayed(alone, alone)


def test_an_answer_that_a_fresh_process_does_not_give_rests_on_other_episodes() -> None:
    with pytest.raises(MethodError, match="saw no episodes before"):
        replayed(alone, lambda images: alone(images) + 1)


def test_a_look_at_the_other_queries_is_called_so() -> None:
    with pytest.raises(MethodError, match="queries beside them"):
        for _ in range(50):  # until a half is drawn
            replayed(beside, beside)


def test_a_method_that_is_known_to_be_transductive_may_look_at_them() -> None:
    for _ in range(10):
        replayed(beside, beside, transductive=True)
