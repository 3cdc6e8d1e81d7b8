"""Papers by name: what one is made of, and how it is run.

>>> def widths(seed: int) -> Figures:
...     '''Accuracy by width.'''
...     found = Figures()
...     for width in (8, 64):
...         found["accuracy, %", f"width {width}"] = train(width, seed)
...     return found
>>> @paper("wide", title="…", authors=("A. Author",), year=2024, venue="TMLR", claim="…", version="1",
...        parts=(widths,))
... def judge(found):
...     small, large = (found["widths"]["accuracy, %", f"width {width}"] for width in (8, 64))
...     yield at_least("the wider network is better", large.value - small.value, 1.0, unit="points")
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path

from leaderboard.findings import Check, Figure, Finding, Interval, Reported, Role, Table
from suite.methods.identity import source_hash
from suite.methods.seeding import seed_everything
from suite.nearest import nearest

# What decides, beside the paper's own files and what methods build on, what an experiment computes.
_BUILT_ON = ("tasks", "suite.measures", "suite.probes")
_NO_PAPERS = ("registry",)
_REGISTERED: dict[str, PaperInfo] = {}


class UnknownPaper(LookupError):
    """No paper has that name; the message names the nearest ones."""


class Figures:
    """A table in the making: ``figures[row, column] = value``, or ``= value, (low, high)``, each once."""

    def __init__(self, figures: Iterable[Figure] = ()) -> None:
        self._by_place = {(figure.row, figure.column): figure for figure in figures}

    def __setitem__(self, place: tuple[str, str], value: float | tuple[float, Interval]) -> None:
        if place in self._by_place:
            raise ValueError(f"there is a figure at {place} already")
        row, column = place
        number, interval = value if isinstance(value, tuple) else (value, None)
        self._by_place[place] = Figure(row=row, column=column, value=number, interval=interval)

    def __getitem__(self, place: tuple[str, str]) -> Figure:
        return self._by_place[place]

    def __iter__(self) -> Iterator[Figure]:
        return iter(self._by_place.values())


Part = Callable[[int], Figures]
"""An experiment: seed -> its figures. The first line of its docstring is the title of its table. All that it
draws comes from the seed, or from torch's or numpy's generator, which are seeded with it."""

Judge = Callable[[Mapping[str, Figures]], Iterable[Check]]
"""Figures by the name of the part's function -> the checks."""


@dataclass(frozen=True)
class PaperInfo:
    """A paper and its experiment. ``seeds`` are those to run where nobody asks for others."""

    name: str
    title: str
    authors: tuple[str, ...]
    year: int
    venue: str
    claim: str
    version: str
    parts: tuple[Part, ...] = field(repr=False)
    judge: Judge = field(repr=False)
    seeds: tuple[int, ...] = (0, 1, 2)
    url: str = ""
    reported: tuple[Reported, ...] = ()

    @property
    def source_hash(self) -> str:
        """sha256 over the paper's file and all that it builds on: with another one, results are others."""
        return _hash(self.judge.__module__)

    @property
    def part_names(self) -> tuple[str, ...]:
        """Names of the parts' functions, in order."""
        return tuple(part.__name__ for part in self.parts)


def paper(
    name: str,
    *,
    title: str,
    authors: Sequence[str],
    year: int,
    venue: str,
    claim: str,
    version: str,
    parts: Sequence[Part],
    seeds: Sequence[int] = (0, 1, 2),
    url: str = "",
    reported: Sequence[Reported] = (),
) -> Callable[[Judge], Judge]:
    """Register the function that judges ``parts`` under ``name``, which is the name of its file, too.

    ``claim`` is what the checks with the role ``claim`` decide. Raise ``version`` when what is computed or
    asked changes on purpose. ``reported`` are figures of the paper's own.
    """
    if len({part.__name__ for part in parts}) != len(parts) or not parts:
        raise ValueError(f"{name} needs parts, each of its own name")

    def register(judge: Judge) -> Judge:
        known = _REGISTERED.get(name)
        if known and known.judge.__module__ != judge.__module__:
            raise ValueError(f"a paper named {name!r} is registered already, by {known.judge.__module__}")
        _REGISTERED[name] = PaperInfo(
            name=name,
            title=title,
            authors=tuple(authors),
            year=year,
            venue=venue,
            claim=claim,
            version=version,
            parts=tuple(parts),
            judge=judge,
            seeds=tuple(seeds),
            url=url,
            reported=tuple(reported),
        )
        return judge

    return register


def at_least(
    sentence: str,
    value: float,
    low: float,
    *,
    unit: str = "",
    interval: Interval | None = None,
    role: Role = "claim",
) -> Check:
    """A check that ``value`` is ``low`` or more."""
    return Check(sentence=sentence, value=value, low=low, unit=unit, interval=interval, role=role)


def at_most(
    sentence: str,
    value: float,
    high: float,
    *,
    unit: str = "",
    interval: Interval | None = None,
    role: Role = "claim",
) -> Check:
    """A check that ``value`` is ``high`` or less."""
    return Check(sentence=sentence, value=value, high=high, unit=unit, interval=interval, role=role)


def within(
    sentence: str,
    value: float,
    low: float,
    high: float,
    *,
    unit: str = "",
    interval: Interval | None = None,
    role: Role = "claim",
) -> Check:
    """A check that ``value`` lies in ``low``..``high``."""
    return Check(sentence=sentence, value=value, low=low, high=high, unit=unit, interval=interval, role=role)


def names() -> list[str]:
    """Names that ``run`` knows, sorted."""
    here = {found.name for found in pkgutil.iter_modules([str(Path(__file__).parent)])}
    return sorted((here - {*_NO_PAPERS}) | _REGISTERED.keys())


def describe(name: str) -> PaperInfo:
    """A paper by name. Raises UnknownPaper."""
    if name not in _REGISTERED and name in names():
        import_module(f"suite.papers.{name}")
    if name not in _REGISTERED:
        raise UnknownPaper(f"no paper is called {name!r}; {nearest(name, names())}")
    return _REGISTERED[name]


def run(name: str, seed: int) -> Finding:
    """Run all parts of a paper's experiment, here and one after the other, and judge them.

    ``seed`` is at least 0 and decides everything that is drawn. Raises UnknownPaper.
    """
    info = describe(name)
    return conclude(info, seed, {part: run_part(info, part, seed) for part in info.part_names})


def run_part(info: PaperInfo, part: str, seed: int) -> Table:
    """The figures of one part. Raises ValueError where the paper has no such part."""
    found = {function.__name__: function for function in info.parts}
    if part not in found:
        raise ValueError(f"{info.name} has no part {part!r}; {nearest(part, found)}")
    seed_everything(seed)
    title = (inspect.getdoc(found[part]) or part).partition("\n")[0].rstrip(".")
    return Table(title=title, figures=tuple(found[part](seed)))


def conclude(info: PaperInfo, seed: int, tables: Mapping[str, Table]) -> Finding:
    """Judge the tables of all parts."""
    found = {name: Figures(tables[name].figures) for name in info.part_names}
    return Finding(
        paper=info.name,
        title=info.title,
        authors=info.authors,
        year=info.year,
        venue=info.venue,
        url=info.url,
        claim=info.claim,
        version=info.version,
        seed=seed,
        measured=tuple(info.judge(found)),
        figures={name: tables[name] for name in info.part_names},
        reported=info.reported,
    )


@cache
def _hash(module: str) -> str:
    return source_hash(module, also=(*_BUILT_ON, module))
