"""The loss of a network's tasks: by one hand-written chain where that can be, by autograd's steps else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from suite import kernels
from suite.kernels.chain import Chain, Head, ImageBlock, Layer, MapBlock, chain_loss
from suite.models.backbone import Network
from suite.models.conv4 import Block, Conv4
from suite.models.layers import Linear
from suite.models.stacked import Parameters, call


def task_losses(outputs: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of each task [tasks], from logits [n, tasks, way] and labels int64 [tasks, n]."""
    return F.cross_entropy(outputs.permute(1, 2, 0), labels, reduction="none").mean(1)


def losses(module: nn.Module, parameters: Parameters, images: Tensor, labels: Tensor) -> Tensor:
    """``task_losses`` of ``module`` under stacked ``parameters``, images [n, tasks*c, ...] or features.

    One task of a Conv4 whose blocks all pool is a ``suite.kernels.chain`` where the device has kernels; its
    loss can be differentiated twice, by ``parameters`` alone.
    """
    if not _chains(module, parameters, images, labels):
        return task_losses(call(module, parameters, images, len(labels)), labels)
    assert isinstance(module, Network)
    build = _builder(module, images, labels[0])
    return chain_loss(build, [parameters[name] for name, _ in module.named_parameters()])[None]


def _chains(module: nn.Module, parameters: Parameters, images: Tensor, labels: Tensor) -> bool:
    if type(module) is not Network or type(module.backbone) is not Conv4 or type(module.head) is not Linear:
        return False
    own = dict(module.named_parameters())
    if len(labels) != 1 or parameters.keys() != own.keys() or images.requires_grad:
        return False
    if any(value.dtype != images.dtype for value in parameters.values()):
        return False
    for block in module.backbone.children():
        assert isinstance(block, Block)
        follows = block.norm.mode == "running" and block.norm.training  # running averages are to be kept
        if follows or not block.pools:
            return False
    heard = any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
    return not heard and kernels.kernels_for(images) is not None


def _builder(network: Network, images: Tensor, labels: Tensor) -> Callable[[Sequence[Tensor]], Chain]:
    blocks = [block for block in network.backbone.children() if isinstance(block, Block)]
    fused = kernels.kernels_for(images)
    assert fused is not None

    def build(parameters: Sequence[Tensor]) -> Chain:
        layers: list[Layer] = []
        x = images
        for i, block in enumerate(blocks):
            own = tuple(parameters[3 * i : 3 * i + 3])
            given, epsilon = block.norm.given(1), block.norm.epsilon
            if not i and kernels.reads_images(images, own[0]):
                prepared = block._last_images.prepared(fused, images)
                layers.append(ImageBlock(fused, prepared, own, given, epsilon))
            else:
                layers.append(MapBlock(fused, x, own, given, epsilon, first=not i))
            x = layers[-1].output
        return Chain([*layers, Head(x, tuple(parameters[-2:]), labels)])

    return build
