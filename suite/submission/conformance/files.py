"""Whether a checkpoint is what it must be: safetensors and JSON, never a pickle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from safetensors import SafetensorError, safe_open

_RIGHT = "save weights with safetensors.torch.save_file and the rest as JSON"


def unfit(folder: Path) -> Iterator[str]:
    """A sentence for each file of a saved method that another host could not safely load."""
    found = sorted(path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    if not found:
        yield f"save writes nothing; {_RIGHT} into the folder that it is given"
    for path in found:
        name = path.relative_to(folder)
        if path.is_symlink() or not path.is_file():
            yield f"save makes {name}, which is no plain file; {_RIGHT}"
        elif path.suffix == ".json":
            if not _is_json(path):
                yield f"save writes {name}, which is not valid JSON"
        elif path.suffix == ".safetensors":
            if not _is_safetensors(path):
                yield f"save writes {name}, which is not in the safetensors format; {_RIGHT}"
        else:
            yield (
                f"save writes {name}, which may be a pickle, and a pickle runs code when it is loaded; "
                f"{_RIGHT}"
            )


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def _is_safetensors(path: Path) -> bool:
    try:
        with safe_open(path, framework="pt"):
            return True
    except SafetensorError:
        return False
