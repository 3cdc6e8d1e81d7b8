"""One run a sweep for what belongs to all of its cells: the board, and what the benchmarks look like."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import tempfile
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import tasks
from leaderboard.board import build, to_csv, write_html
from leaderboard.records import BenchmarkIdentity, Record
from leaderboard.store import Store
from suite.engine.cells import canonical
from suite.mirror.content import Content
from suite.mirror.place import FOLDER
from suite.mirror.png import png

_CLASSES, _PER_CLASS = 16, 12


def board_content(sweep: str, cells: Iterable[Content], records: Sequence[Record]) -> Content:
    """The run of a sweep's board, which follows from the runs of its cells."""
    told = sorted((cell.run, cell.digest) for cell in cells)
    run = f"board-{quote(sweep, safe='')}"[:128]
    return Content(
        run=run,
        folder=f"{FOLDER}/offline-run-19700101_000000-{run}",
        name=f"board of {sweep}",
        group=sweep,
        job_type="board",
        tags=tuple(dict.fromkeys(("board", sweep[:64]))),
        config={"sweep": sweep, "cells": len(told), "benchmarks": sorted({b.name for b in _seen(records)})},
        summary={"cells": hashlib.sha256(canonical(told)).hexdigest()},
    )


def fill_board(
    sweep: str, store: Store, records: Sequence[Record], notice: Callable[[str], None]
) -> Callable[[Any], None]:
    """Logs the board (pages, JSON, CSV) as an artifact, its standings as a table, and contact sheets.

    ``notice`` hears of benchmarks that cannot be shown, since this machine lacks them or has other data.
    """

    def fill(run: Any) -> None:
        import wandb

        board = build(store, sweep=sweep)
        with tempfile.TemporaryDirectory(prefix="league-board-") as folder:
            write_html(board, Path(folder) / "board")
            artifact = wandb.Artifact(_artifact_name("board", sweep), "board")
            for path in sorted(path for path in (Path(folder) / "board").rglob("*") if path.is_file()):
                artifact.add_file(str(path), path.relative_to(Path(folder) / "board").as_posix())
            run.log_artifact(artifact)
            head, *rows = csv.reader(io.StringIO(to_csv(board)))
            run.log(
                {
                    "board/standings": wandb.Table(
                        columns=list(head), data=[list(map(_value, r)) for r in rows]
                    )
                }
            )
            sheets = dict(_sheets(records, notice))
            if not sheets:
                return
            artifact = wandb.Artifact(_artifact_name("contact-sheets", sweep), "contact-sheets")
            for name, data in sheets.items():
                path = Path(folder) / f"{name}.png"
                path.write_bytes(data)
                artifact.add_file(str(path))
                run.log({f"board/{name}": wandb.Html(_picture(name, data), inject=False)})
            run.log_artifact(artifact)

    return fill


def _sheets(records: Sequence[Record], notice: Callable[[str], None]) -> Iterable[tuple[str, bytes]]:
    """Name and PNG of each benchmark: its first test classes, one a row."""
    for identity in _seen(records):
        try:
            benchmark = tasks.load(identity.name, **identity.options)
        except (LookupError, TypeError, ValueError, tasks.DataError) as error:
            notice(f"no contact sheet of {identity.name}: {error}")
            continue
        if benchmark.digest != identity.digest:
            notice(f"no contact sheet of {identity.name}: this machine has other data by that name")
            continue
        classes = range(min(_CLASSES, len(benchmark.classes("test"))))
        sheet = tasks.contact_sheet(benchmark, "test", list(classes), _PER_CLASS)
        yield f"{identity.name}-{identity.digest[:8]}", png(sheet)


def _seen(records: Iterable[Record]) -> list[BenchmarkIdentity]:
    found = {record.benchmark.digest: record.benchmark for record in records if record.benchmark}
    return sorted(found.values(), key=lambda benchmark: (benchmark.name, benchmark.digest))


def _picture(name: str, data: bytes) -> str:
    encoded = base64.b64encode(data).decode()
    return f'<img alt="{escape(name)}: one class a row" src="data:image/png;base64,{encoded}">'


def _artifact_name(what: str, sweep: str) -> str:
    return f"{what}-{''.join(c if c.isalnum() or c in '._-' else '_' for c in sweep)}"[:128]


def _value(text: str) -> float | str | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        return text
