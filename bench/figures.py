"""The figures of the last kept run, in ``figures.json`` beside this file, and what has changed since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Row

FILE = Path(__file__).with_name("figures.json")


@dataclass(frozen=True)
class Kept:
    """Rows of one benchmark and the machine that they were measured on."""

    machine: Mapping[str, str]
    rows: tuple[Row, ...]


def read(file: Path = FILE) -> dict[str, Kept]:
    """Benchmark name -> its last kept run. Empty where nothing was kept."""
    if not file.exists():
        return {}
    stored = json.loads(file.read_text(encoding="utf-8"))
    return {
        name: Kept(part["machine"], tuple(Row(**row) for row in part["rows"]))
        for name, part in stored.items()
    }


def write(found: Mapping[str, Kept], file: Path = FILE) -> None:
    """Keep ``found``; benchmarks that are not in it stay as they were."""
    merged = {**read(file), **found}
    plain = {
        name: {"machine": dict(kept.machine), "rows": [row.kept() for row in kept.rows]}
        for name, kept in sorted(merged.items())
    }
    file.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")


def since(row: Row, machine: Mapping[str, str], kept: Kept | None) -> str:
    """``row`` against the last figure of its case, in a few words.

    A change counts where the two runs' ranges have no value in common. Compared are ratios to the peer; where
    there is no peer, seconds, and these only on the same machine.
    """
    before = next((old for old in kept.rows if old.case == row.case), None) if kept else None
    if before is None or kept is None:
        return "new"
    if row.ratio is not None and before.ratio is not None:
        new, old = (row.ratio_min, row.ratio_max), (before.ratio_min, before.ratio_max)
        return _change(new, old, f"{before.ratio:.3g}×")
    if (row.ratio is None) != (before.ratio is None):
        return "no peer in both"
    if dict(machine) != dict(kept.machine):
        return "other machine"
    # A higher rate is better, as a higher ratio is.
    new = (1 / row.ours_max, 1 / row.ours_min)
    return _change(new, (1 / before.ours_max, 1 / before.ours_min), f"{before.ours_s:.3g} s")


def _change(new: tuple[float | None, float | None], old: tuple[float | None, float | None], was: str) -> str:
    assert new[0] is not None and new[1] is not None and old[0] is not None and old[1] is not None
    if new[0] > old[1]:
        return f"faster (was {was})"
    if new[1] < old[0]:
        return f"SLOWER (was {was})"
    return f"as before ({was})"
