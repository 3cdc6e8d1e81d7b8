"""One run a sweep for what belongs to all of its cells: the board, and what the benchmarks look like."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from leaderboard.board import build, to_csv, write_html
from leaderboard.records import BenchmarkIdentity, Record
from leaderboard.store import Store
from leaderboard.store.envelope import canonical
from suite.mirror.content import Content
from suite.mirror.place import FOLDER


def board_content(sweep: str, cells: Iterable[Content], records: Sequence[Record], store: Store) -> Content:
    """The run of a sweep's board, which follows from the runs of its cells and its benchmarks' sheets."""
    told = sorted((cell.run, cell.digest) for cell in cells)
    sheets = [hashlib.sha256(sheet).hexdigest() for sheet in _sheets(records, store).values()]
    run = f"board-{_plain(sweep)}"[:128]
    return Content(
        run=run,
        folder=f"{FOLDER}/offline-run-19700101_000000-{run}",
        name=f"board of {sweep}",
        group=sweep,
        job_type="board",
        tags=tuple(dict.fromkeys(("board", sweep[:64]))),
        config={"sweep": sweep, "cells": len(told), "benchmarks": sorted({b.name for b in _seen(records)})},
        summary={"made_of": hashlib.sha256(canonical([told, sheets])).hexdigest()},
    )


def fill_board(sweep: str, store: Store, records: Sequence[Record]) -> Callable[[Any], None]:
    """Logs the board (pages, JSON, CSV) as an artifact, its standings as a table, and contact sheets."""

    def fill(run: Any) -> None:
        import wandb

        board = build(store, sweep=sweep)
        with tempfile.TemporaryDirectory(prefix="league-board-") as folder:
            pages = Path(folder)
            write_html(board, pages)
            files = {path.relative_to(pages).as_posix(): path for path in pages.rglob("*") if path.is_file()}
            _log_files(run, f"board-{_plain(sweep)}", "board", files)
        head, *rows = csv.reader(io.StringIO(to_csv(board)))
        table = wandb.Table(columns=list(head), data=[list(map(_value, row)) for row in rows])
        run.log({"board/standings": table})
        sheets = _sheets(records, store)
        with tempfile.TemporaryDirectory(prefix="league-sheets-") as folder:
            files = {f"{name}.png": Path(folder) / f"{name}.png" for name in sheets}
            for name, sheet in sheets.items():
                files[f"{name}.png"].write_bytes(sheet)
                run.log({f"board/{name}": wandb.Html(_picture(name, sheet), inject=False)})
            if files:
                _log_files(run, f"contact-sheets-{_plain(sweep)}", "contact-sheets", files)

    return fill


def _log_files(run: Any, name: str, kind: str, files: Mapping[str, Path]) -> None:
    import wandb

    artifact = wandb.Artifact(name[:128], kind)
    for inside, path in sorted(files.items()):
        artifact.add_file(str(path), inside)
    run.log_artifact(artifact)


def _sheets(records: Iterable[Record], store: Store) -> dict[str, bytes]:
    """Name -> PNG file of the contact sheet of each benchmark that the store has one of."""
    found = ((benchmark, store.benchmark(benchmark.digest)) for benchmark in _seen(records))
    return {f"{benchmark.name}-{benchmark.digest[:8]}": kept[1] for benchmark, kept in found if kept}


def _seen(records: Iterable[Record]) -> list[BenchmarkIdentity]:
    found = {record.benchmark.digest: record.benchmark for record in records if record.benchmark}
    return sorted(found.values(), key=lambda benchmark: (benchmark.name, benchmark.digest))


def _picture(name: str, data: bytes) -> str:
    encoded = base64.b64encode(data).decode()
    return f'<img alt="{escape(name)}: one class a row" src="data:image/png;base64,{encoded}">'


def _plain(sweep: str) -> str:
    """``sweep`` in letters that W&B takes in ids and names."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in sweep)


def _value(text: str) -> float | str | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        return text
