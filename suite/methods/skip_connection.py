"""Skip-connection layer fine-tuning, SCL-FT (Li et al. 2022, arXiv 2212.12206)."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from suite.models import Backbone


class SkipConnected(nn.Module):
    """A head on the features plus what the layer ``layer`` makes of the same image: [n, way].

    Tuned are that layer and the head, so what it learns reaches the head past the frozen layers behind it.
    """

    def __init__(self, backbone: Backbone, head: nn.Linear, layer: str) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.layer = layer

    def forward(self, images: Tensor) -> Tensor:
        made: dict[str, Tensor] = {}
        children = dict(self.backbone.named_children())
        last = list(children)[-1]
        handles = [children[name].register_forward_hook(_keeper(made, name)) for name in {self.layer, last}]
        try:
            features = self.backbone(images)
        finally:
            for handle in handles:
                handle.remove()
        skip = made[self.layer].relu() if self.backbone.rectifies else made[self.layer]
        logits: Tensor = self.head(features + matched(skip, made[last], features.shape[1]))
        return logits


def matched(output: Tensor, last: Tensor, width: int) -> Tensor:
    """What a layer makes, [n, c, ...], as wide as the features: [n, width].

    A map is averaged to the positions that the features have of the ``last`` layer's map: all of them where
    they are that map, one where they are its mean. What is then too narrow is filled up with zeros; what is
    too wide, averaged.
    """
    if output.ndim > 2:
        flattened = last.ndim > 2 and last[0].numel() == width
        height, breadth = last.shape[2:] if flattened else (1, 1)
        output = F.adaptive_avg_pool2d(output, (height, breadth)).flatten(1)
    if output.shape[1] > width:
        return F.adaptive_avg_pool1d(output, width)
    return F.pad(output, (0, width - output.shape[1]))


def _keeper(made: dict[str, Tensor], name: str) -> Any:
    def keep(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
        made[name] = output

    return keep
