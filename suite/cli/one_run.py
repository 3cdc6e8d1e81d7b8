"""All that is known of one cell, as JSON and as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from suite.cli.lines import plain

if TYPE_CHECKING:
    from leaderboard.store import Store
    from suite.runs import Row

_BARS = "▁▂▃▄▅▆▇█"


def facts(store: Store, row: Row, rows: list[Row], wandb: str | None) -> dict[str, Any]:
    """The row of a cell, its record or failure, the cells that it builds on and those that build on it."""
    record = store.get(row.key, verify_files=False) if row.state == "finished" else None
    failure = next((f for f in store.failures() if f.key == row.key), None) if row.state == "failed" else None
    states = {other.key: other for other in rows}
    parents = record.parents if record else ()
    children = [other.key for other in store.scan() if row.key in other.parents]
    return {
        **asdict(row),
        "wandb": wandb,
        "parents": [_relative(key, states.get(key)) for key in parents],
        "children": [_relative(key, states.get(key)) for key in children],
        "record": record.model_dump(mode="json") if record else None,
        "failure": failure.model_dump(mode="json") if failure else None,
    }


def describe(told: Mapping[str, Any]) -> Iterator[str]:
    """``facts`` as lines for a reader."""
    parts = [told[name] for name in ("kind", "method", "benchmark", "protocol") if told[name]]
    seed = [] if told["seed"] is None else [f"seed {told['seed']}"]
    yield plain(" · ".join([*parts, *seed]) or "a cell whose plan does not describe it")
    yield from _section("", _head(told))
    for title in ("parents", "children"):
        yield from _section(title, {relative["key"][:12]: relative["title"] for relative in told[title]})
    record, failure = told["record"], told["failure"]
    if record:
        results = dict(record["results"])
        curve = results.pop("curve", None)
        yield from _section("results", _flat(results))
        if curve:
            yield from _curve(curve)
        measured = {name: value for name, value in record["measured"].items() if value not in (None, "")}
        yield from _section("measured", _flat(measured))
        yield from _section(
            "files", {name: f"sha256 {digest[:12]}" for name, digest in record["files"].items()}
        )
    spec = (record or failure or {}).get("spec")
    if spec:
        yield from _section("spec", _flat(spec))
    if failure:
        yield from ["", "why", f"  {plain(failure['reason'])}"]
        yield from ["", *(f"  {plain(line)}" for line in failure["traceback"].splitlines())]


def _head(told: Mapping[str, Any]) -> dict[str, Any]:
    accuracy = told["accuracy"]
    found = {
        "key": told["key"],
        "state": told["state"] if told["share"] is None else f"{told['state']}, {told['share']:.0%}",
        "sweep": told["sweep"],
        "accuracy": None if accuracy is None else f"{100 * accuracy:.2f} %",
        "host": told["host"] if not told["record"] else None,
        "imported": f"from the bundle {told['bundle']}" if told["bundle"] else None,
        "why": told["reason"] if told["state"] == "corrupt" else None,
        "W&B": told["wandb"],
    }
    return {name: value for name, value in found.items() if value is not None}


def _relative(key: str, row: Row | None) -> dict[str, Any]:
    if row is None:
        return {"key": key, "state": "missing", "title": "not in this store"}
    parts = [row.kind, row.method, row.benchmark, row.protocol, row.state]
    return {"key": key, "state": row.state, "title": " · ".join(part for part in parts if part)}


def _section(title: str, values: Mapping[str, Any]) -> Iterator[str]:
    if not values:
        return
    yield ""
    if title:
        yield title
    width = max(map(len, values))
    for name, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"  {plain(name):<{width}}  {plain(text)}".rstrip()


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested mappings as dotted names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict) and value:
            flat.update(_flat(value, f"{before}{name}."))
        else:
            flat[f"{before}{name}"] = value
    return flat


def _curve(curve: list[list[float]]) -> Iterator[str]:
    accuracies = [point[1] for point in curve]
    low, high = min(accuracies), max(accuracies)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    bars = "".join(_BARS[round((value - low) * scale)] for value in accuracies)
    yield ""
    yield f"curve  {bars}  accuracy on meta-validation"
    for images, accuracy in curve:
        yield f"  {images:>12,.0f} images  {100 * accuracy:6.2f} %"
