"""A head on frozen features, fitted to a support set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from suite.methods.batches import inputs, support_labels
from suite.methods.heads import fit
from suite.models import Backbone, layer_activations
from suite.models.activations import HEAD
from tasks import Support


@dataclass(frozen=True)
class FeaturePredictor:
    """Predicts from the features of ``backbone`` by ``classify``: features [n, d] -> logits [n, way]."""

    backbone: Backbone
    classify: Callable[[Tensor], Tensor]

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        return self.classify(self.backbone(inputs(self.backbone, images)))

    def layers(self, images: Tensor) -> dict[str, Tensor]:
        """What each layer makes of images uint8 [n, c, h, w]: rows of neurons; the last is ``head``."""
        body = layer_activations(self.backbone, inputs(self.backbone, images))
        return {**body, HEAD: self(images)}


def adapt_head(
    backbone: Backbone, support: Support, head: str, *, normalize: bool, C: float
) -> FeaturePredictor:
    """Fit ``head`` (``suite.methods.heads``) to the features of a labelled support set."""
    with torch.no_grad():
        features = backbone(inputs(backbone, support.images))
    classify = fit(head, features, support_labels(support), normalize=normalize, C=C)
    return FeaturePredictor(backbone, classify)
