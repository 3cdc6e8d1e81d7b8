"""``glyph_scripts``: from the characters of some scripts to those of others."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tasks import registry
from tasks.benchmark import SPLITS, Benchmark, Split
from tasks.checks import check_whole
from tasks.glyphs import SCRIPTS
from tasks.transfers.dealing import LEAST, dealt, joined, renumbered
from tasks.transfers.registry import transfer
from tasks.transfers.transfer import Transfer


@transfer("glyph_scripts")
def load(
    source: Sequence[str] = ("Latin",),
    downstream: Sequence[str] = ("Cyrillic",),
    images: int = 10,
    size: int = 28,
    seed: int = 0,
    *,
    cache: Path | None = None,
) -> Transfer:
    """Grey characters [n, 1, size, size] of ``source`` scripts, then of ``downstream`` scripts.

    Class = character, domain = script, sample = type family. Characters with fewer than ``images`` images are
    left out. ``seed`` deals images. Raises ValueError for a script that there is not or that is on both
    sides, and for a value out of range.
    """
    check_whole("images", images, LEAST)
    check_whole("seed", seed, 0)
    known = tuple(script for split in SPLITS for script in SCRIPTS[split])
    sides = _checked("source", source, known), _checked("downstream", downstream, known)
    if shared := set(sides[0]) & set(sides[1]):
        raise ValueError(f"{min(shared)} is in source and in downstream; a script is on one side")
    whole = registry.load("glyphs", size=size, cache=cache)
    one, other = (dealt(_of(whole, side, images), ("glyph_scripts", seed, *side)) for side in sides)
    options = {
        "source": list(sides[0]),
        "downstream": list(sides[1]),
        "images": images,
        "size": size,
        "seed": seed,
    }
    card = replace(
        whole.card,
        title="Glyph scripts: from " + ", ".join(sides[0]) + " to " + ", ".join(sides[1]),
        description=(
            "Characters of some scripts to pretrain on, of others to adapt to. " + whole.card.description
        ),
        split_rule=(
            f"source: {', '.join(sides[0])}; downstream: {', '.join(sides[1])}; characters with at least "
            f"{images} images, dealt to train, validation and test at 3:1:1, so type families meet in all"
        ),
    )
    return Transfer("glyph_scripts", one, other, whole.domain_names, card, options)


def _checked(side: str, scripts: Sequence[str], known: tuple[str, ...]) -> tuple[str, ...]:
    """The scripts in their usual order."""
    if isinstance(scripts, str) or not scripts:
        raise ValueError(f"{side} must be a list of scripts, such as [Latin, Greek], not {scripts!r}")
    for script in scripts:
        if script not in known:
            near = difflib.get_close_matches(str(script), known, n=1) or list(known)
            raise ValueError(f"glyphs has no script {script!r}; nearest: {', '.join(near)}")
    return tuple(script for script in known if script in scripts)


def _of(whole: Benchmark, scripts: tuple[str, ...], images: int) -> Split:
    """Characters of some scripts with enough images, from whichever split of the benchmark."""
    wanted = [whole.domain_names.index(script) for script in scripts]
    parts = []
    for split in SPLITS:
        labels = whole.labels(split)
        enough = np.bincount(labels, minlength=len(whole.classes(split))) >= images
        rows = np.flatnonzero(np.isin(whole.domains(split), wanted) & enough[labels])
        if len(rows):
            parts.append(renumbered(whole.splits[split], rows))
    if not parts:
        raise ValueError(f"no character of {', '.join(scripts)} has {images} images")
    return joined(parts)
