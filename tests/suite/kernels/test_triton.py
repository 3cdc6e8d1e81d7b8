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


_PARTS = {
    "_moments": {"of_v", "of_product"},
    "_spread_out": {"of_z", "of_square"},
    "_pool": set(),
    "_winner_sums": {"of_q", "of_product"},
    "_gather": {"sums"},
    "_spread": set(),
}
"""Kernels, and which of their arguments are float64 sums."""


@pytest.mark.parametrize("name", _PARTS)
def test_kernels_compile_for_a_gpu_without_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("triton", reason="torch brings it on Linux alone")
    monkeypatch.setenv("TRITON_DEFAULT_FP_FUSION", "1")  # or Triton warns that its default will change
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from suite.kernels import gpu

    kernel = getattr(gpu, name)
    constants = {"ROWS": 64, "CHANNELS": 32, **({"MAP": True, "ALONG": True} if name == "_spread" else {})}

    def kind(argument: str) -> str:
        if argument in constants:
            return "constexpr"
        if argument in ("m", "c", "h", "w"):
            return "i32"
        return "*u8" if argument == "winner" else "*fp64" if argument in _PARTS[name] else "*fp32"

    source = ASTSource(kernel, {argument: kind(argument) for argument in kernel.arg_names}, constants)
    assert triton.compile(source, target=GPUTarget("cuda", 80, 32)).asm["cubin"]
