"""Kernels that this host has compiled already, for a walled process that would compile each of them anew."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "kernels" / "__pycache__"


def import_compiler() -> None:
    """Import numba, where it is, once for all processes that are forked from this one."""
    if find_spec("numba") is not None:
        import_module("numba")


def borrow(folder: Path = _FOLDER) -> None:
    """Show what numba kept in ``folder`` where it looks in this process.

    It keeps compiled code beside the source, but reads it only from a folder that it may write to, which
    behind walls is another one. What was never compiled there, or is out of date, it compiles as ever, and
    puts in the place of the link.
    """
    if find_spec("numba") is None:
        return
    kernels = import_module("suite.kernels.cpu")
    place = Path(kernels.statistics.stats.cache_path)
    if place != folder:
        place.mkdir(parents=True, exist_ok=True)
        for file in (*folder.glob("*.nbi"), *folder.glob("*.nbc")):
            (place / file.name).symlink_to(file)
