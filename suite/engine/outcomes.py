"""How a cell can end, and what follows: a pure table, so that every case is read and tested in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Fault = Literal["lost", "memory", "time", "method", "parent", "store", "host"]
"""Why a cell did not finish:

``lost``    its worker or node went away;
``memory``  it ran out of memory, or over its declared limit;
``time``    it ran over its time limit;
``method``  the method raised, or returned what is no prediction;
``parent``  the record that it builds on is missing or corrupt;
``store``   its record could not be written;
``host``    its host lacks what the sweep needs: a module, or the same data under the benchmark's name.
"""

Action = Literal["again", "alone", "quarantine", "parent", "stop"]

# A worker that dies five times under one cell is killed by the cell, not by accident.
LOSSES = 5
_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 30.0


@dataclass(frozen=True)
class Outcome:
    """What a cell's body hands back: small, since the record itself is in the store by then.

    ``fault`` None means done; ``reason`` is one sentence; ``figure`` an accuracy in 0..1 for the live view.
    ``tracking`` says why W&B did not take part, if it should have. ``node`` is Ray's name for the host it ran
    on, empty where it is not known.
    """

    fault: Fault | None = None
    reason: str = ""
    traceback: str = ""
    seconds: float = 0.0
    figure: float | None = None
    tracking: str | None = None
    node: str = ""


@dataclass(frozen=True)
class Decision:
    """What to do with a cell that did not finish: the action, and seconds to wait before a new attempt."""

    action: Action
    wait: float = 0.0


def decide(fault: Fault, history: Sequence[Fault]) -> Decision:
    """What follows ``fault``, given the faults of the cell's earlier attempts in this run, oldest first."""
    if fault == "lost":
        losses = list(history).count("lost") + 1
        if losses >= LOSSES:
            return Decision("quarantine")
        return Decision("again", min(_BACKOFF_SECONDS * 2 ** (losses - 1), _LONGEST_BACKOFF_SECONDS))
    if fault == "memory":
        return Decision("quarantine") if "memory" in history else Decision("alone")
    if fault == "parent":
        # Once is an accident of the disk; twice in a run means that it cannot keep what is written.
        return Decision("stop") if "parent" in history else Decision("parent")
    if fault in ("time", "method"):
        return Decision("quarantine")
    return Decision("stop")
