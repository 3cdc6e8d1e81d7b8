"""A driver to be killed: runs the chaos sweep into the store that its first argument names.

A fourth argument is the address of the cluster to run it on, else it is one of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "suite" / "engine" / "doubles"))

from engine_sweeps import sweep

from leaderboard.store import StoreError
from suite.config import BenchmarkConfig, SweepConfig
from suite.engine import EngineError, live_view, run


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
    asked = chaos_sweep(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
    try:
        with live_view() as show:
            report = run(asked, address=sys.argv[4] if len(sys.argv) > 4 else None, on_event=show)
    except (EngineError, StoreError) as error:
        sys.exit(f"error: {error}")
    sys.exit(report.exit_code)
