"""Where things lie in a store, as paths relative to its root."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

STORE = "store.json"
RECORD = "record.json"
CARD = "card.json"
SHEET = "sheet.png"
TEMPORARY = "tmp"
ASIDE = "aside"
SEGMENTS = "segments"

_KEY = re.compile(r"[0-9a-f]{64}")


def is_key(text: str) -> bool:
    """Whether ``text`` has the form of a cell's key: a sha256 in hexadecimal."""
    return _KEY.fullmatch(text) is not None


def checked_key(key: str) -> str:
    """``key`` itself; ValueError if it is none."""
    if not is_key(key):
        raise ValueError(f"{key!r} is not a cell's key: 64 hexadecimal digits, a sha256")
    return key


def cell(key: str) -> str:
    """Folder of a finished cell."""
    return f"records/{checked_key(key)[:2]}/{key}"


def file(folder: str, sha256: str) -> str:
    """Object with a file of a cell (or of a benchmark's folder) where the store is a URL.

    Named by its content, so that two writers of one cell never write over each other's files.
    """
    name = folder.rsplit("/", 1)[-1]
    return f"files/{name[:2]}/{name}/{checked_key(sha256)}"


def failure(key: str) -> str:
    """File of a quarantined cell."""
    return f"failures/{checked_key(key)[:2]}/{key}.json"


def plan(sweep: str) -> str:
    """File of a sweep's plan, whatever the sweep is called."""
    return f"plans/{quote(sweep, safe='')}.json"


def origin(bundle: str) -> str:
    """File that says which records a bundle brought; ``bundle`` is its sha256."""
    return f"origins/{checked_key(bundle)}.json"


def benchmark(digest: str) -> str:
    """Folder of what is told of data: their card and contact sheet."""
    if not is_key(digest):
        raise ValueError(f"{digest!r} is not a digest of data: 64 hexadecimal digits, a sha256")
    return f"benchmarks/{digest}"


def sweep_of(plan_file: str) -> str:
    """The sweep whose plan the file is."""
    return unquote(plan_file.removesuffix(".json"))
