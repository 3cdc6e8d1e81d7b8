"""How busy the GPUs are that this process holds, as NVIDIA's management library measures it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

_MIB = 2**20


@dataclass(frozen=True)
class GpuUse:
    """One GPU, known by its ``uuid``: ``busy``, the share of the last moments in which it computed, in 0..1;
    memory in use, by whomever, and in all, in MiB.
    """

    uuid: str
    busy: float
    memory_mib: float
    memory_of_mib: float


Gauge = Callable[[], tuple[GpuUse, ...]]


def nothing() -> tuple[GpuUse, ...]:
    """The gauge of a process without GPUs, or where they cannot be measured."""
    return ()


def gauge(environment: Mapping[str, str] = os.environ) -> Gauge:
    """What reads the GPUs of ``CUDA_VISIBLE_DEVICES``; ``nothing`` where none is named, or the library, its
    driver or these GPUs are not there.

    What a GPU does not tell (a part of one, under MIG, has no utilisation) is left out.
    """
    named = [word.strip() for word in environment.get("CUDA_VISIBLE_DEVICES", "").split(",") if word.strip()]
    if not named:
        return nothing
    try:
        nvml = import_module("pynvml")
    except ImportError:
        return nothing
    try:
        nvml.nvmlInit()
        handles = [_handle(nvml, name) for name in named]
    except (nvml.NVMLError, ValueError):
        return nothing
    return lambda: tuple(use for handle in handles if (use := _use(nvml, handle)) is not None)


def _handle(nvml: Any, name: str) -> Any:
    if name.isdigit():
        return nvml.nvmlDeviceGetHandleByIndex(int(name))
    if name.startswith(("GPU-", "MIG-")):
        return nvml.nvmlDeviceGetHandleByUUID(name)
    raise ValueError(name)


def _use(nvml: Any, handle: Any) -> GpuUse | None:
    try:
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        busy = nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
        return GpuUse(_text(nvml.nvmlDeviceGetUUID(handle)), busy, memory.used / _MIB, memory.total / _MIB)
    except nvml.NVMLError:
        return None


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
