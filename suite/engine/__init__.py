"""Runs sweeps: plans them into cells, carries the cells out as Ray tasks, and survives what goes wrong.

Cells that no sweep asks for (a measurement, a paper) go the same way:
``carry_out(Plan(Errand(...), cells))``.

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
from suite.engine.run import SweepReport, carry_out, run
from suite.engine.terms import Errand
from suite.engine.view import live_view

__all__ = [
    "Cell",
    "ClusterLost",
    "EngineError",
    "Errand",
    "Infeasible",
    "Plan",
    "StoreBusy",
    "SweepReport",
    "carry_out",
    "live_view",
    "plan",
    "run",
]
