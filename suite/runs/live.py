"""Which cells run at this moment: the word that each leaves in the store (``suite.engine.progress``)."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from suite.process import process_born

# A cell says twice a second how far it is, while its method lets it; a host that is silent so long is gone.
FOREIGN_SILENCE_SECONDS = 600.0


@dataclass(frozen=True)
class Word:
    """Word of a running cell: its host, phase, the share of its work that is done (0..1), and its worker."""

    host: str
    phase: str
    share: float
    pid: int


def running(root: Path) -> dict[str, Word]:
    """Key -> last word of each cell whose worker lives, in the store at ``root``.

    A worker of another host cannot be asked: it counts as living for ten minutes after its last word.
    """
    found = {}
    for path in sorted((root / "driver" / "cells").glob("*.json")):
        try:
            values = json.loads(path.read_bytes())
            silent = time.time() - path.stat().st_mtime
            word = Word(str(values["host"]), str(values["phase"]), float(values["share"]), int(values["pid"]))
            born = float(values["born"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # it ended meanwhile, or another version of the suite wrote it
        lives = _lives(word.pid, born) if word.host == socket.gethostname() else None
        if lives if lives is not None else silent < FOREIGN_SILENCE_SECONDS:
            found[path.stem] = word
    return found


def _lives(pid: int, born: float) -> bool:
    try:
        return process_born(pid, born) is not None
    except psutil.AccessDenied:  # it exists, and another user owns it
        return True
