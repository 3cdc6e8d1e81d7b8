"""Benchmarks kept on disk: built once under a lock, written by rename, checked by digest when loaded."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from tasks import digests, packages
from tasks.benchmark import SPLITS, Benchmark, Card, Split
from tasks.errors import DataError

_FORMAT = 1
_PATIENCE_SECONDS = 900.0


def cache_folder() -> Path:
    """Where built benchmarks are kept: ``LEAGUE_CACHE``, or else the user's cache folder."""
    named = os.environ.get("LEAGUE_CACHE")
    return Path(named).expanduser() if named else user_cache_path("transfer-league")


def through(
    name: str,
    options: Mapping[str, object],
    build: Callable[[], Benchmark],
    *,
    sources: Sequence[str] = (),
    folder: Path | None = None,
) -> Benchmark:
    """The benchmark from the cache, built first where it is not there yet, is damaged, or is another one.

    ``sources`` are the files (beside this one) that say how it is made: when one changes, or a pin does, the
    cached copy no longer counts. A damaged copy is named in a warning, as are images that are not the
    reference ones.
    Raises DataError where the folder cannot be written.
    """
    slug = digests.label(name, options).replace(" ", "-")
    path = (folder or cache_folder()) / f"{slug}-{_recipe(name, options, sources)}.safetensors"
    found = _usable(path)
    if found is None:
        with _locked(path):
            found = _usable(path)
            if found is None:
                found = build()
                _write(path, found)
    verification = digests.compare(found)
    if verification.matches is False:
        warnings.warn(str(verification), stacklevel=3)
    return found


def _recipe(name: str, options: Mapping[str, object], sources: Sequence[str]) -> str:
    key = [_FORMAT, name, dict(options), packages.pins()]
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode())
    for source in sources:
        digest.update((Path(__file__).parent / source).read_bytes())
    return digest.hexdigest()[:12]


def _usable(path: Path) -> Benchmark | None:
    """What the file holds, unless it was made with other packages than those that are installed now."""
    found = _read(path)
    if found is None or digests.compare(found).matches is not False:
        return found
    return found if packages.unchanged(found.card.packages) else None


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
        card = Card(**about["card"])
        benchmark = Benchmark(
            about["name"],
            splits,
            tuple(about["domain_names"]),
            card,
            about["options"],
            about.get("within_domain", False),
        )
        if benchmark.digest != about["digest"]:
            raise ValueError("its digest is not the recorded one")
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        warnings.warn(f"{path} is damaged ({error}); it is built again", stacklevel=5)
        return None
    except OSError as error:
        raise DataError(_sentence(path, error)) from error
    return benchmark


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = FileLock(path.with_suffix(".lock"), timeout=_PATIENCE_SECONDS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise DataError(
            f"another process has been building {path.name} for {_PATIENCE_SECONDS / 60:.0f} minutes; "
            f"end it, or set LEAGUE_CACHE to another folder"
        ) from error
    except OSError as error:
        raise DataError(_sentence(path, error)) from error
    try:
        yield
    finally:
        lock.release()


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
        "within_domain": benchmark.within_domain,
        "domain_names": benchmark.domain_names,
        "classes": {split: benchmark.classes(split) for split in SPLITS},
        "card": asdict(benchmark.card),
        "digest": benchmark.digest,
    }
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(save(arrays, {"benchmark": json.dumps(about)}))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(_sentence(path, error)) from error


def _sentence(path: Path, error: OSError) -> str:
    instead = "set LEAGUE_CACHE to another folder"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space for data: the disk of {path.parent} is full; free some, or {instead}"
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"cannot use the data cache {path.parent}; make it readable and writable, or {instead}"
    return f"cannot keep {path.name} in the data cache {path.parent}: {error.strerror or error}"
