"""Architectures: backbones by name, heads apart, every hidden activation reachable.

>>> backbone = get("conv4", channels=1, size=28, width=32)
>>> features = backbone(as_float(images))     # [n, backbone.feature_dimension]
>>> activations(backbone, as_float(images))["block2"]
"""

from suite.models.activations import activations, layer_activations
from suite.models.backbone import Backbone, Network
from suite.models.images import as_float
from suite.models.layers import BatchNormMode, Linear
from suite.models.registry import UnknownModel, get, names

__all__ = [
    "Backbone",
    "BatchNormMode",
    "Linear",
    "Network",
    "UnknownModel",
    "activations",
    "as_float",
    "get",
    "layer_activations",
    "names",
]
