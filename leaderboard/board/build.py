"""From the store to the board."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from leaderboard.board.columns import FEW_SHOT, TRANSFER, data_id, identifier, titles
from leaderboard.board.diversity.assess import assess
from leaderboard.board.model import (
    Absence,
    BenchmarkFacts,
    Board,
    Clock,
    ColumnFacts,
    Computed,
    Cost,
    Entry,
    Imported,
    MeasuredPart,
    SeedFacts,
)
from leaderboard.board.papers import from_records
from leaderboard.board.pool import Pool, gather
from leaderboard.board.prediction.assess import assess as told
from leaderboard.board.prediction.renaming import renamed
from leaderboard.board.reading import Scored
from leaderboard.board.tracks import by_track
from leaderboard.ranking import Column, Ranking
from leaderboard.records import Failure, Record
from leaderboard.statistics import Analysis, examine, publish
from leaderboard.store import Store

_PACKAGE = "transfer-league"


def build(store: Store, *, sweep: str | None = None, margin: float = 0.01) -> Board:
    """The board of everything in the store, or of one sweep's cells.

    ``margin``: accuracies that differ by less count as equivalent (0.01 = one point). Reads nothing but the
    store: equal stores give equal boards. Raises StoreError where there is no such store or sweep.
    """
    first, *others = (_ranked(pool, track, sweep, margin) for track, pool in by_track(gather(store, sweep)))
    return replace(first, tracks=tuple(others))


def _ranked(pool: Pool, track: str, sweep: str | None, margin: float) -> Board:
    if track == TRANSFER:
        pool = renamed(pool)
    outcomes = pool.outcomes()
    analysis = examine(outcomes, margin=margin) if outcomes.values else None
    ranking = empty_ranking(margin) if analysis is None else publish(analysis)
    return assemble(pool, ranking, sweep, analysis, track)


def assemble(
    pool: Pool, ranking: Ranking, sweep: str | None, analysis: Analysis | None = None, track: str = FEW_SHOT
) -> Board:
    """A board of one track from what was gathered and how it was ranked."""
    computed = Computed(
        sweep=sweep,
        ranking=ranking,
        methods=pool.methods,
        columns=_columns(pool),
        entries=tuple(
            Entry(method, column, tuple(_seed(cell) for cell in cells))
            for (method, column), cells in pool.cells.items()
        ),
        holes=pool.holes,
        absences=_absences(pool),
        notes=(*pool.notes, *_fairness(pool), *_words(track), *ranking.notes),
        unranked=pool.unranked,
        benchmarks=_benchmarks(pool),
    )
    sheets = {digest: told[1] for digest, told in pool.cards.items() if not isinstance(told, str)}
    board = Board(computed, _measured(pool), analysis, pool.sources, sheets, pool.finished)
    return replace(
        board,
        diversity=assess(board, pool.rulers, pool.measurements),
        papers=from_records(pool.others),
        track=track,
        transfer=told(pool, computed.entries, ranking.level) if track == TRANSFER else None,
    )


def _words(track: str) -> tuple[str, ...]:
    """What the words of the other notes mean on a track."""
    if track != TRANSFER:
        return ()
    return (
        "On the transfer track an episode is one downstream test image. Each training seed draws its own "
        "labelled images, the same for all methods of that seed.",
    )


def _columns(pool: Pool) -> tuple[ColumnFacts, ...]:
    headed, episodes = titles(pool.columns, pool.names), pool.episodes()
    facts = []
    for column in pool.columns:
        records = [cell.record for (_, c), cells in pool.cells.items() if c == column for cell in cells]
        facts.append(
            ColumnFacts(
                column=column,
                id=identifier(column, pool.data[column.digest]),
                title=headed[column],
                episodes=episodes[column],
                chance=1 / column.way,
                licence=_said(records, "licence"),
                attribution=_said(records, "attribution"),
            )
        )
    return tuple(facts)


def _benchmarks(pool: Pool) -> tuple[BenchmarkFacts, ...]:
    facts = []
    for digest, benchmark in sorted(pool.data.items(), key=lambda item: (item[1].name, item[0])):
        told = pool.cards[digest]
        facts.append(
            BenchmarkFacts(
                id=data_id(benchmark),
                title=pool.names[digest],
                name=benchmark.name,
                digest=digest,
                options=benchmark.options,
                columns=tuple(column for column in pool.columns if column.digest == digest),
                card=None if isinstance(told, str) else told[0].model_dump(mode="json"),
                missing=told if isinstance(told, str) else "",
            )
        )
    return tuple(facts)


def _said(records: list[Record], name: str) -> str | None:
    said = sorted({str(record.results[name]) for record in records if record.results.get(name)})
    return "; ".join(said) or None


def _seed(cell: Scored) -> SeedFacts:
    results = cell.record.results
    trained = {} if cell.train is None else cell.train.results
    spent, plateau = trained.get("spent", {}), trained.get("plateau", {})
    return SeedFacts(
        seed=cell.seed,
        evaluate_key=cell.record.key,
        train_key=None if cell.train is None else cell.train.key,
        accuracy=float(cell.accuracy.mean()),
        transductive=bool(results.get("transductive", False)),
        largest_change=results.get("largest_change"),
        parameters=trained.get("parameters"),
        images=spent.get("images"),
        backward_passes=spent.get("backward_passes"),
        selection=trained.get("selection"),
        curve=tuple((int(images), float(accuracy)) for images, accuracy in trained.get("curve", ())),
        train_accuracy=trained.get("train_accuracy"),
        plateau=plateau.get("reached"),
        criterion=plateau.get("criterion", ""),
    )


def _absences(pool: Pool) -> tuple[Absence, ...]:
    labels = [facts.label for facts in (*pool.methods, *pool.unranked)]
    missing = [(m, c) for m in sorted(labels) for c in pool.columns if (m, c) not in pool.cells]
    return tuple(Absence(m, c, _reason(pool, m, c)) for m, c in missing)


def _reason(pool: Pool, method: str, column: Column) -> str:
    for failure in pool.failed.get(method, ()):
        if _concerns(failure, column):
            return failure.reason
    return "it was not evaluated here"


def _concerns(failure: Failure, column: Column) -> bool:
    benchmark = failure.benchmark
    if benchmark is None or (benchmark.name, benchmark.digest) != (column.benchmark, column.digest):
        return False
    shape = failure.spec.get("protocol") or failure.spec.get("episode") or {}
    return all(shape.get(name, getattr(column, name)) == getattr(column, name) for name in ("way", "shot"))


def _fairness(pool: Pool) -> list[str]:
    """Unequal budgets do not hide among the rows: they are said."""
    by_images = defaultdict(list)
    for facts in pool.methods:
        if "images" in facts.budget:
            by_images[int(facts.budget["images"])].append(facts.label)
    if len(by_images) < 2:
        return []
    groups = "; ".join(f"{images:,} images: {', '.join(by_images[images])}" for images in sorted(by_images))
    return [f"Training budgets differ, so rows of unequal budgets are no fair comparison ({groups})."]


def _measured(pool: Pool) -> MeasuredPart:
    costs = []
    versions = defaultdict(set)
    origins = {}
    for (method, column), cells in pool.cells.items():
        for cell in cells:
            key, clock = (None, None) if cell.train is None else (cell.train.key, _clock(cell.train))
            costs.append(Cost(method, column, cell.seed, key, clock, _clock(cell.record)))
            for record in (cell.record, *([cell.train] if cell.train else [])):
                if record.key in pool.origins:
                    origin = pool.origins[record.key]
                    origins[record.key] = Imported(origin.file, origin.bundle, origin.imported)
                for package, version in record.measured.versions.items():
                    versions[package].add(version)
    return MeasuredPart(
        tuple(costs),
        {name: tuple(sorted(versions[name])) for name in sorted(versions)},
        dict(sorted(origins.items())),
    )


def _clock(record: Record) -> Clock:
    measured = record.measured
    return Clock(
        wall_seconds=measured.wall_seconds,
        cpu_seconds=measured.cpu_seconds,
        gpu_seconds=measured.gpu_seconds,
        peak_memory_mib=measured.peak_memory_mib,
        started=measured.started,
        code=measured.versions.get(_PACKAGE),
        wandb_folder=measured.wandb_folder,
    )


def empty_ranking(margin: float) -> Ranking:
    """The ranking of nothing."""
    return Ranking(
        columns=(), overall=(), by_column={}, comparisons=(), ordered_by="mean_rank", margin=margin
    )
