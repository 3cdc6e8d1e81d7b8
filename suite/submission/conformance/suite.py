"""All checks on one method, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from suite.methods import Method
from suite.submission.conformance.bench import Bench, Stumbled
from suite.submission.conformance.checks import CHECKS, NOTE, Check
from suite.submission.conformance.finding import Finding, Report


def examine(make: Callable[..., Method], name: str, defaults: Mapping[str, Any]) -> Report:
    """Run every check on the method that ``make`` builds. ``defaults`` are those of its arguments.

    Where the method raises, the check fails with what it raised, and those that meet the same are skipped.
    """
    began = time.monotonic()
    bench = Bench(make, name)
    findings: list[Finding] = []
    stumbled: set[str] = set()
    for title, check in CHECKS.items():
        findings += _found(title, check, bench, stumbled)
    return Report(name, tuple(findings), dict(defaults), time.monotonic() - began)


def _found(title: str, check: Check, bench: Bench, stumbled: set[str]) -> Iterator[Finding]:
    told: list[str] = []
    try:
        told += check(bench)
    except Stumbled as error:
        if str(error) in stumbled:
            yield Finding(title, "skipped", "not reached: see above")
            return
        stumbled.add(str(error))
        told.append(str(error))
    if not told:
        yield Finding(title, "passed")
    for sentence in told:
        noted = sentence.startswith(NOTE)
        yield Finding(title, "noted" if noted else "failed", sentence.removeprefix(NOTE))
