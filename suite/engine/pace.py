"""How long a cell will take: its images, over the pace of cells like it."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from leaderboard.records import subject
from suite.engine.cells import Cell


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


class Pace:
    """Seconds an image, learned from finished cells: of the same method and kind, else of the kind, else of
    all.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], list[float]] = defaultdict(list)
        self._medians: dict[tuple[str, ...], float] = {}

    def learn(self, cell: Cell, seconds: float) -> None:
        """Take in a finished cell."""
        for group in _groups(cell):
            self._seen[group].append(seconds / images(cell))
            self._medians.pop(group, None)

    @property
    def known(self) -> bool:
        """Whether there is anything to go by."""
        return bool(self._seen)

    def seconds(self, cell: Cell) -> float:
        """Expected seconds of ``cell``; before anything is known, its images, as if each took a second."""
        for group in _groups(cell):
            if group in self._seen:
                if group not in self._medians:
                    self._medians[group] = median(self._seen[group])
                return self._medians[group] * images(cell)
        return float(images(cell))


def _groups(cell: Cell) -> list[tuple[str, ...]]:
    """From the most to the least alike."""
    method = cell.method.name if cell.method else subject(cell.kind, cell.spec) or ""
    benchmark = cell.benchmark.name if cell.benchmark else ""
    return [(cell.kind, method, benchmark), (cell.kind, method), (cell.kind,), ()]
