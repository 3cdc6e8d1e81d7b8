"""The store of a real sweep in one small file: records, outcomes and plan, without checkpoints and W&B runs.

After ``league sweep standard``: python tests/browser/archive.py league-store tests/browser/standard.tar.xz
"""

from __future__ import annotations

import io
import sys
import tarfile
from pathlib import Path


def pack(store: Path, archive: Path) -> None:
    """Write what a board reads of a store into a .tar.xz; the same store gives the same bytes."""
    files = [
        path for path in store.rglob("*") if path.is_file() and _read_by_a_board(path.relative_to(store))
    ]
    with tarfile.open(archive, "w:xz", preset=9) as tar:
        # Like beside like, so that they are packed well.
        for path in sorted(files, key=lambda path: (path.name, str(path))):
            entry = tarfile.TarInfo(path.relative_to(store).as_posix())
            entry.size, entry.mode = path.stat().st_size, 0o644
            tar.addfile(entry, io.BytesIO(path.read_bytes()))


def unpack(archive: Path, folder: Path) -> Path:
    """The store again, in ``folder``."""
    with tarfile.open(archive) as tar:
        for entry in tar:
            target = folder / entry.name
            if not target.resolve().is_relative_to(folder.resolve()):
                raise ValueError(f"{archive} would write {entry.name} outside of {folder}")
            content = tar.extractfile(entry)
            if content is not None:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
    return folder


def _read_by_a_board(path: Path) -> bool:
    if path.parts[0] in ("records", "plans"):
        return "checkpoint" not in path.parts
    return path.name == "store.json"


if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(sys.argv[2]))
