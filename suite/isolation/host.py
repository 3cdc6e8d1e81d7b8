"""The zygote of this process, seen from outside: started once behind the outer walls, asked for inmates."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import IO

from suite.isolation.errors import NoWalls, WallsFell
from suite.isolation.gpus import visible_names
from suite.isolation.inmate import Inmate
from suite.isolation.limits import Limits
from suite.isolation.view import view
from suite.isolation.walls import Kind, find_walls, python_command

# A loaded machine takes its time to import torch.
_START_SECONDS = 180.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_PROGRAM = "from suite.isolation.zygote import main; main({control})"


class Zygote:
    """Behind the outer walls of one ``kind``: Python with the suite's modules, from which inmates are forked.

    It dies with this process. ``python`` is its interpreter, ``packages`` a folder with modules of its own.
    Raises NoWalls where it cannot be started.
    """

    def __init__(
        self,
        kind: Kind | None,
        python: Path,
        packages: Path | None,
        modules: Sequence[str],
        gpus: Sequence[str],
    ) -> None:
        self._gpus = gpus
        what = view(modules, packages, gpus)
        walls = find_walls(kind)
        self.kind = walls.kind
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = _PROGRAM.format(control=theirs.fileno())
        with tempfile.TemporaryFile() as said, theirs:
            self._process = subprocess.Popen(
                walls.command(what, python_command(python, what, program)),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=_environment(gpus),
                pass_fds=[theirs.fileno()],
            )
            self.close = weakref.finalize(self, _end, self._process, self._control)
            theirs.close()
            self._number, self._memory_kib = self._started(said)

    @property
    def alive(self) -> bool:
        """Whether inmates can be asked for."""
        return self._process.poll() is None

    def inmate(self, limits: Limits) -> Inmate:
        """A fresh walled process. Raises WallsFell where the zygote died."""
        line, their_line = socket.socketpair()
        leash, their_leash = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        output, their_output = os.pipe()
        request = json.dumps({"limits": asdict(limits), "gpu": bool(self._gpus)}).encode()
        descriptors = [their_line.fileno(), their_leash.fileno(), their_output]
        try:
            socket.send_fds(self._control, [request], descriptors)
        except OSError as error:
            line.close()
            leash.close()
            os.close(output)
            raise WallsFell("the process that starts walled methods died") from error
        finally:
            their_line.close()
            their_leash.close()
            os.close(their_output)
        return Inmate(line, leash, output, limits, self._process.pid, self._memory_kib)

    def _started(self, said: IO[bytes]) -> tuple[int, int]:
        self._control.settimeout(_START_SECONDS)
        try:
            told = self._control.recv(4_096)
        except TimeoutError as error:
            self.close()
            raise NoWalls(
                f"no process started behind {self.kind} within {_START_SECONDS:g} s: has this machine too "
                "much to do?"
            ) from error
        except OSError:
            told = b""
        if not told:
            self.close()
            said.seek(0)
            lines = said.read()[-4_096:].decode(errors="replace").strip().splitlines()
            raise NoWalls(f"no process starts behind {self.kind}: {(lines or ['it said nothing'])[-1]}")
        ready = json.loads(told)
        self._control.settimeout(None)
        return self._process.pid, int(ready["memory_kib"])


@lru_cache(maxsize=2)
def _zygote(*key: object) -> Zygote:
    return Zygote(*key)  # type: ignore[arg-type]


def zygote(
    *,
    kind: Kind | None = None,
    python: Path | None = None,
    packages: Path | None = None,
    modules: Sequence[str] = (),
    gpus: Sequence[str] = (),
) -> Zygote:
    """The zygote of this process for such methods, started where there is none that lives."""
    key = (kind, python or Path(sys.executable), packages, tuple(modules), tuple(gpus))
    found = _zygote(*key)
    if not found.alive:
        _zygote.cache_clear()
        found = _zygote(*key)
    return found


def _environment(gpus: Sequence[str]) -> Mapping[str, str]:
    # The number of threads decides the last bits of sums: it must be as in this process.
    threads = {name: os.environ[name] for name in _THREADS if name in os.environ}
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "USER": "nobody",
        "LOGNAME": "nobody",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": visible_names(gpus),
        **threads,
    }


def _end(process: subprocess.Popen[bytes], control: socket.socket) -> None:
    control.close()
    process.kill()
    process.wait()
