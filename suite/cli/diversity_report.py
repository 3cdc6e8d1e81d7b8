"""Measurements of diversity from the store, side by side: as text, as JSON, and as the page wants them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from leaderboard.board.distance_pages import Comparison, MeasuredByProbe
from leaderboard.board.distances import Measured
from leaderboard.board.naming import titled
from leaderboard.ranking import Interval
from leaderboard.records import Record
from leaderboard.store import Store
from suite.cli.lines import Col, table, terminal_width
from suite.engine.diversity_tables import TASKS, read_diversity
from suite.measures import Diversity, difference


def gather(store: Store, keys: Sequence[str]) -> list[MeasuredByProbe]:
    """What ``store`` has of these cells, in their order; each probe apart."""
    records = [record for key in keys if (record := store.get(key)) is not None]
    titles = titled({record.benchmark.digest: record.benchmark for record in records if record.benchmark})
    probes = dict.fromkeys(record.spec["probe"]["digest"] for record in records)
    return [
        _by_probe(store, [record for record in records if record.spec["probe"]["digest"] == digest], titles)
        for digest in probes
    ]


def lines(parts: Iterable[MeasuredByProbe]) -> Iterator[str]:
    """The tables, for a terminal."""
    width = terminal_width()
    for part in parts:
        first = part.measured[0].record
        task = first.spec["task"]
        yield (
            f"By the probe {first.results['probe']}: {first.results['tasks']} tasks of {task['way']} classes "
            f"of {task['shot']} + {task['query']} images, {first.spec['split']} split"
        )
        yield ""
        yield from table(part.measured, _COLUMNS, width, lambda _: None)
        if part.comparisons:
            yield ""
            yield from table(part.comparisons, _DIFFERENCES, width, lambda _: None)
        for found in part.measured:
            yield from _notes(found)
        yield ""


def as_json(parts: Iterable[MeasuredByProbe]) -> list[dict[str, Any]]:
    """The same as plain data."""
    return [
        {
            **{name: part.measured[0].record.spec[name] for name in ("probe", "estimator", "split", "task")},
            "benchmarks": [
                {
                    "title": found.title,
                    "key": found.record.key,
                    "benchmark": found.record.spec["benchmark"],
                    **found.record.results,
                }
                for found in part.measured
            ],
            "differences": [
                {
                    "one": compared.one,
                    "other": compared.other,
                    "estimate": compared.difference.estimate,
                    "interval": [compared.difference.low, compared.difference.high],
                }
                for compared in part.comparisons
            ],
        }
        for part in parts
    ]


def _by_probe(store: Store, records: Sequence[Record], titles: dict[str, str]) -> MeasuredByProbe:
    read = [(record, read_diversity(store, record)) for record in records]
    measured = tuple(_measured(store, record, found, titles) for record, found in read)
    comparisons = tuple(
        _comparison(measured[i].title, measured[j].title, read[i][1], read[j][1])
        for i, j in combinations(range(len(read)), 2)
    )
    return MeasuredByProbe(measured, comparisons)


def _measured(store: Store, record: Record, found: Diversity, titles: dict[str, str]) -> Measured:
    assert record.benchmark is not None
    floors = [matrix[np.triu_indices(len(matrix), 1)].mean() for matrix in found.redrawn.values()]
    domains = store.table(record, TASKS)["domain"].to_pylist()
    title = titles[record.benchmark.digest]
    return Measured(title, record, found.distances, tuple(domains), np.array(floors))


def _comparison(one: str, other: str, first: Diversity, second: Diversity) -> Comparison:
    found = difference(first, second)
    return Comparison(one, other, Interval(found.estimate, *found.interval))


def _notes(found: Measured) -> Iterator[str]:
    """What a reader of the figures must know beside them."""
    overlap = found.record.results["floor_overlap"]
    if found.floor is None:
        yield f"{found.title} has no floor: its classes have no more images than a task takes."
    elif overlap:
        yield f"{found.title}: its floor is too low, as {overlap:.0%} of the images are drawn both times."


def _spelled(interval: Interval | None, digits: int = 3, sign: str = "") -> str:
    if interval is None:
        return "–"
    if interval.low is None or interval.high is None:
        return f"{interval.estimate:{sign}.{digits}f}"
    low, high = (f"{end:{sign}.{digits}f}" for end in (interval.low, interval.high))
    return f"{interval.estimate:{sign}.{digits}f} [{low}, {high}]"


def _verdict(compared: Comparison) -> str:
    low, high = compared.difference.low, compared.difference.high
    assert low is not None and high is not None
    return "more diverse" if low > 0 else "less diverse" if high < 0 else "undecided"


def _standardized(found: Measured) -> str:
    value = found.record.results["standardized"]
    return "–" if value is None else f"{value:.2f}"


def _pairs(found: Measured) -> str:
    low, high = found.record.results["pair_interval"]
    return f"[{low:.3f}, {high:.3f}]"


_COLUMNS: Sequence[Col[Measured]] = (
    Col("Benchmark", lambda found: found.title, most=44, least=16),
    Col("Diversity", lambda found: _spelled(found.mean), right=True),
    Col("Floor", lambda found: _spelled(found.floor), right=True, rank=1),
    Col(
        "Complexity",
        lambda found: _spelled(found.interval("complexity", "complexity_interval")),
        right=True,
        rank=2,
    ),
    Col("Std.", _standardized, right=True, rank=3),
    Col("If pairs were independent", _pairs, right=True, rank=4),
)

_DIFFERENCES: Sequence[Col[Comparison]] = (
    Col("Benchmark", lambda compared: compared.one, most=44, least=16),
    Col("less", lambda compared: compared.other, most=44, least=16),
    Col("Difference", lambda compared: _spelled(compared.difference, sign="+"), right=True),
    Col("Verdict", _verdict),
)
