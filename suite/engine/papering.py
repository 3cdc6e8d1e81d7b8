"""Paper cells: the parts of a paper's experiment, and the finding that is concluded from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leaderboard.findings import Table
from suite.engine.cells import Cell
from suite.engine.work import Desk, HostLacks, ParentMissing, Work
from suite.papers import PaperInfo
from suite.papers.registry import conclude, describe, run_part


def paper_cells(info: PaperInfo, seeds: Iterable[int]) -> tuple[Cell, ...]:
    """The parts of a paper, of all ``seeds``, then the finding of each seed, whose parents they are.

    A part's spec names it under ``part``; a finding's has no such entry.
    """
    parts = {seed: [_part_cell(info, part, seed) for part in info.part_names] for seed in seeds}
    findings = [_finding_cell(info, seed, cells) for seed, cells in parts.items()]
    return (*(cell for cells in parts.values() for cell in cells), *findings)


def paper(cell: Cell, desk: Desk) -> Work:
    """Run the part that ``cell`` names, or conclude from all parts.

    The record of a part has its table as ``results``, that of a finding the finding.
    """
    named = cell.spec["paper"]
    info = describe(str(named["name"]).partition(".")[0])
    if info.source_hash != named["source_hash"]:
        raise HostLacks(
            f"the paper {info.name} was planned with other code than this host has; install the same "
            "version of transfer-league on both"
        )
    assert cell.seed is not None
    if "part" in cell.spec:
        return Work(run_part(info, cell.spec["part"], cell.seed).model_dump(mode="json"))
    finding = conclude(info, cell.seed, _tables(cell, desk))
    return Work(finding.model_dump(mode="json"))


def _tables(cell: Cell, desk: Desk) -> dict[str, Table]:
    """What the parents found, by the part's name."""
    found = {}
    for key in cell.parents:
        record = desk.store.get(key)
        if record is None:
            raise ParentMissing(f"a part that {cell.title} is concluded from is not in the store")
        found[str(record.spec["part"])] = Table.model_validate(record.results)
    return found


def _part_cell(info: PaperInfo, part: str, seed: int) -> Cell:
    return Cell("paper", {"paper": _named(info, part), "part": part, "seed": seed}, seed=seed)


def _finding_cell(info: PaperInfo, seed: int, parts: Iterable[Cell]) -> Cell:
    parents = tuple(part.key for part in parts)
    return Cell("paper", {"paper": _named(info), "seed": seed}, parents, seed=seed)


def _named(info: PaperInfo, part: str = "") -> Mapping[str, Any]:
    name = f"{info.name}.{part}" if part else info.name
    return {"name": name, "version": info.version, "source_hash": info.source_hash}
