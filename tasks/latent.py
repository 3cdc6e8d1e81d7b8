"""``latent``: tasks made by random networks, one a domain: diversity grows with their number, and only it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.benchmark import SPLITS, Benchmark, Card, Split, SplitName
from tasks.cache import through
from tasks.checks import check_flag, check_positive, check_whole
from tasks.draws import normal
from tasks.enlarge import enlarge
from tasks.raster import check_size
from tasks.registry import benchmark

IMAGES = 60
"""Images of a class."""

_SIDE = 8
_CODE, _NUISANCE, _HIDDEN = 5, 8, 96
_GAIN, _BIAS = 1.5, 0.5


@dataclass(frozen=True)
class _Design:
    """The options, checked."""

    domains: int
    classes_per_domain: int
    noise: float
    within_domain: bool
    size: int
    seed: int

    def __post_init__(self) -> None:
        for name in ("domains", "classes_per_domain"):
            check_whole(name, getattr(self, name), 1)
        check_whole("seed", self.seed, 0)
        check_positive("noise", self.noise)
        # 1 and 1.0 are one benchmark.
        object.__setattr__(self, "noise", float(self.noise))
        check_flag("within_domain", self.within_domain)
        check_size(self.size)


@benchmark("latent")
def load(
    domains: int = 4,
    classes_per_domain: int = 40,
    noise: float = 0.4,
    within_domain: bool = True,
    size: int = 8,
    seed: int = 0,
    *,
    cache: Path | None = None,
) -> Benchmark:
    """Grey images [n, 1, size, size]; class = a point in a latent space, 60 images each; domain = a decoder.

    Each of ``domains`` has ``classes_per_domain`` classes in each split; more domains leave the first ones as
    they are. ``noise`` is the standard deviation of a class around its point, points being standard normal.
    ``within_domain``: each episode is of one domain, the domains in turn. Raises ValueError for a value out
    of range.
    """
    design = _Design(domains, classes_per_domain, noise, within_domain, size, seed)
    sources = ["latent.py", "draws.py", "enlarge.py"]
    return through("latent", asdict(design), lambda: _build(design), sources=sources, folder=cache)


def _build(design: _Design) -> Benchmark:
    splits = {split: _split(design, split) for split in SPLITS}
    names = tuple(f"decoder {domain}" for domain in range(design.domains))
    return Benchmark("latent", splits, names, _card(), asdict(design), design.within_domain)


def _split(design: _Design, split: SplitName) -> Split:
    count, domains = design.classes_per_domain, range(design.domains)
    maps = np.concatenate([_decoded(design, split, domain) for domain in domains])
    return Split(
        enlarge(maps, design.size)[:, None],
        np.repeat(np.arange(len(domains) * count, dtype=np.int64), IMAGES),
        np.repeat(np.arange(len(domains), dtype=np.int64), count * IMAGES),
        tuple(f"decoder {domain} {split} {k}" for domain in domains for k in range(count)),
    )


def _decoded(design: _Design, split: SplitName, domain: int) -> NDArray[np.uint8]:
    """Maps uint8 [classes * IMAGES, 8, 8] of one domain: tanh(B tanh(A z + b)) of z = (code, nuisance)."""
    inputs, outputs, classes = _CODE + _NUISANCE, _SIDE * _SIDE, design.classes_per_domain
    a = normal(("latent A", design.seed, domain), _HIDDEN, inputs) * (_GAIN / inputs**0.5)
    b = normal(("latent b", design.seed, domain), _HIDDEN) * _BIAS
    last = normal(("latent B", design.seed, domain), outputs, _HIDDEN) * (_GAIN / _HIDDEN**0.5)
    points = normal(("latent points", design.seed, domain, split), classes, 1, _CODE)
    around = normal(("latent samples", design.seed, domain, split), classes, IMAGES, inputs)
    codes, nuisance = points + design.noise * around[..., :_CODE], around[..., _CODE:]
    z = np.concatenate([codes, nuisance], axis=2).reshape(-1, inputs)
    values = np.tanh(np.tanh(z @ a.T + b) @ last.T)
    return np.asarray(np.rint((values + 1) * 127.5).astype(np.uint8).reshape(-1, _SIDE, _SIDE))


def _card() -> Card:
    return Card(
        title="Latent: tasks by random decoders",
        description=(
            "Synthetic. A domain is a fixed random network of two layers that makes 64 pixels of 5 numbers "
            "that tell the class and 8 that do not. A class is a point in the space of the 5; its images lie "
            "around it. More domains make more diverse tasks, while the number of classes in each stays the "
            "same. 8 x 8 pixels, interpolated bilinearly to the size asked for."
        ),
        licence="CC0-1.0",
        attribution="Made up by Transfer League.",
        split_rule="the points of each split are drawn independently; every split has every domain",
    )
