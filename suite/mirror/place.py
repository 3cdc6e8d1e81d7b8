"""Where the W&B run of a cell lies below a store, and how it is called. Loads nothing heavy."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from leaderboard.records import Record

FOLDER = "wandb"


def run_id(key: str, attempt: int) -> str:
    """The id of a cell's run: its key and the attempt that won."""
    return f"{key}-{attempt}"


def offline_name(run: str, started: datetime) -> str:
    """The folder name that W&B gives to an offline run."""
    return f"offline-run-{started:%Y%m%d_%H%M%S}-{run}"


def mirrored(record: Record) -> str:
    """Where the offline run of ``record`` belongs, relative to the store: in place of the winning attempt's.

    A record may come from elsewhere: what it names is taken only if it can be nothing but this run's folder.
    """
    run = run_id(record.key, record.measured.attempt)
    named = record.measured.wandb_folder or ""
    if re.fullmatch(rf"{FOLDER}/offline-run-\d{{8}}_\d{{6}}-{re.escape(run)}", named):
        return named
    return f"{FOLDER}/{offline_name(run, datetime.fromisoformat(record.measured.started))}"


def on_disk(root: Path, key: str, attempt: int | None = None) -> list[Path]:
    """Folders of a cell's runs below the store at ``root``, newest last; of one attempt, if it is given."""
    pattern = f"*run-*-{run_id(key, attempt)}" if attempt is not None else f"*run-*-{key}-*"
    return sorted(path for path in (root / FOLDER).glob(pattern) if path.is_dir() and not path.is_symlink())
