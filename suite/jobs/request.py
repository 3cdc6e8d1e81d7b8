"""What a cluster is asked to run: this command, on this working tree, with the versions of its lock file."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fsspec.utils import get_protocol

LOCK = "requirements.lock"
"""Pinned requirements in the root of the tree, as `pip freeze` prints them: installed for the job."""

# What of the environment makes a sweep another: no key or token begins so.
_SETTINGS = "LEAGUE_"
_OF_THIS_MACHINE = frozenset({"LEAGUE_CACHE"})
# Made here, of no use there, and large.
_LEFT_HERE = (".git", ".venv", "league-store", "**/__pycache__", "*.egg-info")


@dataclass(frozen=True)
class Request:
    """A command of ``league``, run in ``folder`` of the tree ``root``.

    ``environment`` are the settings that this machine's environment has for sweeps; secrets are none of
    them: a cluster has its own.
    """

    sweep: str
    command: tuple[str, ...]
    root: Path
    folder: str = "."
    environment: Mapping[str, str] = field(default_factory=dict)
    requirements: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        words: Sequence[str],
        *,
        sweep: str,
        store: str,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Request:
        """``league WORDS`` as it would run in ``folder`` (default: the one this process is in).

        Raises ValueError where the words name files that are not in the tree, which is all that is sent, or
        ``store`` is a folder that the cluster cannot see.
        """
        here = (folder or Path.cwd()).resolve()
        root = _root(here)
        _check_store(store)
        for word in words:
            _check_inside(word, here, root)
        settings = os.environ if environment is None else environment
        return cls(
            sweep=sweep,
            command=tuple(words),
            root=root,
            folder=here.relative_to(root).as_posix(),
            environment={
                name: value
                for name, value in sorted(settings.items())
                if name.startswith(_SETTINGS) and name not in _OF_THIS_MACHINE
            },
            requirements=_requirements(root / LOCK),
        )

    @property
    def entrypoint(self) -> str:
        """The shell command of the job. Events come as lines of JSON between lines of text."""
        words = ["python", "-u", "-m", "suite.cli", *self.command, "--on", "auto", "--events"]
        go = f"cd {shlex.quote(self.folder)} && " if self.folder != "." else ""
        return f"{go}exec {shlex.join(words)}"

    @property
    def runtime_env(self) -> dict[str, Any]:
        """Ray's description of the job's surroundings."""
        env: dict[str, Any] = {"working_dir": str(self.root), "excludes": list(_LEFT_HERE)}
        if self.environment:
            env["env_vars"] = dict(self.environment)
        if self.requirements:
            env["pip"] = {"packages": list(self.requirements), "pip_check": False}
        return env


def _root(here: Path) -> Path:
    """The working tree that ``here`` is in: the nearest folder above with a ``.git``, else ``here``."""
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def _check_store(store: str) -> None:
    protocol = get_protocol(store)
    if protocol in ("file", "local") and not Path(store.removeprefix("file://")).is_absolute():
        raise ValueError(
            f"store={store} is a folder on this machine, which a job does not see: give the URL of a store, "
            "such as --store s3://BUCKET/FOLDER, or the absolute path of a folder that all hosts share"
        )


def _check_inside(word: str, here: Path, root: Path) -> None:
    path = Path(word)
    if path.suffix not in (".yaml", ".yml", ".py") or not (here / path).is_file():
        return
    if not (here / path).resolve().is_relative_to(root):
        raise ValueError(f"{word} is not in {root}, the tree that is sent to the cluster; copy it there")
    if path.is_absolute():
        raise ValueError(f"{word} is a path of this machine; give it relative to {here}")


def _requirements(lock: Path) -> tuple[str, ...]:
    if not lock.is_file():
        return ()
    lines = (line.partition(" #")[0].strip() for line in lock.read_text(encoding="utf-8").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))
