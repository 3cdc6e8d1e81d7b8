"""A reader of query labels is right every time where it is trusted, and at chance behind walls."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile_cells import CHANCE, EPISODES, WAY, run

from suite.isolation import Code

QUERIES = 3 * WAY
# Of so many answers at chance, all but one set in a million lie within this of a third (Hoeffding's bound,
# which holds for the binomial).
FAR = math.sqrt(math.log(2e6) / (2 * EPISODES * QUERIES))

# Each finds the episode that is being scored, and answers with its labels.
READERS = {
    "frames": (
        "f = sys._getframe()\n"
        "while f:\n"
        "    for v in f.f_locals.values():\n"
        "        if type(v).__name__ == 'Episode' and torch.equal(v.query_images, images):\n"
        "            logits[torch.arange(len(images)), v.query_labels] = 1\n"
        "    f = f.f_back"
    ),
    "garbage": (
        "for v in gc.get_objects():\n"
        "    if type(v).__name__ == 'Episode' and torch.equal(v.query_images, images):\n"
        "        logits[torch.arange(len(images)), v.query_labels] = 1"
    ),
    "arrays": (
        "for v in gc.get_objects():\n"
        "    if type(v).__name__ == 'Benchmark':\n"
        "        test = v.splits['test']\n"
        "        of = {i.tobytes(): int(l) for i, l in zip(test.images, test.labels)}\n"
        "        given = zip(support.images, support.labels)\n"
        "        mine = {of.get(i.numpy().tobytes()): int(l) for i, l in given}\n"
        "        for row, i in enumerate(images): logits[row, mine.get(of.get(i.numpy().tobytes()), 0)] = 1"
    ),
}


@pytest.mark.parametrize("reader", READERS)
def test_labels_are_read_where_trusted_and_not_behind_walls(
    reader: str, written: Callable[..., Code], tmp_path: Path
) -> None:
    code = written(f"reader_of_{reader}", predict=READERS[reader])
    trusted = run(code, tmp_path / "trusted", walled=False)
    assert trusted.accuracy == 1.0, trusted
    walled = run(code, tmp_path / "walled")
    assert walled.accuracy is not None and abs(walled.accuracy - CHANCE) < FAR, walled
