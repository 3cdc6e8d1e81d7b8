"""What a cell's folder will hold: tables as Parquet, and files copied in."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePosixPath

import pyarrow as pa

from leaderboard.store import commit, layout, tables
from leaderboard.store.medium import Writer

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")


def contents(
    named_tables: Mapping[str, pa.Table], files: Mapping[str, str | os.PathLike[str]]
) -> dict[str, Writer]:
    """Relative name -> writer, sorted by name; a folder among ``files`` counts with all that is in it.

    Raises ValueError for names that would leave the cell's folder or clash, for links and special files, and
    for an ``outcomes`` table that does not fit its schema.
    """
    writers: dict[str, Writer] = {}
    for name, table in named_tables.items():
        data = tables.parquet(tables.outcomes(table) if name == tables.OUTCOMES else table)
        _add(writers, f"{name}.parquet", partial(_write, data))
    for name, source in files.items():
        for relative, file in _regular_files(Path(source)):
            _add(writers, f"{name}/{relative}" if relative else name, partial(commit.copy_file, file))
    return dict(sorted(writers.items()))


def _write(data: bytes, path: Path) -> str:
    return commit.write_file(path, data)


def _add(writers: dict[str, Writer], name: str, writer: Writer) -> None:
    parts = PurePosixPath(name).parts
    if not parts or not all(_NAME.fullmatch(part) for part in parts) or name == layout.RECORD:
        raise ValueError(
            f"{name!r} cannot name a file of a cell: use letters, digits and . _ + - in each part"
        )
    if name in writers:
        raise ValueError(f"two files of the cell are called {name!r}")
    writers[name] = writer


def _regular_files(top: Path) -> list[tuple[str, Path]]:
    """(path relative to ``top``, file) for every file in it, or ("", top) if it is one itself."""
    if not top.is_dir() or top.is_symlink():
        return [("", _regular(top))]
    inside = [path for path in sorted(top.rglob("*")) if path.is_symlink() or not path.is_dir()]
    return [(path.relative_to(top).as_posix(), _regular(path)) for path in inside]


def _regular(path: Path) -> Path:
    if path.is_symlink() or not path.is_file():
        raise ValueError(
            f"{path} is not a regular file: a cell keeps files, no links and nothing that is missing"
        )
    return path
