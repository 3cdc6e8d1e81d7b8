"""The conformance suite in a process of its own, since the method's file must not run in the caller's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from suite.isolation import Code
from suite.submission.conformance.finding import Report
from suite.submission.errors import SubmissionError

# Told apart from whatever the method prints.
MARK = "league-conformance-report:"


class ConformanceError(SubmissionError):
    """The checks themselves could not be carried out, as when the file raises on being imported."""


def check(code: Code, python: Path, arguments: Mapping[str, Any], *, seconds: float = 120.0) -> Report:
    """Run every check on a submission with ``arguments``, by the interpreter ``python`` (of its environment).

    Raises ConformanceError where its file cannot be run, does not take the arguments, kills its process, or
    is not done after ``seconds``.
    """
    task = json.dumps({"code": asdict(code), "arguments": dict(arguments)})
    command = [str(python), "-m", "suite.submission.conformance.child"]
    environment = {**os.environ, "PYTHONPATH": _with_suite(), "CUDA_VISIBLE_DEVICES": ""}
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(task, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise ConformanceError(
            f"{code.name}: its checks did not end within {seconds:.0f} s; they train on a few dozen "
            "images, so "
            "look for a loop that never sees source.exhausted"
        ) from error
    finally:
        _end(process)
    return _report(code.name, process.returncode, out, err)


def _report(name: str, status: int, out: str, err: str) -> Report:
    lines = [line for line in out.splitlines() if line.startswith(MARK)]
    if not lines:
        last = (err.strip().splitlines() or ["it printed nothing"])[-1]
        died = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit code {status}"
        raise ConformanceError(f"{name}: its process died during the checks ({died}): {last}")
    told = json.loads(lines[-1].removeprefix(MARK))
    if "error" in told:
        raise ConformanceError(told["error"])
    return Report.from_dict(told)


def _end(process: subprocess.Popen[str]) -> None:
    """Whatever it started has its process group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _with_suite() -> str:
    """The suite may be used from its source folder, which the other interpreter must be told."""
    own = str(Path(__file__).parents[3])
    given = os.environ.get("PYTHONPATH")
    return f"{own}{os.pathsep}{given}" if given else own
