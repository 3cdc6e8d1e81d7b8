"""What a sweep says should go first, as a number for each cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from suite.config import ConfigError, PriorityConfig
from suite.engine.cells import TRANSFER, Cell
from suite.nearest import nearest


def priorities(given: Sequence[PriorityConfig], cells: Sequence[Cell]) -> dict[str, int]:
    """Key -> priority of each cell that an entry of ``given`` selects: the highest, where several do.

    Raises ConfigError for a value that no cell has, and for an entry that selects no cell.
    """
    if not given:
        return {}
    facts = {cell.key: _facts(cell) for cell in cells}
    there = {name: {str(known[name]) for known in facts.values()} for name in given[0].selected}
    found: dict[str, int] = {}
    for place, entry in enumerate(given):
        wanted = {name: values for name, values in entry.selected.items() if values}
        _check_values(f"priorities[{place}]", wanted, there)
        selected = [
            key
            for key, known in facts.items()
            if all(known[name] in values for name, values in wanted.items())
        ]
        if not selected:
            told = " and ".join(f"{name} {', '.join(map(str, values))}" for name, values in wanted.items())
            raise ConfigError(
                f"priorities[{place}] selects nothing: no cell of this sweep has {told} at once; "
                "leave one of these out"
            )
        for key in selected:
            found[key] = max(found.get(key, entry.priority), entry.priority)
    return found


def _facts(cell: Cell) -> dict[str, str | int | None]:
    """What there is to select a cell by."""
    way, shot = _shape(cell)
    return {
        "methods": cell.method.name if cell.method else None,
        "benchmarks": cell.benchmark.name if cell.benchmark else None,
        "tracks": cell.track,
        "ways": way,
        "shots": shot,
        "seeds": cell.seed,
    }


def _shape(cell: Cell) -> tuple[int | None, int | None]:
    if cell.protocol is not None:
        return cell.protocol.way, cell.protocol.shot
    # What learns from a transfer task's source is scored by protocols of other shapes.
    episode = cell.spec.get("episode") if cell.track != TRANSFER else None
    return (episode["way"], episode["shot"]) if episode else (None, None)


def _check_values(
    where: str, wanted: Mapping[str, Sequence[str | int]], there: Mapping[str, set[str]]
) -> None:
    """Raise ConfigError for a value that no cell has."""
    for name, values in wanted.items():
        for value in values:
            if str(value) not in there[name]:
                near = nearest(str(value), there[name] - {"None"})
                raise ConfigError(f"{where}.{name} names {value!r}, which no cell of this sweep has; {near}")
