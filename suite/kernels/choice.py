"""Which kernels run: chosen by device and type, with the reason where none can."""

from __future__ import annotations

from functools import cache
from importlib import import_module

import torch
from torch import Tensor

from suite.kernels.block import Kernels

_TYPES = (torch.float32, torch.float64)
_BY_DEVICE = {
    "cpu": ("suite.kernels.numba_kernels", "NumbaKernels"),
    "cuda": ("suite.kernels.gpu", "TritonKernels"),
}
_FEW_CHANNELS = 4  # above, the libraries' convolutions of many channels are faster than one pass over windows


def kernels_for(values: Tensor) -> Kernels | None:
    """Fused kernels for maps like ``values``; None where only plain PyTorch can run (``path`` says why)."""
    # torch.func and torch.compile see through plain operations alone.
    if torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active():
        return None
    if torch.is_autocast_enabled(values.device.type):  # what is convolved has another type than its input
        return None
    found = _on(values.device.type, values.dtype)
    return None if isinstance(found, str) else found


def reads_images(images: Tensor, filters: Tensor) -> bool:
    """Whether ``suite.kernels.images`` serves a block of ``filters`` [c, i, 3, 3] on ``images`` [n, i, h, w].

    It does where the kernels have passes for it, nobody asks for the images' gradient and channels are few.
    """
    kernels = kernels_for(images)
    if kernels is None or kernels.images is None or images.requires_grad:
        return False
    return filters.shape[2:] == (3, 3) and images.shape[1] == filters.shape[1] <= _FEW_CHANNELS


def path(device: torch.device, dtype: torch.dtype) -> str:
    """In words, what runs convolution blocks there: ``fused kernels (numba)``, or ``plain PyTorch: why``."""
    found = _on(device.type, dtype)
    return f"plain PyTorch: {found}" if isinstance(found, str) else f"fused kernels ({found.name})"


@cache
def _on(device: str, dtype: torch.dtype) -> Kernels | str:
    """Kernels, or why there are none."""
    if dtype not in _TYPES:
        return f"there are no fused kernels for {dtype}, only for float32 and float64"
    module, name = _BY_DEVICE.get(device, ("", ""))
    if not module:
        return f"there are no fused kernels for device {device}"
    try:
        found: Kernels = getattr(import_module(module), name)()
    except (ImportError, RuntimeError) as error:  # RuntimeError: no folder where compiled code may be kept
        return f"{name} cannot be used here ({error})"
    return found
