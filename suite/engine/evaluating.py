"""An evaluate cell: one checkpoint under one protocol, scored on the episodes that every method gets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import tasks
from suite.engine import downstream
from suite.engine.cells import TRANSFER, Cell
from suite.engine.tracking import thinned
from suite.engine.training import CHECKPOINT
from suite.engine.work import Desk, ParentMissing, Work, load_benchmark
from suite.isolation import ahead
from suite.isolation.ahead import Answer
from suite.isolation.replay import Replay
from suite.isolation.walled import Walled
from suite.methods import Method, score, seed_everything, transductive_probe

# Batch statistics of one episode can happen to agree with those of a part of it; of three, they do not.
_PROBED = 3


def evaluate(cell: Cell, desk: Desk) -> Work:
    """Adapt to each test episode and score it; the first few also tell whether queries see each other.

    A walled method's answers are also compared with those of a fresh process, on a secret sample. On the
    transfer track there is one task, of which ``suite.engine.downstream`` tells.
    """
    assert cell.method is not None and cell.benchmark is not None and cell.protocol is not None
    protocol = cell.protocol
    if desk.store.get(cell.parents[0]) is None:
        raise ParentMissing(f"the training that {cell.title} builds on is not in the store")
    checkpoint = desk.store.folder(cell.parents[0]) / CHECKPOINT
    if protocol.track == TRANSFER:
        return downstream.evaluate(cell, desk, checkpoint, adaptation_seed(cell.seed or 0, protocol.seed, 0))
    benchmark = load_benchmark(cell.benchmark)
    episodes = tasks.Episodes(
        benchmark, "test", protocol.way, protocol.shot, protocol.query, protocol.seed, protocol.episodes
    )
    seed = partial(adaptation_seed, cell.seed or 0, protocol.seed)
    with desk.open() as method:
        method.load(checkpoint)
        if isinstance(method, Walled):
            replay = Replay(protocol.episodes, _PROBED)
            found = _scored(_walled_answers(method, episodes, seed, replay), len(episodes), desk)
            with desk.open() as fresh:
                assert isinstance(fresh, Walled)
                fresh.load(checkpoint)
                replay.compare(fresh, episodes.__getitem__, seed, found.transductive)
        else:
            found = _scored(_answers(method, episodes, seed), len(episodes), desk)
    results = {
        "mean_accuracy": found.mean,
        "transductive": found.transductive,
        "largest_change": max(found.changes, default=None),
        "way": protocol.way,
        "licence": benchmark.card.licence,
        "attribution": benchmark.card.attribution,
    }
    return Work(results, tables={"outcomes": found.table()}, figure=found.mean)


@dataclass
class _Found:
    """``correct`` of ``queries`` in each episode, int32 [episodes], and what the probe said."""

    correct: NDArray[np.int32]
    queries: NDArray[np.int32]
    transductive: bool = False
    changes: list[float] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Accuracy over all queries so far."""
        return float(self.correct.sum() / self.queries.sum())

    def table(self) -> pa.Table:
        """Outcomes by episode."""
        numbers = np.arange(len(self.correct), dtype=np.int32)
        return pa.table({"episode": numbers, "correct": self.correct, "queries": self.queries})


def _scored(answers: Iterable[Answer], count: int, desk: Desk) -> _Found:
    found = _Found(np.zeros(count, dtype=np.int32), np.zeros(count, dtype=np.int32))
    for i, (episode, predictor) in enumerate(answers):
        outcome = score(predictor, episode)
        found.correct[i], found.queries[i] = outcome.correct, outcome.queries
        if i < _PROBED and outcome.queries > 1:
            probe = transductive_probe(predictor, episode.query_images)
            found.changes.append(probe.largest_change)
            found.transductive |= probe.transductive
        desk.progress((i + 1) / count, int(found.queries[: i + 1].sum()))
        if (i + 1) % thinned(count) == 0:
            desk.log({"episode": i + 1, "eval/mean_accuracy": found.mean})
    return found


def _answers(method: Method, episodes: tasks.Episodes, seed: Callable[[int], int]) -> Iterator[Answer]:
    for i, episode in enumerate(episodes):
        seed_everything(seed(i))
        yield episode, method.adapt(episode.support)


def _walled_answers(
    method: Walled, episodes: tasks.Episodes, seed: Callable[[int], int], replay: Replay
) -> Iterator[Answer]:
    """As ``_answers``; ``replay`` listens. Those that are probed are asked more than once."""
    for i, (episode, predictor) in enumerate(ahead.answers(method, episodes, seed, in_turn=_PROBED)):
        yield episode, replay.listen(i, predictor)


def adaptation_seed(train_seed: int, protocol_seed: int, episode: int) -> int:
    """What adapting to an episode draws from: of no other episode, and equal for every method."""
    text = f"adapt {train_seed} {protocol_seed} {episode}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "little")
