"""Several networks of one architecture run side by side as one: the tasks of a meta-batch in a single call.

Parameters stacked over ``t`` networks keep their names; each has ``t`` times as many rows, network by network
(``suite.models.layers``).
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.func import functional_call

from suite.models.images import channels_last

Parameters = Mapping[str, Tensor]


def stack(parameters: Parameters, networks: int) -> dict[str, Tensor]:
    """Copies of each parameter [rows, ...] under each other: [networks * rows, ...]. Differentiable."""
    if networks == 1:
        return dict(parameters)
    return {name: value.repeat(networks, *[1] * (value.ndim - 1)) for name, value in parameters.items()}


def side_by_side(images: Tensor) -> Tensor:
    """Images of each network, [t, n, c, h, w], as one batch [n, t*c, h, w]."""
    t, n, c, h, w = images.shape
    if t == 1:
        return channels_last(images[0])
    return channels_last(images.transpose(0, 1).reshape(n, t * c, h, w))


def call(network: nn.Module, parameters: Parameters, images: Tensor, networks: int = 1) -> Tensor:
    """Outputs [n, networks, d] of ``network`` under ``parameters``, for images [n, networks*c, h, w].

    ``parameters`` stand in for those of the module that they name; any other is the module's own, and must be
    stacked too where ``networks`` > 1. Its running averages are shared by all.
    """
    outputs: Tensor = functional_call(network, dict(parameters), (images,))
    return outputs.reshape(len(images), networks, -1)
