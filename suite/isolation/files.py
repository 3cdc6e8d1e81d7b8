"""Checkpoints across the walls: plain files of allowed names, whose content is what their names say."""

from __future__ import annotations

import json
import os
import re
import stat
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch

from suite.methods import MethodError

MOST_FILES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(safetensors|json)")
_MIB = 2**20


def read(folder: Path, most: int) -> Iterator[tuple[str, torch.Tensor]]:
    """Name and content (uint8 [bytes]) of each file in ``folder``; inside the walls.

    Raises MethodError for what is no plain file of its own, for a name that is not allowed, and above
    ``most`` bytes in all.
    """
    if not folder.is_dir() or folder.is_symlink():
        raise MethodError("its `save` made no folder; it must write into the folder that it is given")
    left = most
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        check_name(entry.name)
        opened = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK) if _plain(entry) else None
        if opened is None:
            raise MethodError(
                f"its checkpoint has {entry.name!r}, which is a link or no file; it must hold plain files"
            )
        with os.fdopen(opened, "rb") as file:
            data = file.read(left + 1)
        left -= len(data)
        if left < 0:
            raise MethodError(f"its checkpoint is larger than {most / _MIB:.0f} MiB")
        yield (
            entry.name,
            torch.frombuffer(bytearray(data), dtype=torch.uint8)
            if data
            else torch.empty(0, dtype=torch.uint8),
        )


def write(folder: Path, name: str, content: torch.Tensor) -> None:
    """Write a file that came out of the walls into ``folder``; outside them, where nothing is believed.

    Raises MethodError for a name that is not allowed or came before, and for content that is not what the
    name says: a pickle, for one.
    """
    check_name(name)
    if content.dtype != torch.uint8 or content.dim() != 1:
        raise MethodError(f"its checkpoint's file {name!r} is no run of bytes")
    data = content.numpy().tobytes()
    if name.endswith(".json"):
        _check_json(name, data)
    else:
        _check_safetensors(name, data)
    try:
        with (folder / name).open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        raise MethodError(f"its checkpoint has {name!r} twice") from error


def contents(folder: Path) -> Mapping[str, torch.Tensor]:
    """The files of a checkpoint in the store, to be handed into the walls."""
    return {
        path.name: torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8)
        for path in sorted(folder.iterdir())
        if path.stat().st_size
    }


def check_name(name: str) -> None:
    """Raise MethodError for a name that may not be a checkpoint's."""
    if not _NAME.fullmatch(name) or ".." in name:
        raise MethodError(
            f"its checkpoint has a file {name[:100]!r}; allowed are plain names that end in .safetensors or "
            ".json (a pickle could run code when it is read)"
        )


def _plain(entry: os.DirEntry[str]) -> bool:
    status = entry.stat(follow_symlinks=False)
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def _check_json(name: str, data: bytes) -> None:
    try:
        json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MethodError(f"its checkpoint's file {name!r} is no JSON") from error


def _check_safetensors(name: str, data: bytes) -> None:
    """The layout of the format: the header's length, a JSON header, and a body."""
    length = struct.unpack("<Q", data[:8])[0] if len(data) >= 8 else len(data)
    try:
        header = json.loads(data[8 : 8 + length]) if 8 + length <= len(data) else None
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise MethodError(f"its checkpoint's file {name!r} is not of the safetensors format")
