"""What the store's papers amount to: their findings over seeds, and what finding them took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.findings import Account, Check, Finding, Verdict, over_seeds
from leaderboard.records import Record
from leaderboard.store import Store

SYMBOLS: dict[Verdict, str] = {"reproduced": "✓", "partly reproduced": "◐", "not reproduced": "✗"}


@dataclass(frozen=True)
class TriedPaper:
    """A paper as it was tried with the code of ``source_hash``.

    ``wall_seconds`` and ``cpu_seconds`` are what all its parts took, over all seeds; ``started`` is when the
    last of its findings was begun; ``other_code``: findings in the store that other code made, left out here.
    """

    account: Account
    source_hash: str
    wall_seconds: float
    cpu_seconds: float
    started: str
    other_code: int = 0

    @property
    def finding(self) -> Finding:
        """Checks and figures over seeds."""
        return self.account.finding

    @property
    def verdict(self) -> Verdict:
        """Over seeds."""
        return self.account.verdict

    def checks(self, role: str) -> list[Check]:
        """Those that the verdict rests on (``claim``), or the others (``context``)."""
        return [check for check in self.finding.measured if check.role == role]

    @property
    def met(self) -> int:
        """How many checks of the claim are met."""
        return sum(check.met for check in self.checks("claim"))


def tried_papers(store: Store) -> tuple[TriedPaper, ...]:
    """Every paper of the store, by name. Raises CorruptRecord where one of their records is."""
    return from_records(store.scan(kind="paper"))


def from_records(records: Iterable[Record]) -> tuple[TriedPaper, ...]:
    """The same of known records; those of other kinds count for nothing.

    Findings count together that one version of the code made; of several, the one that was begun last.
    """
    known = {record.key: record for record in records if record.kind == "paper"}
    by_code: dict[str, dict[str, list[Record]]] = {}
    for record in known.values():
        if "part" not in record.spec:
            paper = record.spec["paper"]
            by_code.setdefault(paper["name"], {}).setdefault(paper["source_hash"], []).append(record)
    tried = []
    for codes in by_code.values():
        latest = max(codes, key=lambda code: (max(r.measured.started for r in codes[code]), code))
        others = sum(len(found) for code, found in codes.items() if code != latest)
        tried.append(_tried(codes[latest], latest, known, others))
    return tuple(sorted(tried, key=lambda paper: paper.finding.paper))


def paper_as_json(tried: TriedPaper, measured: bool = True) -> dict[str, Any]:
    """All of it as plain data; without ``measured``, no times."""
    told = {
        **tried.finding.model_dump(mode="json", exclude={"seed"}),
        "seeds": list(tried.account.seeds),
        "by_seed": {str(seed): verdict for seed, verdict in tried.account.by_seed.items()},
        "met": [check.met for check in tried.finding.measured],
        "source_hash": tried.source_hash,
    }
    times = {"wall_seconds": tried.wall_seconds, "cpu_seconds": tried.cpu_seconds}
    return {**told, **times} if measured else told


def headline(papers: Sequence[TriedPaper]) -> str:
    """``Of 3 claims 1 reproduced, 1 partly reproduced, 1 not reproduced``."""
    counts = {verdict: sum(paper.verdict == verdict for paper in papers) for verdict in SYMBOLS}
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return f"Of {len(papers)} claim{'s' * (len(papers) != 1)} {told}"


def spelled(value: float) -> str:
    """A figure of any size, with a true minus: ``12,000``, ``93.4``, ``0.0123``, ``1.7e−15``."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1_000:
        text = f"{value:,.0f}"
    elif size < 0.001:
        text = f"{value:.1e}"
    else:
        text = f"{value:#.3g}".rstrip(".")
    return text.replace("-", "−")


def interval_of(interval: tuple[float, float] | None) -> str:
    """``[1.20, 3.40]``, or nothing."""
    return "" if interval is None else f"[{spelled(interval[0])}, {spelled(interval[1])}]"


def criterion(check: Check) -> str:
    """``at least 15 points``, ``at most 0.5``, ``−4 to 4 points``."""
    unit = f" {check.unit}" if check.unit else ""
    if check.low is not None and check.high is not None:
        return f"{_bound(check.low)} to {_bound(check.high)}{unit}"
    if check.low is not None:
        return f"at least {_bound(check.low)}{unit}"
    assert check.high is not None
    return f"at most {_bound(check.high)}{unit}"


def outcome(check: Check) -> str:
    """``met``, ``not met``, and whether its interval reaches past the bound."""
    said = "met" if check.met else "not met"
    return said if check.sure is not False else f"{said}, narrowly"


def _bound(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")


def _tried(found: list[Record], code: str, known: dict[str, Record], others: int) -> TriedPaper:
    parts = {key for record in found for key in record.parents}
    costs = [record.measured for record in (*found, *(known[key] for key in parts if key in known))]
    return TriedPaper(
        account=over_seeds([Finding.model_validate(record.results) for record in found]),
        source_hash=code,
        wall_seconds=sum(cost.wall_seconds for cost in costs),
        cpu_seconds=sum(cost.cpu_seconds for cost in costs),
        started=max(record.measured.started for record in found),
        other_code=others,
    )
