"""A trained network on disk: ``model.safetensors`` beside ``method.json``, never a pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

_FORMAT = 1
_WEIGHTS, _METHOD = "model.safetensors", "method.json"


class CheckpointError(ValueError):
    """A folder holds no checkpoint, a damaged one, or one of another method; the message says which."""


def write(path: Path, weights: Mapping[str, Tensor], method: Mapping[str, Any]) -> None:
    """Write ``weights`` and the JSON values ``method`` into the folder ``path``, made where it is missing."""
    path.mkdir(parents=True, exist_ok=True)
    save_file({name: value.detach().cpu().contiguous() for name, value in weights.items()}, path / _WEIGHTS)
    text = json.dumps({"format": _FORMAT, **method}, indent=2, sort_keys=True)
    (path / _METHOD).write_text(text + "\n", encoding="utf-8")


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What ``write`` wrote. Raises CheckpointError where it is missing, damaged or of a newer format."""
    try:
        method = json.loads((path / _METHOD).read_text(encoding="utf-8"))
        weights = load_file(path / _WEIGHTS)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{path} holds no checkpoint: {Path(error.filename or _WEIGHTS).name} is missing"
        ) from error
    except (json.JSONDecodeError, SafetensorError) as error:
        raise CheckpointError(f"the checkpoint in {path} is damaged: {error}") from error
    if method.get("format") != _FORMAT:
        raise CheckpointError(
            f"the checkpoint in {path} is of format {method.get('format')!r}; this reads {_FORMAT}"
        )
    return weights, method


def check_same(path: Path, found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Raise CheckpointError that names the first value in which a checkpoint's method is another one."""
    for key, value in expected.items():
        if found.get(key) != value:
            raise CheckpointError(
                f"the checkpoint in {path} has {key} {found.get(key)!r}; this method has {value!r}"
            )
