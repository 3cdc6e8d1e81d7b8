"""A submission examined in this process, which is its own: behind walls, or started for a trusted one."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

import suite.methods
from suite.isolation import Code
from suite.isolation.conditions import import_optimisers
from suite.submission.conformance.process import MARK
from suite.submission.conformance.suite import examine
from suite.submission.errors import SubmissionError
from suite.submission.loading import register

# A narrow network conforms where a wide one does, in a tenth of the time.
NARROW = {"width": 8}


def answer(code: Code, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The report as JSON types; or, where the file cannot be run or built, an ``error`` that says why."""
    torch.set_num_threads(1)
    sys.dont_write_bytecode = True
    import_optimisers()  # else the first training would write files
    try:
        register(code)
        defaults = suite.methods.describe(code.name).defaults
        narrow = {key: value for key, value in NARROW.items() if key in defaults}
        make = partial(suite.methods.get, code.name, **{**narrow, **arguments})
        make()
    except SubmissionError as error:
        return {"error": str(error)}
    except (TypeError, ValueError) as error:
        return {"error": f"{code.name}: {error}"}
    return examine(make, code.name, _plain(defaults)).to_dict()


def main() -> None:
    """A submission on standard input, the report on standard output."""
    task = json.load(sys.stdin)
    code = Code(**{**task["code"], "dependencies": tuple(task["code"]["dependencies"])})
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the method prints is no report
    told.write(f"\n{MARK}{json.dumps(answer(code, task['arguments']))}\n")
    told.flush()


def _plain(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults as JSON; one that JSON cannot hold is told by a check, and shown as text."""
    return json.loads(json.dumps(defaults, default=repr))  # type: ignore[no-any-return]


if __name__ == "__main__":
    main()
