"""Every hidden activation of a network, by the name of the module that makes it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


@torch.no_grad()
def activations(module: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """Outputs of all submodules of ``module`` on ``images``, in the order in which they were made.

    Names are those of ``module.named_modules()``: ``block1.convolution``, ``block1``, ... of a backbone,
    ``backbone.block1``, ..., ``head`` of a network. The module's mode is left as it is; running averages that
    training mode would change are restored.
    """
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                found[name] = output

        return hook

    buffers = {name: value.clone() for name, value in module.named_buffers()}
    handles = [m.register_forward_hook(keep(name)) for name, m in module.named_modules() if name]
    try:
        module(images)
    finally:
        for handle in handles:
            handle.remove()
        for name, value in module.named_buffers():
            value.copy_(buffers[name])
    return found
