"""What the conformance suite found, and how it says it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

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
    def from_dict(cls, told: dict[str, Any]) -> Report:
        """What ``to_dict`` made."""
        findings = tuple(Finding(**finding) for finding in told["findings"])
        return cls(told["method"], findings, told["arguments"], told["seconds"])
