"""From a case to a measured row."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from bench.case import Case, Work
from bench.memory import peak_of
from bench.timing import Clock, Job, Paired, in_turn, median

KEYS = ("case", "peer", "peer_s", "ours_s", "ratio", "ratio_min", "ratio_max", "peer_mib", "ours_mib")
"""What ``--json`` prints of a row, before figures that its case alone has."""


@dataclass(frozen=True)
class Row:
    """A case as it was measured: medians in seconds, ratios of the peer's time to ours round by round.

    ``*_mib`` is by how many MiB one call raises the process's peak memory, in a process of its own
    (``bench.memory``). None: there is no peer, or it could not be measured; ``note`` says which. ``figures``
    are others that the case has, by name.
    """

    case: str
    peer: str | None
    peer_s: float | None
    ours_s: float
    ratio: float | None
    ratio_min: float | None
    ratio_max: float | None
    peer_mib: float | None
    ours_mib: float | None
    ours_min: float
    ours_max: float
    floor_s: float | None = None
    target: float | None = None
    note: str = ""
    figures: dict[str, float] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """The keys that ``--json`` prints."""
        return {**{key: getattr(self, key) for key in KEYS}, **self.figures}

    def kept(self) -> dict[str, Any]:
        """Everything, as ``figures.json`` keeps it."""
        return dataclasses.asdict(self)


def measure(
    benchmark: str, position: int, case: Case, *, seconds: float, clock: Clock, memory: bool, quick: bool
) -> Row:
    """Time a case for about ``seconds`` by ``clock`` and measure its memory in processes of their own.

    ``position`` is the case's place in ``cases(quick)`` of ``benchmark``, by which another process finds it.
    """
    missing = [name for name in case.needs if not _installed(name)]
    work = case.prepare()
    peer = None if missing else work.peer
    results = [job() for job in (work.ours, peer) if job is not None]  # also warms both up
    note = f"needs {', '.join(missing)}: pip install '.[bench]'" if missing else ""
    if work.agreement is not None and peer is not None:
        note = work.agreement(*results)
    if work.peer is None and work.agreement is not None:
        note = work.agreement(results[0], None)
    paired, extra = _timed(work, peer, results[0], seconds, clock)
    memory = memory and work.report is None
    note = "; ".join(
        part for part in (*(f"{name} {value:.3g}" for name, value in extra.items()), note) if part
    )
    del results
    ratios = paired.ratios
    own = median(paired.ours)
    assert own is not None
    if case.units is not None:
        count, what = case.units
        note = "; ".join(part for part in (f"{count / own:,.0f} {what}/s", note) if part)
    floor = work.floor(clock) if work.floor is not None else None
    del work
    sides = ("ours", "peer") if peer is not None else ("ours",)
    peaks = {side: peak_of(benchmark, position, side, quick) for side in sides} if memory else {}
    return Row(
        case=case.name,
        peer=case.peer,
        peer_s=median(paired.peer),
        ours_s=own,
        ratio=median(ratios),
        ratio_min=min(ratios, default=None),
        ratio_max=max(ratios, default=None),
        peer_mib=peaks.get("peer"),
        ours_mib=peaks.get("ours"),
        ours_min=min(paired.ours),
        ours_max=max(paired.ours),
        floor_s=floor,
        target=case.target,
        note=note,
        figures=extra,
    )


def _timed(
    work: Work, peer: Job | None, result: object, seconds: float, clock: Clock
) -> tuple[Paired, dict[str, float]]:
    """Both sides' seconds, and other figures of the job. ``result`` is that of our first call."""
    if work.report is not None:
        report = work.report(result)
        return Paired((report.seconds,), ()), dict(report.figures)
    # Only now are all libraries loaded that either side brings, each with threads of its own.
    with threadpool_limits(torch.get_num_threads()):
        return in_turn(work.ours, peer, seconds, clock), {}


def version(distribution: str) -> str:
    """``"scikit-learn 1.9.1"``, or the bare name where it is not installed."""
    return f"{distribution} {metadata.version(distribution)}" if _installed(distribution) else distribution


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
