"""Members of a crew as processes of this machine, joined over gloo.

    python members.py RANK SIZE FOLDER MODULE FUNCTION

is one of them; ``together`` starts them all. What goes in and comes out are files in FOLDER.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

_SECONDS = 240.0
_TESTS = Path(__file__).resolve().parent.parent


def together(work: Callable[..., Any], size: int, folder: Path, *arguments: Any) -> list[Any]:
    """``work(rank, *arguments)`` of each member, run in ``size`` processes with a process group among them.

    Raises RuntimeError with the complaint of a member that failed; the others are ended.
    """
    (folder / "arguments").write_bytes(pickle.dumps(arguments))
    members = [_start(rank, size, folder, work) for rank in range(size)]
    until = time.monotonic() + _SECONDS
    try:
        running = True
        while running:
            running = any(member.poll() is None for member in members)
            failed = [rank for rank, member in enumerate(members) if member.poll()]
            if failed:
                raise RuntimeError(f"member {failed[0]}: {(folder / f'{failed[0]}.said').read_text()}")
            if time.monotonic() > until:
                raise RuntimeError(f"the members did not end within {_SECONDS:g} s")
            time.sleep(0.05)
    finally:
        for member in members:
            member.kill()
            member.wait()
    return [pickle.loads((folder / f"{rank}.found").read_bytes()) for rank in range(size)]


def _start(rank: int, size: int, folder: Path, work: Callable[..., Any]) -> subprocess.Popen[bytes]:
    words = [__file__, str(rank), str(size), str(folder), work.__module__, work.__name__]
    with (folder / f"{rank}.said").open("wb") as said:
        return subprocess.Popen([sys.executable, *words], cwd=_TESTS.parent, stdout=said, stderr=said)


def _join(rank: int, size: int, folder: Path, module: str, function: str) -> None:
    # An installed package may be called so, too.
    sys.path[0] = str(_TESTS.parent)
    sys.modules["tests"] = ModuleType("tests")
    sys.modules["tests"].__path__ = [str(_TESTS)]
    import torch

    from suite.parallel import met

    torch.set_num_threads(1)
    with met(rank, size, folder):
        found = getattr(import_module(module), function)(
            rank, *pickle.loads((folder / "arguments").read_bytes())
        )
        (folder / f"{rank}.found").write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    _join(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], sys.argv[5])
