"""Which measure exactly: its name, and the code that computes it, wherever a cell is worked on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from suite import measures
from suite.config.measures import measure_names
from suite.engine.work import HostLacks
from suite.measures.from_file import register_text, text_of
from suite.methods.identity import source_hash

VERSION = "1"
_OWN = "suite."


def _modules() -> tuple[str, ...]:
    """Modules that measures share. The package itself imports them all, and would make one hash of all."""
    return tuple(f"{measures.__name__}.{module.name}" for module in iter_modules(measures.__path__))


@dataclass(frozen=True)
class Yardstick:
    """A measure by name; ``spec`` is what a cell says of it.

    The text of a file of one's own is part of the spec, so that every host can compute it; of an installed
    package, the module is.
    """

    name: str
    spec: Mapping[str, Any]

    @classmethod
    def of(cls, name: str) -> Yardstick:
        """Raises UnknownMeasure."""
        found = measures.get(name)
        spec = {
            "name": name,
            "version": VERSION,
            "source_hash": source_hash(found.module, also=_modules()),
        }
        text = text_of(found.module)
        if text is not None:
            spec["text"] = text
        elif not found.module.startswith(_OWN):
            spec["module"] = found.module
        return cls(name, spec)

    @property
    def measure(self) -> measures.Measure:
        """What computes it."""
        return measures.get(self.name)

    @property
    def compares(self) -> bool:
        """Whether it is of two networks: one, and a reference."""
        return "x" in self.measure.needs


def yardsticks(wanted: Iterable[str]) -> list[Yardstick]:
    """The measures that a sweep's ``measures`` name, each once. Raises ConfigError for what is none."""
    names = dict.fromkeys(name for entry in wanted for name in measure_names(entry))
    return [Yardstick.of(name) for name in names]


def planned(told: Mapping[str, Any]) -> measures.Measure:
    """The measure that a cell was planned with. Raises HostLacks where this host has other code for it."""
    name = str(told["name"])
    if "text" in told:
        register_text(told["text"], f"{name}.py")
    elif "module" in told:
        try:
            import_module(told["module"])
        except ImportError as error:
            raise HostLacks(
                f"the module {told['module']}, which registers the measure {name}, cannot be imported there "
                f"({error}); install it on every host"
            ) from error
    if name not in measures.names() or Yardstick.of(name).spec["source_hash"] != told["source_hash"]:
        raise HostLacks(f"the measure {name} was planned with other code than this host has")
    return measures.get(name)
