"""An evaluation on the transfer track: one adaptation to a downstream problem, scored image by image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

import tasks
from leaderboard.records import Protocol
from suite.engine.cells import Cell
from suite.engine.work import Desk, Work, load_transfer
from suite.isolation.replay import Replay
from suite.isolation.walled import Walled
from suite.methods import Predictor, seed_everything, transductive_probe
from suite.methods.scoring import checked_logits
from tasks import Episode, Support, Transfer

# Each is asked alone and among others; so many tell as well as all of them.
_PROBED = 16


def protocol(task: Transfer, labels: int) -> Protocol:
    """How an adaptation to ``labels`` a class of ``task`` (0: all that there are) is scored: an outcome an
    image.
    """
    return Protocol(
        track="transfer",
        way=len(task.downstream.classes),
        shot=labels,
        query=1,
        episodes=len(task.downstream.test.labels),
    )


def problem(task: Transfer, labels: int, seed: int) -> Episode:
    """What a method adapts to and is scored on: every downstream test image is a query.

    ``seed`` draws the labelled images; the validation images are all there, to choose by. Raises ValueError
    where a class has too few images.
    """
    support = task.support(labels or None, seed)
    validation = Support(*task.tensors("downstream", "validation"))
    images, answers = task.tensors("downstream", "test")
    return Episode(
        support=Support(support.images, support.labels, validation),
        query_images=images,
        query_labels=answers,
        indices=tuple(range(len(answers))),
        classes=tuple(range(len(task.downstream.classes))),
    )


def evaluate(cell: Cell, desk: Desk, checkpoint: Path, seed: int) -> Work:
    """Adapt once, from ``seed``, and score every downstream test image.

    A walled method's answers are also compared with those of a fresh process, to a secret half of the
    queries.
    """
    assert cell.benchmark is not None and cell.protocol is not None
    task = load_transfer(cell.benchmark)
    whole = problem(task, cell.protocol.shot, cell.seed or 0)
    with desk.open() as method:
        method.load(checkpoint)
        if isinstance(method, Walled):
            replay = Replay(1, probed=0)
            method.seed(seed)
            predictor = method.adapt(whole.support)
            correct = _correct(replay.listen(0, predictor), whole)
        else:
            seed_everything(seed)
            predictor = method.adapt(whole.support)
            correct = _correct(predictor, whole)
        probe = transductive_probe(predictor, _some(whole.query_images))
        if isinstance(method, Walled):
            with desk.open() as fresh:
                assert isinstance(fresh, Walled)
                fresh.load(checkpoint)
                replay.compare(fresh, lambda _: whole, lambda _: seed, probe.transductive)
    desk.progress(1.0, len(correct))
    accuracy = float(correct.mean())
    results = {
        "mean_accuracy": accuracy,
        "way": cell.protocol.way,
        "transductive": probe.transductive,
        "largest_change": probe.largest_change,
        "labels_per_class": cell.protocol.shot,
        # What a method tells of its adapting, where it does.
        "chosen": dict(getattr(predictor, "chosen", {})),
        "tuned_parameters": getattr(predictor, "tuned_parameters", None),
        "licence": task.card.licence,
        "attribution": task.card.attribution,
    }
    return Work(results, tables={"outcomes": _table(correct)}, figure=accuracy)


def _correct(predictor: Predictor, whole: tasks.Episode) -> NDArray[np.int32]:
    """1 for each query that is classified correctly, else 0: int32 [queries]."""
    logits = checked_logits(predictor(whole.query_images), len(whole.query_labels), len(whole.classes))
    found: NDArray[np.int32] = (logits.argmax(1).cpu() == whole.query_labels).numpy().astype(np.int32)
    return found


def _some(images: torch.Tensor) -> torch.Tensor:
    """Up to ``_PROBED`` of the images, evenly spaced, hence of many classes."""
    count = min(_PROBED, len(images))
    return images[torch.arange(count) * len(images) // count]


def _table(correct: NDArray[np.int32]) -> pa.Table:
    numbers = np.arange(len(correct), dtype=np.int32)
    return pa.table({"episode": numbers, "correct": correct, "queries": np.ones_like(correct)})
