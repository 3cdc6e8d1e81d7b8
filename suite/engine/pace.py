"""How long a cell will take: its images, over the pace of cells like it."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from functools import partial
from statistics import median

from leaderboard.records import subject
from suite.engine.cells import Cell

# The latest tell the pace; so it follows a machine that becomes busy, and its memory does not grow.
_REMEMBERED = 201
# From so many on, what cells of one method and kind take is taken for known.
_ENOUGH = 8


def images(cell: Cell) -> int:
    """Images that a cell pushes through a network, at least: the measure of its length."""
    if cell.kind == "train":
        budget, shape = cell.spec["budget"], cell.spec["episode"]
        episode = shape["way"] * (shape["shot"] + shape["query"])
        return int(budget["images"] + budget["validations"] * budget["validation_episodes"] * episode)
    if cell.protocol is not None:
        protocol = cell.protocol
        return protocol.episodes * protocol.way * (protocol.shot + protocol.query)
    if cell.kind == "diversity":
        task = cell.spec["task"]
        return int(cell.spec["tasks"] * task["way"] * (task["shot"] + task["query"]))
    return 1


Group = tuple[str, ...]
"""Cells that are alike: their kind, method and benchmark, or the first of these only."""


class Pace:
    """Seconds an image, learned from finished cells: of the same method and kind, else of the kind, else of
    all.
    """

    def __init__(self) -> None:
        self._seen: dict[Group, deque[float]] = defaultdict(partial(deque, maxlen=_REMEMBERED))
        self._medians: dict[Group, float] = {}

    def learn(self, cell: Cell, seconds: float) -> None:
        """Take in a finished cell."""
        for group in groups(cell):
            self._seen[group].append(seconds / images(cell))
            self._medians.pop(group, None)

    def sure(self, cell: Cell) -> bool:
        """Whether enough cells of its method, kind and benchmark were seen to rely on ``seconds``."""
        return len(self._seen.get(groups(cell)[0], ())) >= _ENOUGH

    @property
    def known(self) -> bool:
        """Whether there is anything to go by."""
        return bool(self._seen)

    def seconds(self, cell: Cell) -> float:
        """Expected seconds of ``cell``; before anything is known, its images, as if each took a second."""
        return self.seconds_an_image(groups(cell)) * images(cell)

    def seconds_an_image(self, alike: Sequence[Group]) -> float:
        """The pace of the first of ``alike`` that anything is known of; 1 where nothing is."""
        for group in alike:
            if group in self._seen:
                if group not in self._medians:
                    self._medians[group] = median(self._seen[group])
                return self._medians[group]
        return 1.0


class Workload:
    """Images of the cells that are still to be computed, by groups of cells alike: what time is left depends
    on no more than that.
    """

    def __init__(self) -> None:
        self._images: Counter[tuple[Group, ...]] = Counter()

    def add(self, cell: Cell) -> None:
        """Take a cell in."""
        self._images[tuple(groups(cell))] += images(cell)

    def remove(self, cell: Cell) -> None:
        """Take a cell that was added out again."""
        self._images[tuple(groups(cell))] -= images(cell)

    def seconds(self, pace: Pace) -> float:
        """Expected seconds of all of it, one after the other."""
        return sum(count * pace.seconds_an_image(alike) for alike, count in self._images.items())


def groups(cell: Cell) -> list[Group]:
    """From the most to the least alike."""
    method = cell.method.name if cell.method else subject(cell.kind, cell.spec) or ""
    benchmark = cell.benchmark.name if cell.benchmark else ""
    return [(cell.kind, method, benchmark), (cell.kind, method), (cell.kind,), ()]
