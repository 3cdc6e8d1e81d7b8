"""A driver to be killed: runs the chaos sweep into the store that its first argument names."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "suite" / "engine" / "doubles"))

from engine_sweeps import sweep

from suite.config import BenchmarkConfig, SweepConfig
from suite.engine import live_view, run


def chaos_sweep(store: Path, trainings: int, seconds: float) -> SweepConfig:
    """``trainings`` trainings of so many seconds each, with two evaluations each."""
    methods = [
        {"scale": float(scale), "power": power, "seconds": seconds}
        for scale in range(1, trainings // 2 + 1)
        for power in (1.0, 2.0)
    ]
    noisy = BenchmarkConfig("engine_stripes", {"noise": 250.0})
    return sweep(store, *methods, seeds=(0, 1), benchmarks=(noisy,))


if __name__ == "__main__":
    with live_view() as show:
        report = run(chaos_sweep(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])), on_event=show)
    sys.exit(report.exit_code)
