"""Offline runs to W&B's server, by W&B's own ``sync``; a run counts as sent once that says so."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from suite.mirror.describe import START_SECONDS
from suite.mirror.place import FOLDER
from suite.mirror.write import MirrorError

_BATCH = 20
# Of a batch: to begin, and for each of its runs.
_SECONDS, _SECONDS_A_RUN = 60.0, 15.0


@dataclass(frozen=True)
class Target:
    """Where runs go: a project of a user or team, and the address that shows it."""

    entity: str
    project: str
    address: str

    def url(self, run: str) -> str:
        """The address of a run."""
        return f"{self.address}/runs/{quote(run, safe='')}"


def connect(project: str, entity: str | None) -> Target:
    """Log in with the key that W&B finds, within seconds. Raises MirrorError where that fails."""
    import wandb

    try:
        api = wandb.Api(timeout=int(START_SECONDS))
        owner = entity or api.default_entity
        host = str(wandb.setup().settings.app_url).rstrip("/")
    except Exception as error:  # W&B raises many kinds, and all of them mean the same here
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise MirrorError(
            f"W&B cannot be reached: {first} Nothing was sent and nothing is lost; log in (`wandb login`) "
            "where there is a network, or write the runs for later with --offline"
        ) from error
    if not owner:
        raise MirrorError("W&B names no entity for this key: say which with --entity")
    return Target(owner, project, f"{host}/{quote(owner)}/{quote(project)}")


def send(folders: Sequence[Path], target: Target, root: Path) -> dict[Path, bool]:
    """Send offline runs, in one batch; folder -> whether W&B took all of it."""
    for folder in folders:
        for left in (*folder.glob("*.synced"), *folder.glob("*.syncstate")):
            left.unlink()
    command = [sys.executable, "-m", "wandb", "sync", "--include-synced", "-p", target.project]
    command += ["-e", target.entity, *map(str, folders)]
    # A service of its own: one that ends badly then ends alone.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_SERVICE")}
    environment = {
        **inherited,
        "WANDB_DIR": str(root),
        "WANDB_DATA_DIR": str((root / FOLDER / "artifacts").absolute()),
        "WANDB_SILENT": "true",
    }
    limit = _SECONDS + _SECONDS_A_RUN * len(folders)
    process = subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    except BaseException:  # an interrupt, most of all: nothing is left running
        process.kill()
        process.wait()
        raise
    return {folder: any(folder.glob("*.synced")) for folder in folders}


def batches(folders: Sequence[Path]) -> list[Sequence[Path]]:
    """``folders`` in groups, so that what was sent is noted now and then."""
    return [folders[start : start + _BATCH] for start in range(0, len(folders), _BATCH)]
