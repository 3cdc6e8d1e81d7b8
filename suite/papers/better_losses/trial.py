"""The nine objectives on one transfer task: how good at the source, how separated, how transferable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from scipy.stats import spearmanr
from torch import Tensor

from suite import objectives
from suite.measures import class_separation, linear_cka
from suite.methods.seeding import seed_everything
from suite.models import as_float
from suite.papers.better_losses.networks import (
    Body,
    Labelled,
    Recipe,
    accuracy,
    fine_tuned,
    linear_transfer,
    train,
)
from suite.papers.registry import Figures
from tasks import transfers
from tasks.benchmark import SplitName

BASELINE = "softmax"
ALTERNATIVES = (
    "label_smoothing",
    "dropout",
    "final_layer_l2",
    "logit_penalty",
    "logit_normalization",
    "cosine_softmax",
    "sigmoid",
    "squared_error",
)
SOURCE, SEPARATION, LINEAR, TUNED = "source, %", "class separation", "linear transfer, %", "fine-tuned, %"
FIRST_CKA, LAST_CKA = "CKA to softmax, layer 1", "CKA to softmax, features"
RANKS = "rank correlation of class separation"
WITH_LINEAR, WITH_TUNED = "with linear transfer", "with fine-tuned"


@dataclass(frozen=True)
class Recipes:
    """How a body is pretrained, and how it is fine-tuned."""

    pretraining: Recipe
    tuning: Recipe


def trial(
    task: transfers.Transfer, seed: int, recipes: Recipes, alternatives: Sequence[str] = ALTERNATIVES
) -> Figures:
    """Pretrain one body by each objective, from the same weights, with arguments tuned for small data."""
    pretrain_on, source_test = (_labelled(task, "source", part) for part in ("train", "test"))
    adapt_on, choose_by, test = (
        _labelled(task, "downstream", part) for part in ("train", "validation", "test")
    )
    classes, wanted = len(task.source.classes), len(task.downstream.classes)
    found, reference = Figures(), None
    for name in (BASELINE, *alternatives):
        seed_everything(seed)
        body = Body(pretrain_on[0].shape[1])
        objective = objectives.get(name, **objectives.preset("small_data", name))
        head = train(body, objective, pretrain_on, classes, recipes.pretraining)
        layers = _layers(body, source_test[0])
        reference = reference or layers
        row = name.replace("_", " ")
        found[row, SOURCE] = accuracy(body, head, source_test)
        found[row, SEPARATION] = class_separation(_layers(body, pretrain_on[0])[1], pretrain_on[1])
        found[row, LINEAR] = linear_transfer(body, adapt_on, choose_by, test)
        # Of all objectives the same head and the same batches.
        seed_everything(seed)
        found[row, TUNED] = fine_tuned(body, adapt_on, test, wanted, recipes.tuning)
        for column, one, other in zip((FIRST_CKA, LAST_CKA), reference, layers, strict=True):
            found[row, column] = linear_cka(one, other)
    for column, accuracies in ((WITH_LINEAR, LINEAR), (WITH_TUNED, TUNED)):
        found[RANKS, column] = _rank_correlation(found, accuracies)
    return found


def column_of(found: Figures, column: str) -> dict[str, float]:
    """By the objective's row."""
    return {figure.row: figure.value for figure in found if figure.column == column}


def _rank_correlation(found: Figures, accuracies: str) -> float:
    """Spearman's, over objectives; 0 where all reach the same accuracy, so that there is no order to tell."""
    separation, reached = (list(column_of(found, column).values()) for column in (SEPARATION, accuracies))
    return float(spearmanr(separation, reached).statistic) if len(set(reached)) > 1 else 0.0


def _labelled(task: transfers.Transfer, problem: str, part: SplitName) -> Labelled:
    images, labels = task.tensors(problem, part)
    return as_float(images).flatten(1), labels


@torch.no_grad()
def _layers(body: Body, x: Tensor) -> tuple[Tensor, Tensor]:
    return body.layers(x)
