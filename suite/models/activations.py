"""Every hidden activation of a network, by the name of the module that makes it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from suite.models.backbone import Backbone, Network
from suite.models.stacked import Parameters

HEAD = "head"
"""The last layer, of a network that has a head: its logits."""


@torch.no_grad()
def activations(
    module: nn.Module,
    images: Tensor,
    *,
    only: Collection[str] | None = None,
    parameters: Parameters | None = None,
) -> dict[str, Tensor]:
    """Outputs of all submodules of ``module`` on ``images``, in the order in which they were made.

    Names are those of ``module.named_modules()``: ``block1.convolution``, ``block1``, ... of a backbone,
    ``backbone.block1``, ..., ``head`` of a network; ``only`` keeps some. ``parameters`` stand in for those of
    the module that they name. The module's mode is left as it is; running averages that training mode would
    change are restored.
    """
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                found[name] = output

        return hook

    buffers = {name: value.clone() for name, value in module.named_buffers()}
    wanted = [(name, m) for name, m in module.named_modules() if name and (only is None or name in only)]
    handles = [submodule.register_forward_hook(keep(name)) for name, submodule in wanted]
    try:
        functional_call(module, dict(parameters or {}), (images,))
    finally:
        for handle in handles:
            handle.remove()
        for name, value in module.named_buffers():
            value.copy_(buffers[name])
    return found


def layer_activations(
    network: Backbone | Network, images: Tensor, parameters: Parameters | None = None
) -> dict[str, Tensor]:
    """What each layer makes of ``images`` as ``as_float`` gives them, as rows of neurons, in order.

    The layers of a backbone are its children, each with its ReLU: ``block1``, ... of conv4 and resnet12,
    ``layer1``, ... of mlp; a network's last is ``head``, its logits. A filter of a convolution is one neuron:
    a map [n, c, h, w] is n * h * w rows of c, as Miranda et al. (2022) compare them; dense layers are [n, d].
    ``parameters`` stand in for the network's own, by name.
    """
    headed = isinstance(network, Network)
    before = "backbone." if headed else ""
    body = network.backbone if isinstance(network, Network) else network
    names = {f"{before}{name}": name for name, _ in body.named_children()} | ({HEAD: HEAD} if headed else {})
    found = activations(network, images, only=names, parameters=parameters)
    if body.rectifies:
        found = {path: value if path == HEAD else value.relu() for path, value in found.items()}
    return {name: _rows(found[path]) for path, name in names.items()}


def _rows(output: Tensor) -> Tensor:
    """[n, c, ...] -> [n * positions, c]."""
    return output.movedim(1, -1).reshape(-1, output.shape[1])
