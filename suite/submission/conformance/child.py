"""The process that ``check`` starts: a submission on standard input, the report on standard output."""

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
from suite.submission.conformance.process import MARK
from suite.submission.conformance.suite import examine
from suite.submission.errors import SubmissionError
from suite.submission.loading import register

# A narrow network conforms where a wide one does, in a tenth of the time.
NARROW = {"width": 8}


def main() -> None:
    """Read the task, run the checks, write one line."""
    task = json.load(sys.stdin)
    code = Code(**{**task["code"], "dependencies": tuple(task["code"]["dependencies"])})
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the method prints is no report
    torch.set_num_threads(1)
    sys.dont_write_bytecode = True
    try:
        answer = _examined(code, task["arguments"])
    except SubmissionError as error:
        answer = {"error": str(error)}
    told.write(f"\n{MARK}{json.dumps(answer)}\n")
    told.flush()


def _examined(code: Code, arguments: Mapping[str, Any]) -> dict[str, Any]:
    register(code)
    defaults = suite.methods.describe(code.name).defaults
    narrow = {key: value for key, value in NARROW.items() if key in defaults}
    try:
        suite.methods.get(code.name, **{**narrow, **arguments})
    except (TypeError, ValueError) as error:
        raise SubmissionError(f"{code.name}: {error}") from error
    make = partial(suite.methods.get, code.name, **{**narrow, **arguments})
    return examine(make, code.name, _plain(defaults)).to_dict()


def _plain(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults as JSON; one that JSON cannot hold is told by a check, and shown as text."""
    return json.loads(json.dumps(defaults, default=repr))  # type: ignore[no-any-return]


if __name__ == "__main__":
    main()
