"""Objectives of pretraining: losses of tensors, by name, each with the head that it is computed on.

>>> cosine = get("cosine_softmax", temperature=0.2)
>>> head = cosine.head(features.shape[1], classes=10)
>>> cosine.loss(head, features, labels).backward()      # or of logits: cosine(logits, features, labels)

The nine of Kornblith et al. (2021), "Why do better loss functions lead to less transferable features?", with
that paper's hyper-parameters: ``names``, ``describe``; tuned for small data: ``preset``. Yours:
``objective``.
"""

# Imported here and by no table of names, so that what builds on objectives has them all in its source hash.
from suite.objectives import cross_entropy, directions, penalties, per_class
from suite.objectives.interface import Loss, Objective
from suite.objectives.presets import preset, presets
from suite.objectives.registry import (
    ObjectiveInfo,
    UnknownArgument,
    UnknownObjective,
    describe,
    get,
    names,
    objective,
)

__all__ = [
    "Loss",
    "Objective",
    "ObjectiveInfo",
    "UnknownArgument",
    "UnknownObjective",
    "cross_entropy",
    "describe",
    "directions",
    "get",
    "names",
    "objective",
    "penalties",
    "per_class",
    "preset",
    "presets",
]
