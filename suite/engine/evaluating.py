"""An evaluate cell: one checkpoint under one protocol, scored on the episodes that every method gets."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

import suite.methods
import tasks
from suite.engine.cells import Cell
from suite.engine.tracking import thinned
from suite.engine.training import CHECKPOINT
from suite.engine.work import Desk, ParentMissing, Work, load_benchmark
from suite.methods import score, seed_everything, transductive_probe

# Batch statistics of one episode can happen to agree with those of a part of it; of three, they do not.
_PROBED = 3


def evaluate(cell: Cell, desk: Desk) -> Work:
    """Adapt to each test episode and score it; the first few also tell whether queries see each other."""
    assert cell.method is not None and cell.benchmark is not None and cell.protocol is not None
    protocol = cell.protocol
    benchmark = load_benchmark(cell.benchmark)
    if desk.store.get(cell.parents[0]) is None:
        raise ParentMissing(f"the training that {cell.title} builds on is not in the store")
    method = suite.methods.get(cell.method.name, **cell.method.arguments)
    method.load(desk.store.folder(cell.parents[0]) / CHECKPOINT)
    episodes = tasks.Episodes(
        benchmark, "test", protocol.way, protocol.shot, protocol.query, protocol.seed, protocol.episodes
    )
    correct = np.zeros(protocol.episodes, dtype=np.int32)
    queries = np.zeros(protocol.episodes, dtype=np.int32)
    changes: list[float] = []
    transductive, seen = False, 0
    for i, episode in enumerate(episodes):
        seed_everything(_seed(cell.seed or 0, protocol.seed, i))
        predictor = method.adapt(episode.support)
        outcome = score(predictor, episode)
        correct[i], queries[i] = outcome.correct, outcome.queries
        if i < _PROBED and outcome.queries > 1:
            probe = transductive_probe(predictor, episode.query_images)
            changes.append(probe.largest_change)
            transductive |= probe.transductive
        seen += outcome.queries
        desk.progress((i + 1) / protocol.episodes, seen)
        if (i + 1) % thinned(protocol.episodes) == 0:
            desk.log({"episode": i + 1, "eval/mean_accuracy": float(correct.sum() / seen)})
    mean = float(correct.sum() / seen)
    results = {
        "mean_accuracy": mean,
        "transductive": transductive,
        "largest_change": max(changes, default=None),
        "way": protocol.way,
        "licence": benchmark.card.licence,
        "attribution": benchmark.card.attribution,
    }
    table = pa.table(
        {"episode": np.arange(protocol.episodes, dtype=np.int32), "correct": correct, "queries": queries}
    )
    return Work(results, tables={"outcomes": table}, figure=mean)


def _seed(train_seed: int, protocol_seed: int, episode: int) -> int:
    """What adapting to an episode draws from: of no other episode, and equal for every method."""
    text = f"adapt {train_seed} {protocol_seed} {episode}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "little")
