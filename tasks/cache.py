"""Benchmarks kept on disk: built once under a lock, written by rename, checked by digest when loaded."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_dir
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from tasks.benchmark import SPLITS, Benchmark, Card, Split
from tasks.errors import DataError
from tasks.packages import pins

Options = Mapping[str, object]
_FORMAT = 1


def cache_folder() -> Path:
    """Where built benchmarks are kept: ``LEAGUE_CACHE``, or else the user's cache folder."""
    return Path(os.environ.get("LEAGUE_CACHE") or user_cache_dir("transfer-league"))


def through(
    name: str,
    options: Options,
    sources: Sequence[str],
    build: Callable[[], Benchmark],
    folder: Path | None = None,
) -> Benchmark:
    """The benchmark from the cache, built first where it is not there yet or is damaged.

    ``sources`` are the files (beside this one) that say how it is drawn: when one changes, or a pin does, the
    cached copy no longer counts. Raises DataError where the folder cannot be written.
    """
    path = (folder or cache_folder()) / f"{_slug(name, options)}-{_recipe(name, options, sources)}.safetensors"
    found = _read(path)
    if found is not None:
        return found
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            found = _read(path)
            if found is None:
                found = build()
                _write(path, found)
            return found
    except OSError as error:
        raise DataError(_sentence(path, error)) from error


def _slug(name: str, options: Options) -> str:
    return "-".join([name, *(f"{key}={options[key]}" for key in sorted(options))])


def _recipe(name: str, options: Options, sources: Sequence[str]) -> str:
    here = Path(__file__).parent
    digest = hashlib.sha256(json.dumps([_FORMAT, name, dict(options), pins()], sort_keys=True).encode())
    for source in sources:
        digest.update((here / source).read_bytes())
    return digest.hexdigest()[:12]


def _read(path: Path) -> Benchmark | None:
    """The benchmark in a cache file; None where there is none, or a damaged one, which is said."""
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads(file.metadata()["benchmark"])
            splits = {
                split: Split(
                    images=file.get_tensor(f"{split}.images"),
                    labels=file.get_tensor(f"{split}.labels"),
                    domains=file.get_tensor(f"{split}.domains"),
                    classes=tuple(about["classes"][split]),
                )
                for split in SPLITS
            }
        benchmark = Benchmark(
            about["name"], splits, tuple(about["domain_names"]), Card(**about["card"]), about["options"]
        )
        if benchmark.digest != about["digest"]:
            raise ValueError("its digest is not the recorded one")
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        warnings.warn(f"{path} is damaged ({error}); it is built again", stacklevel=3)
        return None
    return benchmark


def _write(path: Path, benchmark: Benchmark) -> None:
    """Write beside, flush to the disk, rename: a reader sees the whole file or none."""
    arrays = {
        f"{split}.{kind}": getattr(benchmark.splits[split], kind)
        for split in SPLITS
        for kind in ("images", "labels", "domains")
    }
    about = {
        "name": benchmark.name,
        "options": dict(benchmark.options),
        "domain_names": benchmark.domain_names,
        "classes": {split: benchmark.classes(split) for split in SPLITS},
        "card": {**asdict(benchmark.card)},
        "digest": benchmark.digest,
    }
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(save(arrays, {"benchmark": json.dumps(about)}))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _sentence(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space for data: {path.parent} is on a full disk; free some, or set LEAGUE_CACHE to another folder"
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"cannot write the data cache {path.parent}; make it writable, or set LEAGUE_CACHE to another folder"
    return f"cannot keep {path.name} in the data cache {path.parent}: {error.strerror or error}"
