"""How processes of one machine find each other, where nobody started them who would tell."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psutil
import torch.distributed as dist

from suite.parallel.crew import Crew

INTERFACE = "GLOO_SOCKET_IFNAME"


@contextmanager
def met(rank: int, size: int, folder: Path, seconds: float = 60.0) -> Iterator[Crew]:
    """Be process ``rank`` of ``size`` over gloo; they meet in ``folder``, which all see, empty so far.

    Each wait for another process is at most ``seconds``. Sets the environment variable by which gloo finds
    the interface, where it is not set.
    """
    os.environ.update(local_interface())
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder.resolve() / 'meeting'}",
        rank=rank,
        world_size=size,
        timeout=timedelta(seconds=seconds),
    )
    try:
        yield Crew(rank, size)
    finally:
        dist.destroy_process_group()


def local_interface() -> dict[str, str]:
    """The environment by which gloo takes the loopback interface, for processes that are all of one host.

    Else it looks for one by the host's name, which need not resolve. What is set already is kept.
    """
    if INTERFACE in os.environ:
        return {INTERFACE: os.environ[INTERFACE]}
    for name, addresses in psutil.net_if_addrs().items():
        if any(address.address == "127.0.0.1" for address in addresses):
            return {INTERFACE: name}
    return {}
