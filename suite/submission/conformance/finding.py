"""What the conformance suite found, and how it says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

State = Literal["passed", "failed", "noted", "skipped"]


@dataclass(frozen=True)
class Finding:
    """One check. ``told`` says in a sentence what failed and what to change (or what is worth knowing)."""

    check: str
    state: State
    told: str = ""


@dataclass(frozen=True)
class Report:
    """All checks of one method, and the arguments that it takes with their defaults."""

    method: str
    findings: tuple[Finding, ...]
    arguments: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def conforms(self) -> bool:
        """Whether no check failed."""
        return all(finding.state in ("passed", "noted") for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """JSON types only; ``from_dict`` reads them back."""
        return {**asdict(self), "conforms": self.conforms}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Report:
        """What ``to_dict`` made. Raises KeyError, TypeError or ValueError for anything else."""
        findings = tuple(_finding(entry) for entry in told["findings"])
        return cls(_text(told["method"]), findings, dict(told["arguments"]), float(told["seconds"]))


def _finding(told: Mapping[str, Any]) -> Finding:
    if told["state"] not in get_args(State):
        raise ValueError(f"no finding is {told['state']!r}")
    return Finding(_text(told["check"]), told["state"], _text(told["told"]))


def _text(told: object) -> str:
    """Without what a terminal would obey: it may come from behind walls."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(told))
