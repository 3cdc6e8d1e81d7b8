"""Class separation: how much of the spread of features' directions lies between classes."""

from __future__ import annotations

import torch
from torch.nn.functional import normalize

from suite.measures.labelled import ClassMoments, LabelledBatches, check_classes, checked, in_batches
from suite.measures.matrices import Representation
from suite.measures.registry import measure

_NONE = 1e-24  # squared distances of equal directions are rounding's squares, about 1e-32


@measure("class_separation", needs=("features", "labels"))
def class_separation(features: Representation, labels: Representation) -> float:
    """R² = 1 - d_within / d_total of features [n, d] under labels [n] in 0..K-1, in 0..1.

    d are mean cosine distances of two examples: of one class, averaged over classes, and of any two classes,
    averaged over pairs of classes, each example with itself included (Kornblith et al. 2021, "Why do better
    loss functions lead to less transferable features?", section 3.2). So classes count equally. 1: the
    classes have collapsed to a direction each. An example with features 0 has no direction: its similarity is
    0, with itself too. Raises ValueError where shapes do not fit, a class below K has no example, there are
    fewer than 2, or all examples have one direction.
    """
    return class_separation_of_batches(in_batches(features, labels))


def class_separation_of_batches(batches: LabelledBatches) -> float:
    """``class_separation`` of more examples than fit into memory, in one pass over the batches.

    With m_k the mean of the unit vectors of class k, d_within = 1 - mean |m_k|² and d_total = 1 - |mean m_k|²
    : their difference is the spread of the m_k, and 1 - |m_k|² that of class k around its own.
    """
    moments, still = ClassMoments(), ClassMoments()
    for x, y in checked(batches):
        # Rows that are huge or tiny would be squared out of range.
        unit = normalize(x / x.abs().amax(1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny), dim=1)
        moments.add(unit, y)
        still.add((~unit.any(1)).to(x.dtype)[:, None], y)
    check_classes(moments.counts, "class separation")
    within = float((moments.scatter / moments.counts + still.means[:, 0]).mean())
    between = float((moments.means - moments.means.mean(0)).square().sum(1).mean())
    if not within + between > _NONE:
        raise ValueError("all features have one direction: there is nothing to separate")
    return between / (within + between)
