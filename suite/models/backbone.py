"""What every architecture is: a backbone that gives features, and a network that adds a head."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from suite.models.layers import Linear


class Backbone(nn.Module):
    """Images [n, c, h, w] as ``as_float`` gives them -> features [n, feature_dimension]."""

    feature_dimension: int
    fused: ClassVar[bool] = False
    """Whether its blocks are made of ``suite.kernels.normalise_rectify_pool``, which has fast kernels."""
    dense: ClassVar[bool] = False
    """Whether it has no convolution, so that several side by side are as fast as each alone on any device."""
    rectifies: ClassVar[bool] = False
    """Whether it is the backbone, not its children, that puts a ReLU behind each of them."""


class Network(nn.Module):
    """A backbone under ``head``, an affine one unless given: images [n, c, h, w] -> logits [n, classes]."""

    def __init__(self, backbone: Backbone, classes: int, head: nn.Linear | None = None) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = Linear(backbone.feature_dimension, classes) if head is None else head

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.backbone(images))
        return logits
