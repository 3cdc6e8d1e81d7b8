"""What a board tells of a sweep's data, put into the store: their cards and contact sheets."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

import tasks
from leaderboard.records import BenchmarkCard, BenchmarkIdentity, SplitSize
from leaderboard.store import CorruptRecord, Store
from suite.engine.cells import TRANSFER, Cell
from tasks import transfers


@dataclass(frozen=True)
class _Layout:
    """How many classes and samples of each split are shown, and whether the splits stand side by side."""

    classes: int
    samples: int
    beside: bool

    def __str__(self) -> str:
        return self.told(tasks.SPLITS)

    def told(self, parts: Sequence[str]) -> str:
        """In words, where ``parts`` are what stands for the splits."""
        order = "from the left" if self.beside else "from the top"
        return (
            f"{', '.join(parts)} {order}: up to {self.classes} classes of each split, a row each, "
            f"evenly spaced among its classes, and of each class up to {self.samples} images."
        )


def keep_benchmarks(cells: Iterable[Cell], store: Store) -> None:
    """Put the card and contact sheet of each benchmark of ``cells`` into ``store``, where it lacks them."""
    found = {cell.benchmark.digest: cell for cell in cells if cell.benchmark is not None}
    for digest in sorted(found):
        if not _has(store, digest):
            identity = found[digest].benchmark
            assert identity is not None
            # Not ``load_benchmark``, which would hold the images for as long as the driver lives.
            if found[digest].track == TRANSFER:
                task = transfers.load(identity.name, **identity.options)
                store.put_benchmark(card_of_transfer(task, identity), png(sheet(_shown(task))))
            else:
                benchmark = tasks.load(identity.name, **identity.options)
                store.put_benchmark(card(benchmark, identity), png(sheet(benchmark)))


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


def card_of_transfer(task: tasks.Transfer, identity: BenchmarkIdentity) -> BenchmarkCard:
    """What is told of a transfer task: its two problems, each with all of its images, are its splits."""
    sides = {"source": task.source, "downstream": task.downstream}
    return BenchmarkCard(
        name=identity.name,
        digest=identity.digest,
        options=identity.options,
        **asdict(task.card),
        image_shape=task.image_shape,
        domains=task.domain_names,
        splits={
            side: SplitSize(
                classes=len(problem.classes),
                images=sum(len(part.labels) for part in problem.parts().values()),
            )
            for side, problem in sides.items()
        },
        sheet=_layout(_shown(task)).told(("source", "downstream", "downstream test")),
    )


def _shown(task: tasks.Transfer) -> tasks.Benchmark:
    """A transfer task as contact sheets take data: what is trained on, adapted to, and scored on."""
    parts = {"source": task.source.train, "downstream": task.downstream.train, "test": task.downstream.test}
    named = [
        replace(part, classes=tuple(f"{side} {name}" for name in part.classes))
        for side, part in parts.items()
    ]
    splits = dict(zip(tasks.SPLITS, named, strict=True))
    return tasks.Benchmark(task.name, splits, task.domain_names, task.card, task.options)


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
