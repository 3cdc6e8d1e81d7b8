"""Is an answer that of its own task alone? Found out by asking a fresh process the same, at secret places."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable

import torch

from suite.isolation.walled import Walled
from suite.methods import MethodError, Predictor
from tasks import Episode

# As for the transductive probe: rounding moves logits by a millionth of their size.
_TOLERANCE = 1e-3
_SHARE, _FEWEST, _SPLIT = 0.01, 4, 2
_TIMES = 4


class Replay:
    """Keeps the logits of a secret sample of ``count`` episodes, and compares them with a fresh process's.

    Of most, all queries are asked again: whoever saw earlier episodes and uses it answers otherwise. Of some
    that come after the first ``probed``, a random half is asked: whoever looks at the other queries answers
    otherwise, and cannot tell that it is probed. What is drawn decides on failure alone, never on a result.
    """

    def __init__(self, count: int, probed: int) -> None:
        self._random = secrets.SystemRandom()
        whole = min(max(_FEWEST, math.ceil(_SHARE * count)), count - 1)
        self._whole = set(self._random.sample(range(1, count), whole)) if count > 1 else set()
        rest = [i for i in range(probed, count) if i not in self._whole]
        self._halves = set(self._random.sample(rest, min(_SPLIT, len(rest))))
        self._logits: dict[int, torch.Tensor] = {}

    def listen(self, i: int, predictor: Predictor) -> Predictor:
        """``predictor``, which is now about to be scored on episode ``i``."""
        if i not in self._whole and i not in self._halves:
            return predictor

        def heard(images: torch.Tensor) -> torch.Tensor:
            logits = predictor(images)
            self._logits.setdefault(i, logits)  # later ones are the transductive probe's, of other images
            return logits

        return heard

    def compare(
        self, fresh: Walled, episode: Callable[[int], Episode], seed: Callable[[int], int], transductive: bool
    ) -> None:
        """Ask ``fresh``, in random order, what was kept. ``seed`` is what adapting to an episode draws from.

        Raises MethodError where an answer depends on other episodes, or on other queries though the method
        did not seem ``transductive``.
        """
        order = list(self._logits)
        self._random.shuffle(order)
        for i in order:
            if i in self._halves and transductive:
                continue
            task = episode(i)
            chosen = self._chosen(i, len(task.query_labels))
            if _differ(self._logits[i][chosen], _asked(fresh, seed(i), task, chosen)):
                raise MethodError(
                    _reason(i, half=i in self._halves and self._steady(fresh, i, seed(i), task))
                )

    def _steady(self, fresh: Walled, i: int, seed: int, task: Episode) -> bool:
        """Whether all queries of an episode together are answered as before, each time they are asked."""
        every = torch.arange(len(task.query_labels))
        return not any(_differ(self._logits[i], _asked(fresh, seed, task, every)) for _ in range(_TIMES))

    def _chosen(self, i: int, queries: int) -> torch.Tensor:
        if i in self._whole:
            return torch.arange(queries)
        return torch.tensor(sorted(self._random.sample(range(queries), (queries + 1) // 2)))


def _asked(fresh: Walled, seed: int, task: Episode, chosen: torch.Tensor) -> torch.Tensor:
    fresh.seed(seed)
    return fresh.adapt(task.support)(task.query_images[chosen])


def _differ(first: torch.Tensor, again: torch.Tensor) -> bool:
    first, again = first.double(), again.double()
    size = max(float(first.abs().max()), float(again.abs().max()), torch.finfo(torch.float64).tiny)
    return float((first - again).abs().max()) > _TOLERANCE * size


def _reason(i: int, *, half: bool) -> str:
    if half:
        return (
            f"its answers to queries of episode {i} depend on the queries beside them, which the probe of "
            "the first episodes did not show"
        )
    return (
        f"its answer to episode {i} is another one where it saw no episodes before: adapting must depend on "
        "its own support set and the seeded generators alone"
    )
