"""A train cell: one method, one benchmark, one seed, one budget; its checkpoint and what it cost."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from leaderboard.store import StoreError
from suite.engine.cells import TRANSFER, Cell
from suite.engine.validated import watch
from suite.engine.work import Desk, Work, load_benchmark, load_transfer
from suite.methods import Method, Source, count_backward_passes, score
from suite.methods.source import Budget, CurvePoint
from tasks import Episode, Episodes, Transfer
from tasks.transfers import source_task

CHECKPOINT = "checkpoint"
# Of the episodes that tell the accuracy in training: no training sees these, whatever its seed.
_TRAIN_SEED = 2**63 - 1
# The file of a submitted method, kept beside what it learned so that others can audit it.
SOURCE = "method.py"


def train(cell: Cell, desk: Desk) -> Work:
    """Train, and hand back the checkpoint with the meta-validation curve and what the budget was spent on.

    ``train_accuracy`` is what the checkpoint comes to on tasks of the classes that it was trained on. On the
    transfer track, what its features are like is logged at each validation.
    """
    assert cell.method is not None and cell.benchmark is not None and cell.seed is not None
    transfers = cell.spec.get("track") == TRANSFER
    data = load_transfer(cell.benchmark) if transfers else load_benchmark(cell.benchmark)
    logged = 0

    def on_progress(source: Source) -> None:
        nonlocal logged
        desk.progress(source.progress, source.spent.images)
        for point in source.curve[logged:]:
            desk.log({"images": point.images, "train/validation_accuracy": point.accuracy})
        logged = len(source.curve)

    budget = Budget(**cell.spec["budget"])
    source = desk.source(
        data,
        budget,
        **cell.spec["episode"],
        seed=cell.seed,
        on_progress=on_progress,
        on_validated=watch(desk.log) if transfers else None,
    )
    with desk.open() as method:
        with count_backward_passes(source.spent):
            method.train(source, budget)
        on_progress(source)
        results: dict[str, Any] = {
            "curve": [[point.images, point.accuracy] for point in source.curve],
            "spent": {"images": source.spent.images, "backward_passes": source.spent.backward_passes},
            "parameters": method.parameter_count(),
            "class_count": source.class_count,
            "selection": str(getattr(method, "selection", "") or _selection(source.curve)),
        }
        if budget.patience:
            results["plateau"] = {
                "criterion": budget.criterion,
                "reached": source.plateau is not None,
                "images": source.plateau,
            }
        files = {CHECKPOINT: _saved(method, desk.scratch / CHECKPOINT)}
        results["train_accuracy"] = _train_accuracy(method, source)
    if desk.code is not None and desk.code.submitted:
        files[SOURCE] = desk.scratch / SOURCE
        files[SOURCE].write_bytes(desk.code.text.encode("utf-8"))
    return Work(results, files=files, figure=max((point.accuracy for point in source.curve), default=None))


def _train_accuracy(method: Method, source: Source) -> float:
    """Mean accuracy, in 0..1, on meta-train episodes: the same for every method, as many as a validation has.

    It takes what one validation takes. On the transfer track it is that on the source's training images.
    """
    return fmean(score(method.adapt(episode.support), episode).accuracy for episode in _seen(source))


def _seen(source: Source) -> Iterable[Episode]:
    """Tasks of the training images."""
    if isinstance(source.benchmark, Transfer):
        most = int(np.bincount(source.labelled.labels("train")).max())
        return (source_task(source.benchmark, "train", per_class=min(5, max(1, most - 1))),)
    return Episodes(
        source.labelled,
        "train",
        source.way,
        source.shot,
        source.query,
        _TRAIN_SEED,
        length=source.budget.validation_episodes,
    )


def _selection(curve: list[CurvePoint]) -> str:
    if not curve:
        return "the last state: never scored on meta-validation"
    return f"best meta-validation accuracy of {len(curve)} checkpoints"


def _saved(method: Method, folder: Path) -> Path:
    folder.mkdir()
    try:
        method.save(folder)
    except OSError as error:  # the disk's fault, not the method's: the sweep must stop
        cause = error.strerror or str(error)
        raise StoreError(f"a checkpoint was not written to {folder.parent}: {cause}") from error
    return folder
