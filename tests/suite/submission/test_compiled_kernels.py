"""Compiled kernels reach a walled process, which would otherwise compile them anew in every cell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# As in a walled process: numba may write to one new folder alone.
PROGRAM = """
import sys
from pathlib import Path
from suite.isolation import compiled
if sys.argv[1] != "nothing":
    compiled.borrow(Path(sys.argv[1]))
import numpy as np
from suite.kernels import cpu
cpu.statistics(np.ones((4, 3)), 1e-5)
stats = cpu.statistics.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()), stats.cache_path)
"""


def run(cache: Path, borrowed: str) -> tuple[int, int, str]:
    command = [sys.executable, "-c", PROGRAM, borrowed]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)
    hits, misses, path = done.stdout.split()
    return int(hits), int(misses), path


def test_what_is_borrowed_is_not_compiled_again(tmp_path: Path) -> None:
    pytest.importorskip("numba", reason="without it nothing is compiled")
    hits, misses, folder = run(tmp_path / "host", "nothing")
    assert (hits, misses) == (0, 1)
    hits, misses, elsewhere = run(tmp_path / "walled", folder)
    assert (hits, misses) == (1, 0) and elsewhere != folder


def test_where_nothing_was_compiled_it_is_compiled_as_ever(tmp_path: Path) -> None:
    pytest.importorskip("numba", reason="without it nothing is compiled")
    assert run(tmp_path / "walled", str(tmp_path / "nowhere"))[:2] == (0, 1)
