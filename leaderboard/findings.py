"""What became of a claim when it was tried: checks with measured figures, and a verdict over seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field, model_validator
from scipy import special

Verdict = Literal["reproduced", "partly reproduced", "not reproduced"]
Role = Literal["claim", "context"]
"""``claim``: part of what the paper says, so the verdict rests on it. ``context``: what a reader should know
beside it; met or not, the verdict stays."""

Interval = tuple[float, float]
"""The lower and upper end of a 95 % interval."""

_COVERAGE = 0.95


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Figure(_Frozen):
    """A measured figure: a cell of a table that has ``row`` and ``column``.

    ``interval`` is that within its seed, over tasks or whatever the experiment draws.
    """

    row: str
    column: str
    value: float
    interval: Interval | None = None


class Table(_Frozen):
    """The figures of one experiment, under a ``title``; each (row, column) once."""

    title: str
    figures: tuple[Figure, ...]


class Check(_Frozen):
    """A criterion and what was measured: the ``value``, in ``unit``, is to lie in ``low``..``high``.

    An end that is None is open. ``sentence`` says what is expected, and tells the check from others.
    """

    sentence: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    interval: Interval | None = None
    role: Role = "claim"

    @model_validator(mode="after")
    def _can_fail(self) -> Check:
        if self.low is None and self.high is None:
            raise ValueError(f"the check {self.sentence!r} has no bound, so it cannot fail")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"nothing lies in {self.low:g}..{self.high:g} ({self.sentence})")
        return self

    @property
    def met(self) -> bool:
        """Whether the value lies within the bounds."""
        return self.holds(self.value)

    @property
    def sure(self) -> bool | None:
        """Whether all of the interval says the same as the value; None without an interval."""
        if self.interval is None:
            return None
        low, high = self.interval
        if self.met:
            return self.holds(low) and self.holds(high)
        return (self.low is not None and high < self.low) or (self.high is not None and low > self.high)

    def holds(self, value: float) -> bool:
        """Whether ``value`` would lie within the bounds."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


class Reported(_Frozen):
    """A figure of the paper's own, to lay beside ours; nothing is judged by it.

    ``source`` is where it was found; ``checked`` says whether it was looked up in the paper, else it is
    recalled or second-hand, and is shown as that.
    """

    what: str
    value: str
    source: str
    checked: bool = False


class Finding(_Frozen):
    """A paper's claim as it was tried with one seed: ``measured`` are the checks, ``figures`` all tables."""

    paper: str
    title: str
    authors: tuple[str, ...]
    year: int
    venue: str
    url: str = ""
    claim: str
    version: str
    seed: int
    measured: tuple[Check, ...]
    figures: Mapping[str, Table]
    reported: tuple[Reported, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _drop_verdict(cls, told: Any) -> Any:
        """What is told of a finding has its verdict, which follows from the checks."""
        return {key: told[key] for key in told if key != "verdict"} if isinstance(told, Mapping) else told

    @computed_field  # type: ignore[prop-decorator]
    @property
    def verdict(self) -> Verdict:
        """Over the checks of the claim."""
        return verdict(self.measured)


class Account(_Frozen):
    """A paper's finding over seeds: checks and figures are means over them, intervals are of these means.

    With one seed, intervals are those within it. ``by_seed`` is the verdict of each seed alone.
    """

    finding: Finding
    seeds: tuple[int, ...]
    by_seed: Mapping[int, Verdict] = Field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """Over the checks of the claim, their values being means over seeds."""
        return self.finding.verdict


def verdict(checks: Sequence[Check]) -> Verdict:
    """``reproduced`` where every check of the claim is met, ``not reproduced`` where none is.

    Raises ValueError where no check is of the claim.
    """
    met = [check.met for check in checks if check.role == "claim"]
    if not met:
        raise ValueError("no check is of the claim, so nothing can be said of it")
    if all(met):
        return "reproduced"
    return "partly reproduced" if any(met) else "not reproduced"


def over_seeds(findings: Sequence[Finding]) -> Account:
    """Findings of one paper and version, each of its own seed, as one.

    Raises ValueError where there is none, or they are of several papers, of one seed twice, or checked
    different things.
    """
    ordered = sorted(findings, key=lambda finding: finding.seed)
    if not ordered:
        raise ValueError("there is no finding to give an account of")
    _require_alike(ordered)
    first = ordered[0]
    checks = [
        check.model_copy(update=_mean([finding.measured[i] for finding in ordered]))
        for i, check in enumerate(first.measured)
    ]
    tables = {
        name: Table(title=table.title, figures=_means([finding.figures[name] for finding in ordered]))
        for name, table in first.figures.items()
    }
    return Account(
        finding=first.model_copy(update={"measured": tuple(checks), "figures": tables}),
        seeds=tuple(finding.seed for finding in ordered),
        by_seed={finding.seed: finding.verdict for finding in ordered},
    )


def mean_and_interval(values: Sequence[float]) -> tuple[float, Interval]:
    """The mean of at least two values and its 95 % interval by Student's t."""
    n = len(values)
    mean = math.fsum(values) / n
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    reach = float(special.stdtrit(n - 1, (1 + _COVERAGE) / 2)) * deviation / math.sqrt(n)
    return mean, (mean - reach, mean + reach)


def _require_alike(findings: Sequence[Finding]) -> None:
    seeds = [finding.seed for finding in findings]
    if len(set(seeds)) != len(seeds):
        raise ValueError(f"each seed counts once, not {seeds}")
    kinds = {(finding.paper, finding.version) for finding in findings}
    if len(kinds) != 1:
        raise ValueError(f"an account is of one paper and version, not of {sorted(kinds)}")
    asked = {
        (tuple((c.sentence, c.low, c.high, c.role) for c in finding.measured), *_shape(finding))
        for finding in findings
    }
    if len(asked) != 1:
        raise ValueError(f"the seeds of {findings[0].paper} did not check the same things")


def _shape(finding: Finding) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (name, figure.row, figure.column)
        for name, table in sorted(finding.figures.items())
        for figure in table.figures
    )


def _mean(same: Sequence[Check] | Sequence[Figure]) -> dict[str, object]:
    """Value and interval over seeds; of one seed, its own."""
    if len(same) == 1:
        return {"value": same[0].value, "interval": same[0].interval}
    value, interval = mean_and_interval([one.value for one in same])
    return {"value": value, "interval": interval}


def _means(tables: Sequence[Table]) -> tuple[Figure, ...]:
    return tuple(
        figure.model_copy(update=_mean([table.figures[i] for table in tables]))
        for i, figure in enumerate(tables[0].figures)
    )
