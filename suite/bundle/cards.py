"""What a bundle tells of the benchmarks of its records: their cards and contact sheets."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from leaderboard.records import BenchmarkCard, BenchmarkIdentity, Record
from leaderboard.store import NewerSchema, Store
from leaderboard.store.envelope import SealError, seal, unseal
from leaderboard.store.layout import CARD, SHEET
from suite.bundle.check import texts
from suite.bundle.errors import BundleError

CARDS = "benchmarks"
_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_SHEET = 16 * 2**20

Cards = Mapping[str, tuple[BenchmarkCard, bytes]]
"""Digest of a benchmark -> its card, and its contact sheet as a PNG."""


def entries(store: Store, records: Iterable[Record]) -> dict[str, bytes]:
    """Entries of a bundle: card and sheet of each benchmark of ``records``, where ``store`` has them.

    Raises CorruptRecord.
    """
    found: dict[str, bytes] = {}
    for digest in sorted({record.benchmark.digest for record in records if record.benchmark}):
        kept = store.benchmark(digest)
        if kept is not None:
            card, sheet = kept
            found[f"{CARDS}/{digest}/{CARD}"] = seal(card)
            found[f"{CARDS}/{digest}/{SHEET}"] = sheet
    return found


def verified(
    folder: Path, found: Collection[str], records: Iterable[Record]
) -> dict[str, tuple[BenchmarkCard, bytes]]:
    """The cards of a bundle that was unpacked in ``folder``, by digest; ``found`` are its entries.

    Raises BundleError where one is damaged, or is of no benchmark of ``records``.
    """
    known = {record.benchmark.digest: record.benchmark for record in records if record.benchmark}
    cards = {}
    for digest in sorted({name.split("/")[1] for name in found if name.startswith(f"{CARDS}/")}):
        name = f"{CARDS}/{digest}"
        if digest not in known:
            raise BundleError(f"{name} belongs to no record")
        if not {f"{name}/{CARD}", f"{name}/{SHEET}"} <= set(found):
            raise BundleError(f"{name} lacks its card or its contact sheet")
        cards[digest] = _verified(folder / name, name, known[digest])
    return cards


def _verified(folder: Path, name: str, benchmark: BenchmarkIdentity) -> tuple[BenchmarkCard, bytes]:
    try:
        card = unseal((folder / CARD).read_bytes(), BenchmarkCard, name)
    except NewerSchema as error:
        raise BundleError(str(error)) from error
    except SealError as error:
        raise BundleError(f"{name}: {error}") from error
    told = (card.name, card.digest, card.options)
    if told != (benchmark.name, benchmark.digest, benchmark.options):
        raise BundleError(f"{name} is the card of another benchmark: {card.name} {card.digest[:12]}")
    for text in texts(card.model_dump()):
        if not all(letter.isprintable() or letter in "\n\t" for letter in text):
            raise BundleError(f"{name} holds a text with control characters: {text[:60]!r}")
    path = folder / SHEET
    if path.stat().st_size > _MOST_SHEET:
        raise BundleError(f"{name}: its contact sheet is larger than any could be")
    sheet = path.read_bytes()
    if not sheet.startswith(_PNG) or hashlib.sha256(sheet).hexdigest() != card.sheet_sha256:
        raise BundleError(f"{name}: its contact sheet is not the PNG that its card names")
    return card, sheet
