"""The digests that the embedded benchmarks must have, and what to say where they don't."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tasks import packages
from tasks.benchmark import Benchmark


@dataclass(frozen=True)
class Verification:
    """What ``tasks.verify`` found. ``expected`` is None where no reference digest is recorded.

    ``differing``: packages that are not the pinned ones, name -> (version the images were made with, pinned).
    """

    name: str
    options: Mapping[str, object]
    found: str
    expected: str | None
    differing: Mapping[str, tuple[str, str]]

    @property
    def matches(self) -> bool | None:
        """Whether the digest is the recorded one; None where none is recorded."""
        return None if self.expected is None else self.found == self.expected

    def __str__(self) -> str:
        what = label(self.name, self.options)
        if self.matches is None:
            return f"{what} has digest {self.found[:12]}; no reference digest is recorded for these options"
        if self.matches:
            return f"{what} is the reference data, digest {self.found[:12]}"
        unlike = [f"{name} is {has}, pinned {pin}" for name, (has, pin) in self.differing.items()]
        why = (
            f"{'; '.join(unlike)}; {packages.INSTALL} installs the pinned packages"
            if unlike
            else "every pinned package has its version, so please report this machine"
        )
        return f"{what} has digest {self.found[:12]}, the reference {str(self.expected)[:12]}: {why}"


def compare(benchmark: Benchmark) -> Verification:
    """Hold a loaded benchmark against the recorded digest."""
    return Verification(
        benchmark.name,
        benchmark.options,
        benchmark.digest,
        expected(benchmark.name, benchmark.options),
        packages.differing(benchmark.card.packages),
    )


def expected(name: str, options: Mapping[str, object]) -> str | None:
    """The recorded digest of a benchmark with these resolved options."""
    recorded = json.loads((Path(__file__).parent / "digests.json").read_text(encoding="utf-8"))
    digest = recorded.get(label(name, options))
    return None if digest is None else str(digest)


def label(name: str, options: Mapping[str, object]) -> str:
    """A benchmark and its options in words: ``glyphs scripts=Latin,Arabic,Hebrew size=28``."""
    return " ".join([name, *(f"{key}={_spelled(options[key])}" for key in sorted(options))])


def _spelled(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
