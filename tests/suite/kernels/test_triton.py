"""The GPU's kernels: interpreted on a CPU everywhere, and run where a GPU is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("compare_triton.py")


def worst_gap(device: str, **environment: str) -> float:
    """In a process of its own: whether Triton interprets is settled when it is imported."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), device],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_interpreted_kernels_have_the_derivatives_of_autograd() -> None:
    pytest.importorskip("triton", reason="torch brings it on Linux alone")
    assert worst_gap("cpu", TRITON_INTERPRET="1") <= 1e-12


@pytest.mark.gpu
def test_kernels_on_a_gpu_have_the_derivatives_of_autograd() -> None:
    assert worst_gap("cuda") <= 1e-12
