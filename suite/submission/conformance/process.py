"""The conformance suite where a submitted file may run: behind walls, or in a process of its own."""

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

from suite.isolation import Code, Limits
from suite.isolation.errors import NoWalls, OutOfTime, WallsFell
from suite.isolation.opening import examine
from suite.methods import MethodError
from suite.submission.conformance.finding import Report
from suite.submission.environment import Environment
from suite.submission.errors import SubmissionError

# Told apart from whatever the method prints.
MARK = "league-conformance-report:"
# A walled process has folders of its own there.
_OWN = ("/tmp", "/dev/shm")


class ConformanceError(SubmissionError):
    """The checks themselves could not be carried out, as when the file raises on being imported."""


def check(
    code: Code,
    environment: Environment,
    arguments: Mapping[str, Any],
    *,
    trusted: bool,
    seconds: float = 120.0,
) -> Report:
    """Run every check on a submission with ``arguments``, behind walls unless it is ``trusted``.

    Raises ConformanceError where there are no walls, where its file cannot be run, does not take the
    arguments, ends its process or does anything else than answer, or is not done after ``seconds``.
    """
    return (_in_a_process if trusted else _behind_walls)(code, environment, arguments, seconds)


def _behind_walls(
    code: Code, environment: Environment, arguments: Mapping[str, Any], seconds: float
) -> Report:
    python, packages = environment.python, environment.packages
    if packages is not None and any(packages.is_relative_to(folder) for folder in _OWN):
        raise ConformanceError(
            f"the packages of {code.name} are in {packages}, and behind walls {' and '.join(_OWN)} are "
            "empty: set LEAGUE_CACHE to a folder elsewhere"
        )
    try:
        told = examine(code, arguments, limits=Limits(seconds=seconds), python=python, packages=packages)
    except NoWalls as error:
        raise ConformanceError(f"{code.name} is not trusted, and {error}") from error
    except OutOfTime as error:
        raise ConformanceError(_late(code.name, seconds)) from error
    except (MethodError, MemoryError, WallsFell) as error:
        raise ConformanceError(f"{code.name}: its checks were cut short: {error}") from error
    return _report(code.name, told)


def _in_a_process(
    code: Code, environment: Environment, arguments: Mapping[str, Any], seconds: float
) -> Report:
    task = json.dumps({"code": asdict(code), "arguments": dict(arguments)})
    process = subprocess.Popen(
        [str(environment.python), "-m", "suite.submission.conformance.examining"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": _with_suite(), "CUDA_VISIBLE_DEVICES": ""},
        start_new_session=True,
    )
    try:
        out, err = process.communicate(task, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise ConformanceError(_late(code.name, seconds)) from error
    finally:
        _end(process)
    lines = [line for line in out.splitlines() if line.startswith(MARK)]
    if not lines:
        last = (err.strip().splitlines() or ["it printed nothing"])[-1]
        status = process.returncode
        died = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit code {status}"
        raise ConformanceError(f"{code.name}: its process died during the checks ({died}): {last}")
    return _report(code.name, json.loads(lines[-1].removeprefix(MARK)))


def _report(name: str, told: Mapping[str, Any]) -> Report:
    if "error" in told:
        raise ConformanceError(str(told["error"]))
    try:
        return Report.from_dict(told)
    except (KeyError, TypeError, ValueError) as error:
        raise ConformanceError(f"{name}: it gave a report of itself that is none") from error


def _late(name: str, seconds: float) -> str:
    return (
        f"{name}: its checks did not end within {seconds:.0f} s; they train on a few dozen images, so look "
        "for a loop that never sees source.exhausted"
    )


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
