"""From a bundle to a store: all of it verified before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from leaderboard.records import Origin, Record
from leaderboard.store import Store
from suite.bundle.errors import BundleError
from suite.bundle.opened import Bundle, opened


@dataclass(frozen=True)
class Imported:
    """What an import did: records that are new, that were here already, and trainings left out.

    A training without its checkpoint is left out: a store keeps whole cells only.
    """

    bundle: str
    new: int
    present: int
    left_out: int
    methods: tuple[str, ...]


def import_bundle(path: str | Path, store: Store) -> Imported:
    """Add a bundle's records to ``store``, marked as coming from it; a second time changes nothing.

    Raises BundleError, before anything is written, where any part of the bundle does not verify or a record
    of the store says otherwise; StoreError where the store cannot be written.
    """
    with opened(path) as bundle:
        whole = {key: files for key, r in bundle.records.items() if (files := bundle.files(r)) is not None}
        present = _present(bundle, store)
        new = [key for key in _parents_first(bundle) if key in whole and key not in present]
        if new:
            # Said first: whatever happens next, no record stands there as if it were computed here.
            _mark(store, bundle, new)
        for key in new:
            store.put(bundle.records[key], files=whole[key])
        for card, sheet in bundle.cards.values():
            store.put_benchmark(card, sheet)  # where the store has one of that data already, it stays
        labels = {r.method.label for r in bundle.records.values() if r.method}
        return Imported(
            bundle=bundle.sha256,
            new=len(new),
            present=len(present),
            left_out=len(bundle.records.keys() - whole.keys() - present),
            methods=tuple(sorted(labels)),
        )


def _present(bundle: Bundle, store: Store) -> set[str]:
    """Keys that the store has already. Raises BundleError where it has another result under one."""
    present, apart = set(), []
    for key, record in bundle.records.items():
        mine = store.get(key) if store.exists else None
        if mine is None:
            continue
        present.add(key)
        if _computed(mine) != _computed(record):
            apart.append(key)
    if apart:
        named = ", ".join(key[:12] for key in apart[:3]) + (", …" if len(apart) > 3 else "")
        what = "a record" if len(apart) == 1 else f"{len(apart)} records"
        raise BundleError(
            f"{bundle.path.name} is refused: {what} of this store ({named}) came to another result for the "
            "same cell; `league audit` tells which one can be reproduced here. Import it into another store "
            "to keep both"
        )
    return present


def _computed(record: Record) -> dict[str, Any]:
    """What must be equal in two records of one cell: no clocks, nor who calls it what."""
    told = record.model_dump(mode="json", exclude={"measured", "sweep"})
    if told["method"]:
        del told["method"]["label"]
    return told


def _parents_first(bundle: Bundle) -> list[str]:
    return sorted(bundle.records, key=lambda key: (bool(bundle.records[key].parents), key))


def _mark(store: Store, bundle: Bundle, new: list[str]) -> None:
    earlier = next((origin for origin in store.origins() if origin.bundle == bundle.sha256), None)
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    store.put_origin(
        Origin(
            bundle=bundle.sha256,
            file=earlier.file if earlier else _printable(bundle.path.name),
            imported=earlier.imported if earlier else now,
            keys=tuple(sorted({*new, *(earlier.keys if earlier else ())})),
        )
    )


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name)
