"""What is said to be left of a sweep, against what a simulated one takes."""

from __future__ import annotations

import heapq
import random
from pathlib import Path

import pytest
from engine_sweeps import sweep

from suite.engine.cells import Cell
from suite.engine.ledger import Ledger
from suite.engine.plan import Plan


def cells(lengths: dict[str, float]) -> list[Cell]:
    """Per benchmark forty trainings of their own length, each with two short evaluations."""
    found: list[Cell] = []
    for name in lengths:
        for seed in range(40):
            root = Cell("measure", {"measure": {"name": name}, "seed": seed, "part": "train"})
            found.append(root)
            leaves = ({"measure": {"name": "score"}, "of": name, "seed": seed, "n": n} for n in (0, 1))
            found += [Cell("measure", leaf, (root.key,)) for leaf in leaves]
    return found


@pytest.mark.parametrize("slots", [4, 64])
def test_time_left_is_within_a_factor_of_one_and_a_half(slots: int) -> None:
    lengths = {"short": 10.0, "middling": 60.0, "long": 900.0}
    luck = random.Random(0)
    given = cells(lengths)
    book = Ledger(Plan(sweep(Path("unused")), tuple(given), {}))
    length = {
        cell.key: lengths.get(cell.spec["measure"]["name"], 5.0) * luck.uniform(0.8, 1.25) for cell in given
    }
    began: dict[str, float] = {}
    running: list[tuple[float, str]] = []
    guesses: list[tuple[float, float]] = []
    now, learned = 0.0, set()
    while not book.finished:
        while len(running) < slots and (chosen := book.next(now)):
            key = chosen[0].key
            book.start(key)
            began[key] = now
            heapq.heappush(running, (now + length[key], key))
        now, key = heapq.heappop(running)
        book.finish(key, length[key])
        learned.add(book.cells[key].spec["measure"]["name"])
        shares = {one: (now - began[one]) / length[one] for _, one in running}
        ages = {one: now - began[one] for _, one in running}
        left = book.seconds_left(shares, slots, ages)
        assert left is not None
        if len(learned) == 4:  # one of each kind has been seen
            guesses.append((now, left))
    told = [(left, now - then) for then, left in guesses if now - then > 60.0]
    assert len(told) > 50
    assert all(1 / 1.5 < left / true < 1.5 for left, true in told), max(
        told, key=lambda pair: max(pair[0] / pair[1], pair[1] / pair[0])
    )
