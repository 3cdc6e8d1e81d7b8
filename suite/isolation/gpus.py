"""The device files of the GPUs that a cell was given, and of no others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_COMMON = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset")
_CARDS = Path("/proc/driver/nvidia/gpus")


def device_nodes(gpus: Sequence[str], dev: Path = Path("/dev"), cards: Path = _CARDS) -> list[str]:
    """Paths for ``gpus``, named as in CUDA_VISIBLE_DEVICES: by number in PCI order, or by UUID.

    A name that is neither (a slice of a GPU) brings the files of all, which cannot be told apart.
    """
    if not gpus:
        return []
    known = _minors(cards)
    order = list(known.values())
    minors = {order[int(gpu)] if gpu.isdigit() and int(gpu) < len(order) else known.get(gpu) for gpu in gpus}
    if None in minors:
        own = [path for path in sorted(dev.glob("nvidia*")) if re.fullmatch(r"nvidia\d+", path.name)]
        own += sorted(path for path in dev.glob("nvidia-caps/*") if path.is_char_device())
    else:
        own = [dev / f"nvidia{minor}" for minor in sorted(filter(None, minors))]
    common = [dev / name for name in _COMMON if (dev / name).exists()]
    return [str(path) for path in (*common, *own)]


def visible_names(gpus: Sequence[str], cards: Path = _CARDS) -> str:
    """CUDA_VISIBLE_DEVICES for a process that sees the files of ``gpus`` alone, counted anew from 0."""
    if gpus and all(gpu.isdigit() for gpu in gpus) and _minors(cards):
        return ",".join(str(sorted(gpus, key=int).index(gpu)) for gpu in gpus)
    return ",".join(gpus)


def _minors(cards: Path) -> dict[str, str]:
    """UUID -> number in the name of the device file, in the order of the PCI bus."""
    found: dict[str, str] = {}
    for card in sorted(cards.glob("*")):
        told = (card / "information").read_text(errors="replace")
        uuid = re.search(r"GPU UUID:\s*(\S+)", told)
        minor = re.search(r"Device Minor:\s*(\d+)", told)
        if uuid and minor:
            found[uuid[1]] = minor[1]
    return found
