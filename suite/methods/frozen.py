"""A head on frozen features, fitted to a support set."""

from __future__ import annotations

import torch
from torch import Tensor

from suite.methods.batches import inputs, support_labels
from suite.methods.heads import fit
from suite.methods.interface import Predictor
from suite.models import Backbone
from tasks import Support


def adapt_head(backbone: Backbone, support: Support, head: str, *, normalize: bool, C: float) -> Predictor:
    """Fit ``head`` (``suite.methods.heads``) to the features of a labelled support set."""

    @torch.no_grad()
    def features(images: Tensor) -> Tensor:
        found: Tensor = backbone(inputs(backbone, images))
        return found

    classify = fit(head, features(support.images), support_labels(support), normalize=normalize, C=C)
    return lambda images: classify(features(images))
