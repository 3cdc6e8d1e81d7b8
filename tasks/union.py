"""``union``: classes of several benchmarks, each benchmark a domain with equally many of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks import digests, registry
from tasks.benchmark import SPLITS, Benchmark, Card, Split, SplitName
from tasks.checks import check_flag, check_whole
from tasks.draws import choose
from tasks.raster import check_size, resize


@dataclass(frozen=True)
class _Part:
    """A benchmark of the union, and the options that it was given there."""

    name: str
    options: Mapping[str, object]
    whole: Benchmark

    @property
    def domain(self) -> str:
        return digests.label(self.name, self.options)


@dataclass(frozen=True)
class _Design:
    """The options but ``of``, checked."""

    classes_per_domain: int | Mapping[str, int] | None
    images_per_class: int | None
    turned: tuple[str, ...]
    within_domain: bool
    size: int
    seed: int

    def __post_init__(self) -> None:
        counts = self.classes_per_domain
        if isinstance(counts, Mapping):
            if set(counts) != set(SPLITS):
                raise ValueError(
                    f"classes_per_domain must be one number, or one for each of {', '.join(SPLITS)}, "
                    f"not for {', '.join(map(str, counts)) or 'none'}"
                )
            for split, count in counts.items():
                check_whole(f"classes_per_domain.{split}", count, 1)
        elif counts is not None:
            check_whole("classes_per_domain", counts, 1)
        if self.images_per_class is not None:
            check_whole("images_per_class", self.images_per_class, 1)
        if not all(isinstance(name, str) for name in self.turned):
            raise ValueError(f"turned must list names of parts, such as [emoji], not {list(self.turned)!r}")
        check_flag("within_domain", self.within_domain)
        check_size(self.size)
        check_whole("seed", self.seed, 0)

    def options(self) -> dict[str, object]:
        """As plain data. ``turned`` is told where there is something to tell."""
        counts = self.classes_per_domain
        told = {**vars(self), "classes_per_domain": dict(counts) if isinstance(counts, Mapping) else counts}
        del told["turned"]
        return {**told, **({"turned": list(self.turned)} if self.turned else {})}

    def count(self, split: SplitName) -> int | None:
        """Classes of each domain in a split; None: as many as the part that has the fewest."""
        counts = self.classes_per_domain
        return counts[split] if isinstance(counts, Mapping) else counts


@registry.benchmark("union")
def load(
    of: Sequence[str | Mapping[str, Mapping[str, object]]] = ("glyphs", "emoji"),
    classes_per_domain: int | Mapping[str, int] | None = None,
    images_per_class: int | None = None,
    turned: Sequence[str] = (),
    within_domain: bool = True,
    size: int = 28,
    seed: int = 0,
    *,
    cache: Path | None = None,
) -> Benchmark:
    """Images [n, c, size, size], in colour if a part's are; class = a part's class; domain = the part.

    ``of`` lists the parts, each NAME or {NAME: {option: value}}. Every domain has ``classes_per_domain``
    classes in each split, a number, or one for each of train, validation and test; without it, as many as the
    part with the fewest. ``images_per_class``: only classes that have so many, and so many of each, evenly
    spaced; without it, all. Parts that ``turned`` names are given their images by quarter turns as well, four
    times as many of each class, for parts like ``emoji`` that have few. ``seed`` decides which classes.
    ``within_domain``: each episode is of one domain, the domains in turn; else classes of all domains meet in
    one. Classes that several parts have are dealt out to them in turn, so that each is of one domain:
    ``glyphs`` can be there several times, with other scripts, though Arabic alone is for validation. It is
    put together from the parts' caches. Raises ValueError for a value out of range, a part that is there
    twice, or has too few classes, or another number of channels than 1 or the others'; and what loading a
    part raises.
    """
    if isinstance(turned, str):
        raise ValueError(f"turned must list names of parts, such as [emoji], not {turned!r}")
    design = _Design(classes_per_domain, images_per_class, tuple(turned), within_domain, size, seed)
    named = [_named(entry) for entry in _entries(of)]
    for name in design.turned:
        if name not in [part for part, _ in named]:
            raise ValueError(f"turned names {name!r}, which is no part of the union")
    parts = [
        _Part(name, options, _turn(_whole(name, options, size, cache), name in design.turned))
        for name, options in named
    ]
    _check_once(parts)
    splits = {split: _split(parts, design, split) for split in SPLITS}
    listed = [{part.name: dict(part.options)} if part.options else part.name for part in parts]
    return Benchmark(
        "union",
        splits,
        tuple(part.domain for part in parts),
        _card(parts),
        {"of": listed, **design.options()},
        within_domain,
    )


def _entries(of: object) -> list[object]:
    if isinstance(of, (str, Mapping)) or not isinstance(of, Sequence) or not of:
        raise ValueError(
            f"of must list benchmarks, such as [glyphs, {{digits: {{rotated: true}}}}], not {of!r}"
        )
    return list(of)


def _named(entry: object) -> tuple[str, Mapping[str, object]]:
    """A part's name and options."""
    if isinstance(entry, str):
        return entry, {}
    if isinstance(entry, Mapping) and len(entry) == 1:
        [(name, options)] = entry.items()
        if isinstance(name, str) and (options is None or isinstance(options, Mapping)):
            return name, dict(options or {})
    raise ValueError(f"a part of a union is written NAME or {{NAME: {{option: value}}}}, not {entry!r}")


def _whole(name: str, options: Mapping[str, object], size: int, cache: Path | None) -> Benchmark:
    if "size" in options:
        raise ValueError(f"{name} has the size of its union; set the union's size, not that of a part")
    given = {"size": size, "cache": cache}
    known = registry.options_of(name)
    return registry.load(name, **options, **{key: given[key] for key in given if key in known})


def _turn(whole: Benchmark, turned: bool) -> Benchmark:
    """``whole`` with its images and their three quarter turns, where ``turned``."""
    if not turned:
        return whole
    splits = {}
    for split in SPLITS:
        images = whole.images(split)
        rows = np.stack([np.rot90(images, turn, axes=(2, 3)) for turn in range(4)], axis=1)
        splits[split] = Split(
            rows.reshape(-1, *images.shape[1:]),
            np.repeat(whole.labels(split), 4),
            np.repeat(whole.domains(split), 4),
            whole.classes(split),
        )
    return replace(whole, splits=splits)


def _check_once(parts: Sequence[_Part]) -> None:
    """Raise ValueError for a part that is there twice, by whatever options."""
    for place, part in enumerate(parts):
        for other in parts[:place]:
            if part.domain == other.domain or part.whole.digest == other.whole.digest:
                raise ValueError(
                    f"the union has {part.domain} twice; leave one out, or give it other options"
                    if part.domain == other.domain
                    else f"{other.domain} and {part.domain} are the same images; leave one out"
                )


def _dealt(parts: Sequence[_Part], split: SplitName) -> list[NDArray[np.bool_]]:
    """Which classes of each part are its own to give: all but those that are dealt to another part.

    A class is shared where its name and first image are the same.
    """
    sharers: dict[tuple[str, bytes], list[tuple[int, int]]] = {}
    for place, part in enumerate(parts):
        labels, firsts = np.unique(part.whole.labels(split), return_index=True)
        for label, first in zip(labels.tolist(), firsts, strict=True):
            key = (part.whole.classes(split)[label], part.whole.images(split)[first].tobytes())
            sharers.setdefault(key, []).append((place, label))
    own = [np.ones(len(part.whole.classes(split)), dtype=bool) for part in parts]
    dealt: Counter[tuple[int, ...]] = Counter()
    for entries in sharers.values():
        places = tuple(place for place, _ in entries)
        taker = dealt[places] % len(places)
        dealt[places] += 1
        for turn, (place, label) in enumerate(entries):
            own[place][label] = turn == taker
    return own


def _split(parts: Sequence[_Part], design: _Design, split: SplitName) -> Split:
    least = design.images_per_class or 1
    members = [_members(part.whole, split) for part in parts]
    usable = [
        np.flatnonzero(own & ([len(rows) >= least for rows in some]))
        for own, some in zip(_dealt(parts, split), members, strict=True)
    ]
    count = design.count(split) or max(1, min(map(len, usable)))
    channels = max(part.whole.images(split).shape[1] for part in parts)
    images, labels, domains, names = [], [], [], []
    for domain, (part, classes) in enumerate(zip(parts, usable, strict=True)):
        if len(classes) < count:
            with_images = f" with at least {least} images" if least > 1 else ""
            raise ValueError(
                f"{part.domain}/{split} has {len(classes)} classes{with_images}, fewer than the {count} that "
                "a domain is to have"
            )
        chosen = classes[choose(("union", design.seed, part.domain, split), count, len(classes))]
        rows = [_spaced(members[domain][label], design.images_per_class) for label in chosen]
        sizes = [len(some) for some in rows]
        images.append(_alike(part, part.whole.images(split)[np.concatenate(rows)], design.size, channels))
        labels.append(np.repeat(np.arange(count, dtype=np.int64) + domain * count, sizes))
        domains.append(np.full(sum(sizes), domain, dtype=np.int64))
        names += [f"{part.domain}/{part.whole.classes(split)[label]}" for label in chosen]
    return Split(np.concatenate(images), np.concatenate(labels), np.concatenate(domains), tuple(names))


def _members(benchmark: Benchmark, split: SplitName) -> list[NDArray[np.int64]]:
    """Rows of each class of a split."""
    labels = benchmark.labels(split)
    counts = np.bincount(labels, minlength=len(benchmark.classes(split)))
    return np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])


def _spaced(rows: NDArray[np.int64], count: int | None) -> NDArray[np.int64]:
    return rows if count is None else rows[np.arange(count) * len(rows) // count]


def _alike(part: _Part, images: NDArray[np.uint8], size: int, channels: int) -> NDArray[np.uint8]:
    """Images [n, c, h, w] as [n, channels, size, size]: averaged over areas, grey repeated."""
    has, height, width = images.shape[1:]
    if height != width:
        raise ValueError(f"{part.domain} has images of {height} x {width} pixels; a union is of square ones")
    if has not in (1, channels):
        raise ValueError(
            f"{part.domain} has images of {has} channels, others of {channels}; only grey becomes another"
        )
    sized = resize(images.transpose(0, 2, 3, 1), size).transpose(0, 3, 1, 2)
    return np.repeat(sized, channels, axis=1) if has < channels else sized


def _card(parts: Sequence[_Part]) -> Card:
    cards = [(part.domain, part.whole.card) for part in parts]
    return Card(
        title="Union of " + ", ".join(domain for domain, _ in cards),
        description=(
            "Classes of several benchmarks, equally many of each, which are its domains. "
            + " ".join(f"{domain}: {card.description}" for domain, card in cards)
        ),
        licence=" ".join(f"{domain}: {card.licence.rstrip('.')}." for domain, card in cards),
        attribution=" ".join(f"{domain}: {card.attribution.rstrip('.')}." for domain, card in cards),
        split_rule="; ".join(f"{domain}: {card.split_rule}" for domain, card in cards),
        citation=" ".join(f"{domain}: {card.citation}" for domain, card in cards if card.citation),
        packages={name: version for _, card in cards for name, version in card.packages.items()},
    )
