"""Measurements of trainings as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from leaderboard.records import Record
from suite.cli.lines import Col, table, terminal_width

_Row = Mapping[str, Any]


def lines(record: Record) -> Iterator[str]:
    """One measurement: a line for each layer of each part, a column for each figure."""
    results = record.results
    reference = results["reference"]
    yield f"{results['measure']} · {_whose(record)}" + (f" · against {reference}" if reference else "")
    yield ""
    rows: list[_Row] = results["rows"]
    figures = list(dict.fromkeys(figure for row in rows for figure in row["values"]))
    columns: list[Col[_Row]] = [
        Col("Problem", lambda row: str(row["problem"])),
        Col("Split", lambda row: str(row["split"])),
        Col("Layer", lambda row: str(row["layer"])),
        *(_figure(figure, results["measure"]) for figure in figures),
    ]
    yield from table(rows, columns, terminal_width(), lambda _: None)
    for reason in dict.fromkeys(row["undefined"] for row in rows if "undefined" in row):
        yield f"! Undefined where {reason}."


def as_json(record: Record) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "key": record.key,
        "training": record.parents[0],
        "method": record.method.label if record.method else None,
        "benchmark": record.benchmark.model_dump(mode="json") if record.benchmark else None,
        "seed": record.seed,
        **record.results,
    }


def _whose(record: Record) -> str:
    method = record.method.label if record.method else "?"
    benchmark = record.benchmark.name if record.benchmark else "?"
    return f"{method} · {benchmark} · seed {record.seed}"


def _figure(figure: str, measure: str) -> Col[_Row]:
    """A figure goes by what it adds to the measure's name."""

    def text(row: _Row) -> str:
        value = row["values"].get(figure)
        return "" if value is None else f"{value:.4g}"

    return Col(figure.removeprefix(f"{measure}."), text, right=True)
