"""A bundle, unpacked and verified: what ``import`` and ``audit`` begin with."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from leaderboard.records import Record
from leaderboard.store import NewerSchema
from leaderboard.store.envelope import SealError, unseal
from leaderboard.store.layout import CARD, RECORD, SHEET
from suite.bundle import archive, cards
from suite.bundle.check import OUTCOMES_FILE, check_outcomes, check_pair, check_record
from suite.bundle.errors import BundleError
from suite.bundle.manifest import CHECKPOINT, CONFIG, FORMAT, MANIFEST, SOURCE, Manifest


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: its file, that file's sha256, and its records by key, unpacked in ``folder``.

    ``cards`` are what it tells of benchmarks, by their digest.
    """

    path: Path
    sha256: str
    manifest: Manifest
    folder: Path
    records: Mapping[str, Record]
    cards: cards.Cards

    def files(self, record: Record) -> dict[str, Path] | None:
        """The files of a record, by the names they have in a store; None where the bundle leaves any out."""
        paths = {name: self.folder / "records" / record.key / name for name in record.files}
        return paths if all(path.is_file() for path in paths.values()) else None

    def source(self, record: Record) -> str | None:
        """The text of the submitted file that a training was made with; None for any other method."""
        path = self.folder / "records" / record.key / SOURCE
        return path.read_text(encoding="utf-8") if path.is_file() else None


@contextmanager
def opened(path: str | Path) -> Iterator[Bundle]:
    """Unpack a bundle into a temporary folder and verify all of it. Raises BundleError, naming the file."""
    path = Path(path)
    with tempfile.TemporaryDirectory(prefix="league-bundle-") as temporary:
        try:
            bundle = _verified(path, Path(temporary))
        except BundleError as error:
            raise BundleError(f"{path.name} is refused: {error}") from error
        except RecursionError as error:
            raise BundleError(f"{path.name} is refused: it is nested too deeply") from error
        yield bundle


def _verified(path: Path, folder: Path) -> Bundle:
    found = archive.extract(path, folder)
    manifest = _manifest(folder, found)
    records: dict[str, Record] = {}
    for name in sorted(found):
        if name.endswith(f"/{RECORD}") and name.count("/") == 2:
            record = _record(folder / name, name)
            records[record.key] = record
    if not records:
        raise BundleError("it holds no record")
    for record in records.values():
        _check_files(record, found, folder)
        check_record(record)
    for record in records.values():
        if record.kind == "evaluate":
            parent = records.get(record.parents[0])
            if parent is None:
                raise BundleError(f"record {record.key[:12]} builds on one that is not in the bundle")
            check_pair(record, parent)
            check_outcomes(record, folder / "records" / record.key / OUTCOMES_FILE)
    told = cards.verified(folder, found, records.values())
    known = {f"records/{r.key}/{n}" for r in records.values() for n in (*r.files, RECORD)}
    known |= {f"{cards.CARDS}/{digest}/{name}" for digest in told for name in (CARD, SHEET)}
    if stray := sorted(found.keys() - known - {MANIFEST, CONFIG}):
        raise BundleError(f"{stray[0]} belongs to no record")
    _check_methods(manifest, records.values())
    return Bundle(path, archive.sha256(path), manifest, folder, records, told)


def _manifest(folder: Path, found: Mapping[str, str]) -> Manifest:
    if MANIFEST not in found:
        raise BundleError(f"it has no {MANIFEST}: it is no bundle of a league")
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
        version = told["format"]
        if version != FORMAT:
            raise BundleError(f"its format is {version!r}; this version of the suite reads {FORMAT}")
        manifest = Manifest.model_validate(told)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, BundleError):
            raise
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise BundleError(f"its {MANIFEST} cannot be read: {reason}") from error
    digests = {name: digest for name, digest in found.items() if name != MANIFEST}
    for name in sorted(digests.keys() ^ manifest.files.keys()):
        where = "is in the manifest and not there" if name in manifest.files else "is not in the manifest"
        raise BundleError(f"{name} {where}")
    for name, digest in digests.items():
        if manifest.files[name] != digest:
            raise BundleError(f"{name} is not what the manifest says: it was cut or edited")
    return manifest


def _record(path: Path, name: str) -> Record:
    try:
        record = unseal(path.read_bytes(), Record, name)
    except NewerSchema as error:
        raise BundleError(str(error)) from error
    except (SealError, RecursionError) as error:
        raise BundleError(f"{name}: {error}") from error
    if record.key != path.parent.name:
        raise BundleError(f"{name} belongs to {record.key[:12]}: it was renamed")
    return record


def _check_files(record: Record, found: Mapping[str, str], folder: Path) -> None:
    if record.kind == "evaluate" and OUTCOMES_FILE not in record.files:
        raise BundleError(f"record {record.key[:12]} is an evaluation without its outcomes")
    for name, digest in record.files.items():
        there = found.get(f"records/{record.key}/{name}")
        if there is None and not name.startswith(f"{CHECKPOINT}/"):
            raise BundleError(f"record {record.key[:12]} lacks its file {name}")
        if there not in (None, digest):
            raise BundleError(f"record {record.key[:12]}: {name} is not the file that the record names")
    if SOURCE in record.files:
        try:
            (folder / "records" / record.key / SOURCE).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise BundleError(f"record {record.key[:12]}: {SOURCE} is no UTF-8 text") from error


def _check_methods(manifest: Manifest, records: Iterable[Record]) -> None:
    listed = {(entry.name, entry.version, entry.source_hash) for entry in manifest.methods}
    held = {(r.method.name, r.method.version, r.method.source_hash) for r in records if r.method}
    if listed != held:
        raise BundleError(f"the methods that its {MANIFEST} lists are not those of its records")
