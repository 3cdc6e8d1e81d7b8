"""Neural collapse in the span of the class means, against its definition with d x d matrices."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import numpy as np
import torch

from bench.case import Case, Work
from suite.measures import NeuralCollapse, neural_collapse

_PEER = "definition, d×d pseudo-inverse (numpy)"


def cases(quick: bool) -> list[Case]:
    """64 classes, two widths."""
    classes, each, widths = (4, 6, (10, 20)) if quick else (64, 50, (640, 1_600))
    return [
        Case(
            f"NC1-NC4 and CDNV, {classes} classes, {classes * each} examples, d={d}",
            partial(_prepare, classes, each, d),
            _PEER,
            target=target,
        )
        for d, target in zip(widths, (2, 6), strict=True)
    ]


def _prepare(classes: int, each: int, d: int) -> Work:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), each)
    features = (2 * rng.standard_normal((classes, d)))[labels] + rng.standard_normal((len(labels), d))
    features = features.astype(np.float32)
    weight, bias = rng.standard_normal((classes, d)), rng.standard_normal(classes)
    tensors = [torch.from_numpy(part) for part in (features, labels, weight, bias)]
    return Work(
        lambda: neural_collapse(*tensors),
        lambda: _definition(features, labels, weight, bias),
        agreement=_agreement,
    )


def _definition(features: Any, labels: Any, weight: Any, bias: Any) -> NeuralCollapse:
    features = features.astype(np.float64)
    classes = len(weight)
    means = np.stack([features[labels == k].mean(0) for k in range(classes)])
    centred = means - means.mean(0)
    residual = features - means[labels]
    within, between = residual.T @ residual / len(features), centred.T @ centred / classes
    lengths = np.linalg.norm(centred, axis=1)
    apart = ~np.eye(classes, dtype=bool)
    cosines = (centred @ centred.T / np.outer(lengths, lengths))[apart]
    variances = np.array([(residual[labels == k] ** 2).sum(1).mean() for k in range(classes)])
    squares = (means**2).sum(1)
    distances = (squares[:, None] + squares - 2 * means @ means.T)[apart]
    nearest = (squares - 2 * features @ means.T).argmin(1)
    return NeuralCollapse(
        nc1=float(np.trace(within @ np.linalg.pinv(between, rcond=1e-6)) / classes),
        nc2_norm=float(lengths.std() / lengths.mean()),
        nc2_angle=float(np.abs(cosines + 1 / (classes - 1)).mean()),
        nc3=float(np.linalg.norm(weight / np.linalg.norm(weight) - centred / np.linalg.norm(centred))),
        nc4=float(((features @ weight.T + bias).argmax(1) != nearest).mean()),
        cdnv=float(((variances[:, None] + variances)[apart] / (2 * distances)).mean()),
    )


def _agreement(ours: Any, peer: Any) -> str:
    both = zip(dataclasses.astuple(ours), dataclasses.astuple(peer), strict=True)
    apart = max(abs(own - theirs) / max(abs(theirs), 1e-9) for own, theirs in both)
    assert apart < 1e-6, f"the two differ by {apart:.1e}"
    return f"within {apart:.1e}"
