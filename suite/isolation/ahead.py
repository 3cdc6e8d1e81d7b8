"""Tasks for a walled method, asked many at a time: waking the other side costs more than a task's images."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator

from suite.isolation.walled import Walled
from suite.methods import Predictor
from tasks import Episode, Episodes

Answer = tuple[Episode, Predictor]
"""An episode, and what was adapted to it."""

# Blocks that are on their way: while the method works on one, the answers to the other are scored.
_BLOCKS = 2
# A block grows until it takes so long: waking each other is then next to nothing, and whoever looks at the
# progress sees some.
_BLOCK_SECONDS = 0.1
_MOST = 32


def answers(method: Walled, episodes: Episodes, seed: Callable[[int], int], in_turn: int) -> Iterator[Answer]:
    """Every episode with its predictor, adapted from ``seed(i)``; each is used before the next is taken.

    The first ``in_turn`` predictors answer as often as they are asked; those after them once, the episode's
    queries. How many are asked at a time hangs on the clock; what is answered does not.
    """
    first = episodes[0]
    most = min(_MOST, method.most_ahead(first.support, first.query_images))
    alone = min(in_turn, len(episodes)) if most else len(episodes)
    for i in range(alone):
        method.seed(seed(i))
        episode = episodes[i]
        yield episode, method.adapt(episode.support)

    waiting: deque[list[Answer]] = deque()
    size, at, heard = 1, alone, time.monotonic()
    while at < len(episodes) or waiting:
        while at < len(episodes) and len(waiting) < _BLOCKS:
            numbers = range(at, min(at + size, len(episodes)))
            waiting.append(_asked(method, [episodes[i] for i in numbers], [seed(i) for i in numbers]))
            at = numbers.stop
        yield from waiting.popleft()
        before, heard = heard, time.monotonic()
        if heard - before < _BLOCK_SECONDS / 2:
            size = min(2 * size, most)


def _asked(method: Walled, block: list[Episode], seeds: list[int]) -> list[Answer]:
    predictors = method.ask_ahead(
        seeds, [episode.support for episode in block], [episode.query_images for episode in block]
    )
    return list(zip(block, predictors, strict=True))
