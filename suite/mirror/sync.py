"""The whole mirror: what of a store is not in W&B yet, or is there otherwise, is written and sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from leaderboard.records import Record
from leaderboard.store import Store, StoreError
from suite.mirror.board_run import board_content, fill_board
from suite.mirror.content import Content, of_failure, of_record
from suite.mirror.marker import Marker, Mirrored, Sent
from suite.mirror.upload import Target, batches, connect, send
from suite.mirror.write import MirrorError, clear_unfinished, file_digest, fill_from, write
from suite.runs.live import running

_NOTED_EVERY = 50


@dataclass
class Synced:
    """What a sync did: runs in all, written anew, and sent; names of those that W&B did not take."""

    runs: int = 0
    written: int = 0
    sent: int = 0
    refused: list[str] = field(default_factory=list)
    address: str | None = None


def sync(
    store: Store,
    *,
    sweep: str | None = None,
    project: str = "transfer-league",
    entity: str | None = None,
    offline: bool = False,
    dry_run: bool = False,
    rebuild: bool = False,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> Synced:
    """Mirror ``store`` (or one sweep of it) to W&B: a run a cell, and one a sweep for its board.

    Each run is made from the store alone, in place of the winning attempt's own, and sent if it was not, or
    not as it is now. ``offline`` writes only, ``dry_run`` does nothing but count, ``rebuild`` writes and
    sends all anew. ``on_progress`` hears what is done ("write", "send"), how many, and of how many.

    Raises StoreError where the store or sweep is none, MirrorError where W&B cannot be reached or refuses;
    what was done until then is kept.
    """
    root = store.location.writable()
    tell = on_progress or (lambda what, number, total: None)
    target = None if offline or dry_run else connect(project, entity)
    marker = Marker.read(root)
    done = Synced(address=target.address if target else None)
    planned = _contents(store, sweep)
    done.runs = len(planned)
    stale = [
        (content, fill)
        for content, fill in planned
        if rebuild or not _is_written(marker.runs.get(content.run), content, root, project)
    ]
    if dry_run:
        done.written = len(stale)
        return done
    clear_unfinished(root)
    try:
        for number, (content, fill) in enumerate(stale, 1):
            known = marker.runs.get(content.run)
            fresh = write(content, root, project, fill)
            sent = known.sent if known and not rebuild else {}
            marker.runs[content.run] = fresh.model_copy(update={"sent": sent})
            done.written = number
            tell("write", number, len(stale))
            if number % _NOTED_EVERY == 0:
                marker.write(root)
    finally:
        if done.written:
            marker.write(root)
    if target:
        _send([content for content, _ in planned], marker, target, root, done, tell)
    return done


def _contents(store: Store, sweep: str | None) -> list[tuple[Content, Callable[[Any], None]]]:
    """Every run that there should be, and what fills it."""
    if not store.exists:
        raise StoreError(f"there is no store at {store.url}: run a sweep into it first, or mend the path")
    members = {name: frozenset(plan.keys) for name in store.plans() if (plan := store.plan(name))}
    found: list[tuple[Content, Callable[[Any], None]]] = []
    records = list(store.scan(sweep=sweep))
    by_sweep: dict[str, tuple[list[Content], list[Record]]] = {}
    for record in records:
        content = of_record(record, _sweeps(record.key, members))
        found.append((content, fill_from(record, store)))
        for name in {record.sweep, *_sweeps(record.key, members)} if sweep is None else {sweep}:
            cells, mine = by_sweep.setdefault(name, ([], []))
            cells.append(content)
            mine.append(record)
    keys = {record.key for record in records}
    # One that is tried again now has a live run, which is not to be replaced.
    settled = keys | running(store.location.writable()).keys()
    failures = [failure for failure in store.failures(sweep) if failure.key not in settled]
    found += [(of_failure(failure, _sweeps(failure.key, members)), _nothing) for failure in failures]
    if sweep is not None and not found:
        known = ", ".join(sorted({*members, *(record.sweep for record in store.scan())})) or "none"
        raise StoreError(f"the store {store.url} has no sweep {sweep!r}; it has {known}")
    for name, (cells, mine) in sorted(by_sweep.items()):
        if any(record.kind == "evaluate" for record in mine):
            found.append((board_content(name, cells, mine, store), fill_board(name, store, mine)))
    return found


def _sweeps(key: str, members: dict[str, frozenset[str]]) -> set[str]:
    return {name for name, keys in members.items() if key in keys}


def _nothing(run: Any) -> None:
    return None


def _is_written(known: Mirrored | None, content: Content, root: Path, project: str) -> bool:
    return (
        known is not None
        and known.content == content.digest
        and (known.root, known.project) == (str(root.absolute()), project)
        and known.file == file_digest(root / known.folder)
    )


def _send(
    contents: list[Content],
    marker: Marker,
    target: Target,
    root: Path,
    done: Synced,
    tell: Callable[[str, int, int], None],
) -> None:
    waiting: dict[Path, Content] = {}
    for content in contents:
        before = marker.runs[content.run].sent.get(target.address)
        if before is None or before.content != content.digest:
            waiting[root / content.folder] = content
    for batch in batches(list(waiting)):
        for folder, taken in send(batch, target, root).items():
            content = waiting[folder]
            if not taken:
                done.refused.append(content.name)
                continue
            now = datetime.now(timezone.utc).isoformat(timespec="seconds")
            sent = Sent(content=content.digest, when=now, url=target.url(content.run))
            run = marker.runs[content.run]
            marker.runs[content.run] = run.model_copy(
                update={"sent": {**run.sent, target.address: sent}, "file": file_digest(folder)}
            )
            done.sent += 1
        marker.write(root)
        tell("send", done.sent + len(done.refused), len(waiting))
    if done.refused and not done.sent:
        raise MirrorError(
            f"W&B took none of {len(waiting)} runs; the network may have gone, or {target.address} refuses "
            "them. Nothing is lost: the same command tries again"
        )
