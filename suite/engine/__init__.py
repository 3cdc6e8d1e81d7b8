"""Runs sweeps: plans them into cells, carries the cells out as Ray tasks, and survives what goes wrong.

>>> from suite.config import load_sweep
>>> from suite import engine
>>> with engine.live_view() as show:
...     report = engine.run(load_sweep("demo"), on_event=show)
>>> report.exit_code
0
"""

from suite.engine.cells import Cell
from suite.engine.errors import ClusterLost, EngineError, Infeasible, StoreBusy
from suite.engine.plan import Plan, plan
from suite.engine.run import SweepReport, run
from suite.engine.view import live_view

__all__ = [
    "Cell",
    "ClusterLost",
    "EngineError",
    "Infeasible",
    "Plan",
    "StoreBusy",
    "SweepReport",
    "live_view",
    "plan",
    "run",
]
