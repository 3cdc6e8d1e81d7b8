"""The zip file itself: equal contents, equal bytes, and nothing read that is not plainly what it says.

Entries are stored, not compressed: tables and weights are dense already, no byte depends on a compressor's
version, and an archive cannot unfold into more than its own size.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

from suite.bundle.errors import BundleError

_PART = r"[A-Za-z0-9_][A-Za-z0-9._+-]*"
_NAME = re.compile(rf"(bundle\.json|config\.json|(records|benchmarks)/[0-9a-f]{{64}}(/{_PART})+)")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_BLOCK = 1 << 20


def write(path: Path, entries: Mapping[str, bytes | Path]) -> None:
    """Write a zip file in one step. Raises BundleError where it cannot be written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with zipfile.ZipFile(temporary, "x", zipfile.ZIP_STORED) as archive:
            for name, content in sorted(entries.items()):
                info = zipfile.ZipInfo(name, _EPOCH)
                info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o644) << 16
                if isinstance(content, bytes):
                    archive.writestr(info, content)
                    continue
                info.file_size = content.stat().st_size
                with content.open("rb") as reading, archive.open(info, "w") as writing:
                    shutil.copyfileobj(reading, writing, _BLOCK)
        temporary.replace(path)
    except OSError as error:
        raise BundleError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def extract(path: Path, folder: Path) -> dict[str, str]:
    """Unpack a bundle's entries into the empty ``folder``; name -> sha256. Raises BundleError.

    Refused: names outside the layout of a bundle, two of one name, links and special files, compressed or
    encrypted entries, and entries that together are larger than the file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check(entries, path.stat().st_size)
            return {entry.filename: _unpack(archive, entry, folder) for entry in entries}
    except FileNotFoundError as error:
        raise BundleError(f"there is no file {path}") from error
    except IsADirectoryError as error:
        raise BundleError(f"{path} is a folder: a bundle is one zip file") from error
    except OSError as error:
        raise BundleError(f"{path} cannot be unpacked: {error.strerror or error}") from error
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"it is no whole zip file: {error}") from error


def _check(entries: list[zipfile.ZipInfo], size: int) -> None:
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        if name != entry.orig_filename or not _NAME.fullmatch(name):
            raise BundleError(f"it has an entry {entry.orig_filename!r}, which is no file of a bundle")
        if name.casefold() in seen:
            raise BundleError(f"it has two entries {name!r}")
        seen.add(name.casefold())
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
            raise BundleError(f"{name} is a link or a special file; a bundle holds files only")
        if entry.flag_bits & 0x1:
            raise BundleError(f"{name} is encrypted")
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise BundleError(f"{name} is compressed; the entries of a bundle are stored as they are")
    if sum(entry.file_size for entry in entries) > size:
        raise BundleError("its entries overlap: together they are larger than the file")


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> str:
    target = folder / entry.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with archive.open(entry) as reading, target.open("xb") as writing:
        while block := reading.read(_BLOCK):
            digest.update(block)
            writing.write(block)
    return digest.hexdigest()


def sha256(path: Path) -> str:
    """The sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
