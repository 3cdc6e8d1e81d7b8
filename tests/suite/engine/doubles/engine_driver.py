"""A driver of doubles, for tests that need several: STORE ADDRESS TRAININGS SECONDS WEIGHT.

It says what happens as lines of JSON on standard output: the event's name, its text and its cell's kind
if it has one, and the moment by the clock that all processes of a machine share.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from engine_sweeps import RESOURCES, sweep

from suite.engine import events, run


def say(event: events.Event) -> None:
    told = {
        "event": type(event).__name__,
        "text": getattr(event, "text", ""),
        "kind": event.cell.kind if hasattr(event, "cell") else "",
        "at": time.monotonic(),
    }
    print(json.dumps(told), flush=True)  # noqa: T201 its lines are what it is for


if __name__ == "__main__":
    store, address, trainings, seconds, weight = sys.argv[1:]
    methods = [{"scale": float(scale), "seconds": float(seconds)} for scale in range(1, int(trainings) + 1)]
    asked = sweep(Path(store), *methods, resources=replace(RESOURCES, weight=float(weight)))
    sys.exit(run(asked, address=address, on_event=say).exit_code)
