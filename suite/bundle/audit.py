"""Random cells of a bundle, computed again here: reproduced, or off by how much."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import suite.methods
from leaderboard.records import Record
from suite.bundle.check import OUTCOMES_FILE, cell_of
from suite.bundle.compare import Finding, compare
from suite.bundle.errors import BundleError
from suite.bundle.opened import Bundle, opened
from suite.bundle.rerun import Bench, bench
from suite.isolation import Code
from suite.submission import SubmissionError, of_text


@dataclass(frozen=True)
class Audit:
    """What an audit found. ``seed`` drew the cells out of so many ``evaluations``; ``deep``: trained anew."""

    bundle: str
    seed: int
    evaluations: int
    deep: bool
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each verdict."""
        return dict(Counter(finding.verdict for finding in self.findings))

    @property
    def reproduced(self) -> bool:
        """Whether every cell came out bit for bit."""
        return all(finding.verdict == "reproduced" for finding in self.findings)


def audit(
    path: str | Path,
    *,
    cells: int = 5,
    seed: int | None = None,
    deep: bool = False,
    trust: bool = False,
    folder: str | Path | None = None,
    on_finding: Callable[[Finding], None] | None = None,
) -> Audit:
    """Compute ``cells`` random evaluations of a bundle again and hold them against what it says.

    ``seed`` decides the draw (None: nobody can know it beforehand). With ``deep``, or where the bundle has no
    checkpoint, their trainings are computed and compared too. A submission runs within walls, or as code of
    this process's user with ``trust``. The new records are kept in ``folder``, if one is given.

    Raises BundleError where the bundle does not verify or ``folder`` is not empty.
    """
    drawn_with = random.SystemRandom().randrange(10**6) if seed is None else seed
    with opened(path) as bundle, tempfile.TemporaryDirectory(prefix="league-audit-") as temporary:
        keys = sorted(key for key, record in bundle.records.items() if record.kind == "evaluate")
        if not keys:
            raise BundleError(f"{bundle.path.name} holds no evaluation to compute again")
        drawn = random.Random(drawn_with).sample(keys, min(cells, len(keys)))
        findings: dict[str, Finding] = {}
        with bench(_empty(folder) if folder is not None else Path(temporary)) as place:
            auditor = _Auditor(bundle, place, deep, trust)
            for key in drawn:
                for finding in auditor.findings(bundle.records[key]):
                    if finding.key not in findings and on_finding:
                        on_finding(finding)
                    findings.setdefault(finding.key, finding)
        return Audit(bundle.sha256, drawn_with, len(keys), deep, tuple(findings.values()))


def _empty(folder: str | Path) -> Path:
    place = Path(folder)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise BundleError(f"{place} is not an empty folder: an audit computes into a store of its own")
    return place


class _Auditor:
    """Computes evaluations of one bundle again, each training once."""

    def __init__(self, bundle: Bundle, place: Bench, deep: bool, trust: bool) -> None:
        self._bundle, self._place, self._deep, self._trust = bundle, place, deep, trust
        self._trained: dict[str, Finding | None] = {}

    def findings(self, record: Record) -> list[Finding]:
        """What became of an evaluation, and of its training where that was computed again."""
        train = self._bundle.records[record.parents[0]]
        try:
            code = self._code(train)
        except _OtherCode as error:
            return [_not_run(record, str(error))]
        if train.key not in self._trained:
            self._trained[train.key] = self._training(train, code)
        trained = self._trained[train.key]
        before = [] if trained is None else [trained]
        if trained and trained.verdict == "not run":
            return [*before, _not_run(record, f"its training was not computed: {trained.reason}")]
        return [*before, self._computed(record, code)]

    def _training(self, train: Record, code: Code) -> Finding | None:
        """Compute a training again, or lay out the bundle's checkpoint: then there is nothing to find."""
        files = self._bundle.files(train)
        if self._deep or files is None:
            return self._computed(train, code)
        self._place.store.put(train, files=files)
        return None

    def _computed(self, record: Record, code: Code) -> Finding:
        outcome = self._place.run(record, code, self._trust)
        store = self._place.store
        now = None if outcome.fault else store.get(record.key)
        if now is None:
            return _not_run(record, outcome.reason or "its record did not arrive")
        old = self._bundle.folder / "records" / record.key / OUTCOMES_FILE
        new = store.folder(record.key) / OUTCOMES_FILE
        return compare(cell_of(record).title, record, now, old if record.protocol else None, new)

    def _code(self, train: Record) -> Code:
        """The code of the method that ``train`` trained. Raises _OtherCode where it is another one here."""
        assert train.method is not None
        name, text = train.method.name, self._bundle.source(train)
        try:
            if text is not None:
                submitted = of_text(text, self._bundle.path)
                code, here = submitted.code, submitted.source_hash
            else:
                info = suite.methods.describe(name)
                code, here = Code(name, info.module), info.source_hash
        except (SubmissionError, LookupError) as error:
            raise _OtherCode(str(error.args[0])) from error
        if here != train.method.source_hash:
            version = train.measured.versions.get("transfer-league", "unknown")
            raise _OtherCode(
                f"the code of {name} here is not what was run there (sha256 {here[:12]}, "
                f"{train.method.source_hash[:12]} there, with transfer-league {version}): "
                "install that version and audit again"
            )
        return code


class _OtherCode(Exception):
    """A method's code here is not what a bundle's records were computed with; the message says how."""


def _not_run(record: Record, reason: str) -> Finding:
    return Finding(record.key, cell_of(record).title, "not run", reason=reason)
