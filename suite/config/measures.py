"""What a sweep's ``measures`` name: the suite's own, or files that register one's own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from suite import measures
from suite.config.schema import ALL_MEASURES, ConfigError
from suite.measures.from_file import register_text
from suite.nearest import nearest


def check_measures(wanted: Iterable[str]) -> None:
    """Raise ConfigError for what is no measure. Files are run, which registers their measures."""
    for entry in wanted:
        measure_names(entry)


def measure_names(entry: str) -> list[str]:
    """The measures that an entry names: those of a file that ends in ``.py``, all of the suite's own that say
    something of one network, or the one.

    What compares two networks says nothing of one: of these, ``all`` has ``cka_to_reference`` alone. Raises
    ConfigError as ``check_measures`` does.
    """
    if entry.endswith(".py"):
        return _of_file(Path(entry))
    if entry == ALL_MEASURES:
        return [name for name in measures.names() if "x" not in measures.get(name).needs or name in _ALWAYS]
    if entry not in measures.names():
        near = nearest(entry, [*measures.names(), ALL_MEASURES])
        raise ConfigError(
            f"no measure is called {entry!r} (measures); {near}. A file of your own ends in .py"
        )
    return [entry]


_ALWAYS = ("cka_to_reference",)


def _of_file(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        told = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path} (measures) cannot be read: {told}") from error
    try:
        return register_text(text, str(path))
    except ValueError as error:
        raise ConfigError(str(error)) from error
