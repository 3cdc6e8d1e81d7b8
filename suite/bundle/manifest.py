"""What a bundle says of itself, in ``bundle.json``."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

FORMAT = 1
MANIFEST = "bundle.json"
CONFIG = "config.json"
CHECKPOINT = "checkpoint"
SOURCE = "method.py"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MethodEntry(_Frozen):
    """A method of the bundle. ``source`` names its file in the bundle: None where it was installed.

    ``dependencies`` and ``requires_python`` are those of the file's inline metadata (PEP 723).
    """

    name: str
    version: str
    source_hash: str
    labels: tuple[str, ...]
    source: str | None = None
    dependencies: tuple[str, ...] = ()
    requires_python: str = ""


class Environment(_Frozen):
    """Where the bundle was made, and on which platforms, with which versions, its records were computed."""

    python: str
    platform: str
    packages: dict[str, str]
    computed_on: tuple[dict[str, Any], ...] = ()


class Manifest(_Frozen):
    """``files``: sha256 of every other file of the bundle, by name. ``suite``: the version that made it."""

    format: int
    suite: str
    name: str
    checkpoints: bool
    methods: tuple[MethodEntry, ...]
    environment: Environment
    files: dict[str, str]
