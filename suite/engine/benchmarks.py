"""What a board tells of a sweep's data, put into the store: their cards and contact sheets."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

import tasks
from leaderboard.records import BenchmarkCard, BenchmarkIdentity, SplitSize
from leaderboard.store import CorruptRecord, Store
from suite.engine.cells import Cell


@dataclass(frozen=True)
class _Layout:
    """How many classes and samples of each split are shown, and whether the splits stand side by side."""

    classes: int
    samples: int
    beside: bool

    def __str__(self) -> str:
        order = "from the left" if self.beside else "from the top"
        return (
            f"{', '.join(tasks.SPLITS)} {order}: up to {self.classes} classes of each split, a row each, "
            f"evenly spaced among its classes, and of each class up to {self.samples} images."
        )


def keep_benchmarks(cells: Iterable[Cell], store: Store) -> None:
    """Put the card and contact sheet of each benchmark of ``cells`` into ``store``, where it lacks them."""
    identities = {cell.benchmark.digest: cell.benchmark for cell in cells if cell.benchmark is not None}
    for digest in sorted(identities):
        if not _has(store, digest):
            # Not ``load_benchmark``, which would hold the images for as long as the driver lives.
            benchmark = tasks.load(identities[digest].name, **identities[digest].options)
            store.put_benchmark(card(benchmark, identities[digest]), png(sheet(benchmark)))


def card(benchmark: tasks.Benchmark, identity: BenchmarkIdentity) -> BenchmarkCard:
    """What is told of a benchmark."""
    channels, height, width = benchmark.images("train").shape[1:]
    return BenchmarkCard(
        name=identity.name,
        digest=identity.digest,
        options=identity.options,
        **asdict(benchmark.card),
        image_shape=(channels, height, width),
        domains=benchmark.domain_names,
        splits={
            split: SplitSize(classes=len(benchmark.classes(split)), images=len(benchmark.labels(split)))
            for split in tasks.SPLITS
        },
        sheet=str(_layout(benchmark)),
    )


def sheet(benchmark: tasks.Benchmark) -> NDArray[np.uint8]:
    """The contact sheets of all splits in one picture: uint8 [height, width, 3]."""
    layout = _layout(benchmark)
    # Of one height, that they may stand side by side.
    rows = min(layout.classes, *(len(benchmark.classes(split)) for split in tasks.SPLITS))
    parts = []
    for split in tasks.SPLITS:
        chosen = [row * len(benchmark.classes(split)) // rows for row in range(rows)]
        parts.append(tasks.contact_sheet(benchmark, split, chosen, layout.samples))
    return np.concatenate(parts, axis=1 if layout.beside else 0)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A picture uint8 [height, width, 3] as PNG (RFC 2083), without any mark of time or place."""
    height, width, _ = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    # Each row begins with the number of its filter: none.
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def _has(store: Store, digest: str) -> bool:
    try:
        return store.benchmark(digest) is not None
    except CorruptRecord:  # put_benchmark sets it aside
        return False


def _layout(benchmark: tasks.Benchmark) -> _Layout:
    """Wide rows of classes with many samples; columns of classes with few."""
    largest = max(int(np.bincount(benchmark.labels(split)).max()) for split in tasks.SPLITS)
    return _Layout(12, largest, True) if largest <= 6 else _Layout(5, min(largest, 18), False)
