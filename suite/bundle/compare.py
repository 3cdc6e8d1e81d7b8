"""Two computations of one cell, side by side: equal, or off by how much, and what may explain it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from leaderboard.records import Measured, Record
from leaderboard.store.tables import from_parquet
from suite.bundle.check import OUTCOMES_FILE
from suite.runs.listing import accuracy

Verdict = Literal["reproduced", "off", "not run"]


@dataclass(frozen=True)
class Finding:
    """What became of one cell.

    ``then`` and ``now`` are accuracies in 0..1 (of a training its best on meta-validation). Of ``episodes``
    test episodes ``differing`` had another outcome, by at most ``largest`` of their query images.
    ``results`` and ``files`` name figures and files that are not equal; ``environment`` what else was not.
    ``reason`` says why a cell was not run. ``seconds`` is what computing it took here.
    """

    key: str
    title: str
    verdict: Verdict
    then: float | None = None
    now: float | None = None
    episodes: int = 0
    differing: int = 0
    largest: int = 0
    results: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0


def compare(title: str, then: Record, now: Record, old: Path | None, new: Path) -> Finding:
    """Hold a record against the one that was computed here; ``old`` and ``new`` are their outcomes' files.

    Whatever its bytes, a table is equal that has the same episodes with the same outcomes.
    """
    episodes = differing = largest = 0
    if old is not None:
        told, found = (from_parquet(path.read_bytes()) for path in (old, new))
        episodes = len(told)
        if len(found) != episodes:
            differing = max(episodes, len(found))
        else:
            gaps = np.abs(told["correct"].to_numpy().astype(int) - found["correct"].to_numpy().astype(int))
            differing, largest = int((gaps > 0).sum()), int(gaps.max())
    names = sorted(then.results.keys() | now.results.keys())
    results = tuple(name for name in names if then.results.get(name) != now.results.get(name))
    others = sorted((then.files.keys() | now.files.keys()) - {OUTCOMES_FILE})
    files = tuple(name for name in others if then.files.get(name) != now.files.get(name))
    return Finding(
        key=then.key,
        title=title,
        verdict="off" if differing or results or files else "reproduced",
        then=accuracy(then),
        now=accuracy(now),
        episodes=episodes,
        differing=differing,
        largest=largest,
        results=results,
        files=files,
        environment=tuple(differences(then.measured, now.measured)),
        seconds=now.measured.wall_seconds,
    )


def differences(then: Measured, now: Measured) -> Iterator[str]:
    """What of two environments is not equal, a sentence part each: ``torch 2.14.1 then, 2.15.0 now``."""
    for name in sorted(then.versions.keys() | now.versions.keys()):
        was, has = then.versions.get(name, "absent"), now.versions.get(name, "absent")
        if was != has:
            yield f"{name} {was} then, {has} now"
    if then.platform != now.platform:
        yield f"platform {then.platform or 'not recorded'} then, {now.platform} now"
    if then.threads != now.threads:
        yield f"threads {then.threads or 'not recorded'} then, {now.threads} now"
