"""From a store to a bundle."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from leaderboard.records import Record
from leaderboard.store import Store
from leaderboard.store.layout import RECORD
from suite.bundle import archive, cards
from suite.bundle.errors import BundleError
from suite.bundle.manifest import (
    CHECKPOINT,
    CONFIG,
    FORMAT,
    MANIFEST,
    SOURCE,
    Environment,
    Manifest,
    MethodEntry,
)
from suite.engine.cells import canonical
from suite.nearest import nearest
from suite.submission import SubmissionError
from suite.submission.metadata import read_metadata

# What a result can depend on; a submission's own dependencies stand beside its source.
_PACKAGES = ("transfer-league", "torch", "numpy", "scipy", "scikit-learn", "safetensors", "pyarrow", "ray")


@dataclass(frozen=True)
class Exported:
    """What was written: the file, how many records it holds, of which methods (labels), and its sha256."""

    path: Path
    records: int
    methods: tuple[str, ...]
    sha256: str


def export(
    store: Store,
    chosen: Sequence[str],
    path: str | Path,
    *,
    sweep: str | None = None,
    checkpoints: bool = True,
) -> Exported:
    """Write the records of ``chosen`` (names or labels of methods, beginnings of keys) as a bundle.

    The trainings that evaluations build on come along; ``sweep`` leaves out all others' cells. Without
    ``checkpoints`` the trainings can be read and computed again, but not imported. Equal stores on equal
    installations give equal bytes. Raises BundleError for what is not in the store, StoreError where a record
    is damaged.
    """
    found = _chosen(store, chosen, sweep)
    entries: dict[str, bytes | Path] = {}
    for record in found.values():
        folder = store.folder(record.key)
        for name in (RECORD, *record.files):
            if checkpoints or not name.startswith(f"{CHECKPOINT}/"):
                entries[f"records/{record.key}/{name}"] = folder / name
    records = list(found.values())
    entries.update(cards.entries(store, records))
    entries[CONFIG] = _json(_config(records))
    digests = {name: _digest(content) for name, content in sorted(entries.items())}
    methods = _methods(records, store)
    manifest = Manifest(
        format=FORMAT,
        suite=_version("transfer-league") or "unknown",
        name=" ".join(dict.fromkeys(entry.name for entry in methods)),
        checkpoints=checkpoints,
        methods=methods,
        environment=_environment(records),
        files=digests,
    )
    entries[MANIFEST] = _json(manifest.model_dump(mode="json"))
    path = Path(path)
    archive.write(path, entries)
    labels = tuple(sorted({record.method.label for record in records if record.method}))
    return Exported(path, len(records), labels, archive.sha256(path))


def _chosen(store: Store, chosen: Sequence[str], sweep: str | None) -> dict[str, Record]:
    """Records by key, sorted, with all that they build on. Their files are verified."""
    known = {record.key: record for record in store.scan(sweep=sweep)}
    keys: set[str] = set()
    for word in chosen:
        named = {key for key, record in known.items() if record.method and _goes_by(record, word)}
        begun = {key for key in known if len(word) >= 4 and key.startswith(word.lower())}
        if not named and len(begun) > 1:
            raise BundleError(f"{len(begun)} keys begin with {word!r}; give more digits")
        if not named | begun:
            names = {r.method.name for r in known.values() if r.method}
            where = "the store" if sweep is None else f"sweep {sweep}"
            raise BundleError(f"no method or key of {where} is called {word!r}; {nearest(word, names)}")
        keys |= named or begun
    waiting = list(keys)
    while waiting:
        record = store.get(waiting.pop())
        if record is None:
            raise BundleError("a record that was asked for is damaged, or builds on one that is not there")
        known[record.key] = record
        waiting += [parent for parent in record.parents if parent not in keys]
        keys |= {record.key, *record.parents}
    return {key: known[key] for key in sorted(keys)}


def _goes_by(record: Record, word: str) -> bool:
    return record.method is not None and word in (record.method.name, record.method.label)


def _methods(records: Iterable[Record], store: Store) -> tuple[MethodEntry, ...]:
    found: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        if record.method:
            identity = (record.method.name, record.method.version, record.method.source_hash)
            found.setdefault(identity, []).append(record)
    return tuple(_method(identity, mine, store) for identity, mine in sorted(found.items()))


def _method(identity: tuple[str, str, str], records: Sequence[Record], store: Store) -> MethodEntry:
    name, version, source_hash = identity
    labels = tuple(sorted({record.method.label for record in records if record.method}))
    holder = next((record for record in records if SOURCE in record.files), None)
    if holder is None:
        return MethodEntry(name=name, version=version, source_hash=source_hash, labels=labels)
    try:
        told = read_metadata((store.folder(holder.key) / SOURCE).read_text(encoding="utf-8"))
    except (SubmissionError, UnicodeDecodeError) as error:
        raise BundleError(
            f"the source of {name} in record {holder.key[:12]} cannot be read: {error}"
        ) from error
    return MethodEntry(
        name=name,
        version=version,
        source_hash=source_hash,
        labels=labels,
        source=f"records/{holder.key}/{SOURCE}",
        dependencies=told.dependencies,
        requires_python=told.requires_python,
    )


def _config(records: Iterable[Record]) -> dict[str, list[Any]]:
    """What was run, resolved: every method with its arguments, benchmark, protocol, budget and seed, once."""
    parts: dict[str, dict[bytes, Any]] = {
        name: {} for name in ("method", "benchmark", "protocol", "budget", "seed")
    }
    for record in records:
        for name, seen in parts.items():
            # A training leaves out arguments that matter to adapting alone: its evaluations have them all.
            if name in record.spec and not (name == "method" and record.kind == "train"):
                seen[canonical(record.spec[name])] = record.spec[name]
    plural = {"method": "methods", "benchmark": "benchmarks", "protocol": "protocols", "budget": "budgets"}
    return {
        plural.get(name, "seeds"): [value for _, value in sorted(seen.items())]
        for name, seen in parts.items()
    }


def _environment(records: Iterable[Record]) -> Environment:
    computed = {}
    for record in records:
        told = record.measured
        place = {"platform": told.platform, "threads": told.threads, "versions": told.versions}
        computed[canonical(place)] = place
    packages = {name: version for name in _PACKAGES if (version := _version(name)) is not None}
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        packages=packages,
        computed_on=tuple(place for _, place in sorted(computed.items())),
    )


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def _digest(content: bytes | Path) -> str:
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else archive.sha256(content)
