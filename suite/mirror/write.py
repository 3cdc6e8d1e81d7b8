"""Offline runs, written by W&B itself, each put in its place whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leaderboard.records import Record
from leaderboard.store import Store
from suite.mirror import describe
from suite.mirror.content import Content, history, outcome_rows
from suite.mirror.marker import Mirrored
from suite.mirror.place import FOLDER, on_disk

# W&B keeps the files of artifacts here until they are sent; by default that is in the user's home.
_DATA = "WANDB_DATA_DIR"
_UNFINISHED = ".new-"
_OLD_SECONDS = 86_400.0


class MirrorError(RuntimeError):
    """The mirror could not be made or sent; the store is as it was. The message says what would help."""


def write(content: Content, root: Path, project: str, fill: Callable[[Any], None]) -> Mirrored:
    """Write the offline run of ``content`` into its folder below ``root``, in place of what was there.

    ``fill`` logs what the content does not hold. Raises MirrorError where W&B refuses.
    """
    import wandb

    place = root / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix=_UNFINISHED) as scratch, _staging(root, content.run):
        try:
            run = wandb.init(
                project=project,
                dir=scratch,
                group=content.group[:128],
                job_type=content.job_type,
                name=content.name[:128],
                id=content.run,
                tags=content.tags,
                config=dict(content.config),
                mode="offline",
                settings=describe.settings(wandb),
            )
            describe.define_metrics(run)
            fill(run)
            run.summary.update(dict(content.summary))
            made = Path(run.dir).parent
            run.finish(exit_code=content.exit_code)
        except (wandb.Error, OSError) as error:
            raise MirrorError(f"the W&B run of {content.name} was not written: {error}") from error
        final = root / content.folder
        for old in {final, *_earlier(root, content)}:
            if old.is_dir():
                shutil.rmtree(old)
        made.rename(final)
    return Mirrored(
        folder=content.folder,
        content=content.digest,
        file=file_digest(final),
        root=str(root.absolute()),
        project=project,
    )


def fill_from(record: Record, store: Store) -> Callable[[Any], None]:
    """Logs the curves and the table of episodes of a record."""

    def fill(run: Any) -> None:
        import wandb

        for step in history(record, store):
            run.log(step)
        rows = outcome_rows(record, store)
        if rows is not None:
            run.log({"outcomes": wandb.Table(columns=list(rows[0]), data=rows[1])})

    return fill


def clear_unfinished(root: Path) -> None:
    """Remove what a mirroring that was killed a day ago or earlier left behind."""
    for folder in (root / FOLDER).glob(f"{_UNFINISHED}*"):
        if folder.is_dir() and time.time() - folder.stat().st_mtime > _OLD_SECONDS:
            shutil.rmtree(folder)


def file_digest(folder: Path) -> str:
    """sha256 of the run file in an offline run's folder; empty where there is none."""
    files = sorted(folder.glob("run-*.wandb"))
    return hashlib.sha256(files[0].read_bytes()).hexdigest() if files else ""


def _earlier(root: Path, content: Content) -> list[Path]:
    """Other offline folders of the same run: were one left, both would be sent."""
    key, _, attempt = content.run.rpartition("-")
    if not attempt.isdigit():
        return [root / content.folder]
    return [path for path in on_disk(root, key, int(attempt)) if path.name.startswith("offline-run-")]


@contextmanager
def _staging(root: Path, run: str) -> Iterator[None]:
    """Have W&B stage the run's artifacts in the store, so that all that is to be sent lies there."""
    folder = root / FOLDER / "artifacts" / run
    shutil.rmtree(folder, ignore_errors=True)
    before = os.environ.get(_DATA)
    os.environ[_DATA] = str(folder.absolute())
    try:
        yield
    finally:
        if before is None:
            del os.environ[_DATA]
        else:
            os.environ[_DATA] = before
