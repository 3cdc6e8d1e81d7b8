"""What a walled method may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """``memory_mib``: resident memory that its processes take beyond what they started with.

    ``seconds``: from its opening to its end. ``processes``: processes and threads. ``disk_mib``: files, of
    which there are none after its end. ``output_kib``: what it prints. ``checkpoint_mib``: what it saves.
    """

    memory_mib: int = 2_048
    seconds: float = 3_600.0
    processes: int = 128
    disk_mib: int = 512
    output_kib: int = 1_024
    checkpoint_mib: int = 512
