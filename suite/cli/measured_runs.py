"""Which run is meant by a word on the command line, and what of it is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.cli.shared import BadInput, bad_input

if TYPE_CHECKING:
    from leaderboard.records import BenchmarkIdentity, Record
    from leaderboard.store import Store
    from suite.engine.measuring import Side
    from suite.runs import Row

_SHOWN = 6


@dataclass(frozen=True)
class Run:
    """A finished training, adapted by default, or a finished evaluation, adapted as it was.

    ``way``, ``shot`` and ``query`` are those of its episodes, ``seed`` that of the draw of these.
    ``other_code``: it was trained by other code than is installed here.
    """

    side: Side
    benchmark: BenchmarkIdentity
    way: int
    shot: int
    query: int
    seed: int
    other_code: bool


def pick(store: Store, rows: Sequence[Row], words: str) -> Run:
    """The one run that ``words`` name: the beginning of a key, a label, or several words as ``league runs``.

    An evaluation is preferred to the training under it, and a label to a name. Raises BadInput where nothing
    answers, or more than one run does.
    """
    found = _answering(store, rows, words)
    found = [row for row in found if row.kind == "evaluate"] or found
    if len(found) != 1:
        raise BadInput(_ambiguous(words, found))
    record = store.get(found[0].key)
    if record is None:
        raise BadInput(f"the record of {found[0].key[:12]} is damaged; run its sweep again")
    return _run(store, record)


def trainings(store: Store, rows: Sequence[Row], words: str) -> list[Record]:
    """The trainings that ``words`` name, as ``pick`` reads them, and those under evaluations that they name.

    Raises BadInput where nothing answers, or where one was submitted, which nobody looks into.
    """
    from suite.engine.training import SOURCE

    found: dict[str, Record] = {}
    for row in _answering(store, rows, words):
        record = store.get(row.key)
        if record is not None and record.kind == "evaluate":
            record = store.get(record.parents[0])
        if record is None:
            raise BadInput(
                f"the record of {row.key[:12]}, or of its training, is damaged; run its sweep again"
            )
        if SOURCE in record.files:
            label = record.method.label if record.method else record.key[:12]
            raise BadInput(f"{label} was submitted: it runs behind walls, which its layers do not pass")
        found[record.key] = record
    return list(found.values())


def _answering(store: Store, rows: Sequence[Row], words: str) -> list[Row]:
    """Finished trainings and evaluations that answer to ``words``; those of that label, if there are some."""
    from suite.runs import NoSuchRun, chosen

    finished = [row for row in rows if row.state == "finished" and row.kind in ("train", "evaluate")]
    if not finished:
        raise BadInput(f"the store {store.url} has no finished training or evaluation; run a sweep into it")
    with bad_input(NoSuchRun):
        try:
            found = chosen(finished, [words])
        except NoSuchRun:
            if not words.split()[1:]:
                raise
            found = chosen(finished, words.split())
    found = [row for row in found if row.method == words] or found
    if not found:
        raise BadInput(f"no one run answers to {words!r}; `league runs` lists them")
    return found


def _run(store: Store, record: Record) -> Run:
    from suite.engine.measuring import Side
    from suite.engine.training import SOURCE
    from suite.methods import UnknownArgument, UnknownMethod

    training = record if record.kind == "train" else store.get(record.parents[0])
    method, benchmark = record.method, record.benchmark
    if training is None or training.method is None or method is None or benchmark is None:
        raise BadInput(f"the training under {record.key[:12]} is not in the store; run its sweep again")
    if SOURCE in training.files:
        raise BadInput(f"{method.label} was submitted: it runs behind walls, which its layers do not pass")
    with bad_input(UnknownMethod, UnknownArgument, ValueError):
        side = Side.of(method.name, method.arguments, training.key, training.seed or 0)
    shape = record.spec.get("protocol") or record.spec["episode"]
    return Run(
        side=side,
        benchmark=benchmark,
        way=shape["way"],
        shot=shape["shot"],
        query=shape["query"],
        seed=shape.get("seed", 0),
        other_code=training.method.source_hash != side.method.training.source_hash,
    )


def _ambiguous(words: str, found: Sequence[Row]) -> str:
    from suite.runs import shortest

    digits = shortest([row.key for row in found])
    told = [
        f"  {row.key[:digits]}  {row.kind} {row.method} {row.benchmark} {row.protocol} seed={row.seed}"
        for row in found[:_SHOWN]
    ]
    more = [f"  and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return "\n".join(
        [
            f"{len(found)} runs answer to {words!r}; take a key, or say more, as in '{words} seed=0':",
            *told,
            *more,
        ]
    )
