from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pytest

from leaderboard.records import CellKind
from suite.config import Resources
from suite.engine import events
from suite.engine.cells import Cell
from suite.engine.cluster import Cluster
from suite.engine.flight import Flight
from suite.engine.room import Room

GPU_HOST = {"CPU": 4.0, "GPU": 2.0, "memory": 9_000.0 * 2**20}
CPU_HOST = {"CPU": 2.0, "memory": 9_000.0 * 2**20}
TRAIN, MEASURE = Cell("train", {}), Cell("measure", {})


class Hosts:
    """What a room asks of a cluster."""

    def __init__(self, *nodes: Mapping[str, float]) -> None:
        self._nodes = list(nodes)

    def nodes(self) -> list[Mapping[str, float]]:
        return self._nodes

    def launchable(self) -> list[tuple[Mapping[str, float], int]]:
        return []


def opened(ready: dict[CellKind, int], *nodes: Mapping[str, float], **asked: int) -> Room:
    room = Room(Resources(1, 1, 1_000, **asked), 100, None)
    told = list(room.open(cast("Cluster", Hosts(*nodes)), ready, 0.0))
    assert isinstance(told[0], events.ClusterReady)
    return room


def most(room: Room, cell: Cell, *others: Cell) -> int:
    """How many of a cell's kind fit beside others."""
    flights = [Flight(other, "", 1, None, 0.0) for other in others]
    count = 0
    while room.takes_one_more(cell, flights):
        flights.append(Flight(cell, "", 1, None, 0.0))
        count += 1
    return count


@pytest.mark.parametrize(("ready", "measures"), [({"train": 5}, 4), ({"measure": 5}, 6), ({}, 6)])
def test_cells_without_gpus_take_all_once_none_waits_for_a_gpu(
    ready: dict[CellKind, int], measures: int
) -> None:
    room = opened(ready, GPU_HOST, CPU_HOST)
    assert (room.at_once, most(room, TRAIN)) == (2, 2)
    assert most(room, MEASURE) == most(room, MEASURE, TRAIN, TRAIN) == measures
    assert most(room, TRAIN, *[MEASURE] * measures) == 2


def test_one_measures_even_where_gpus_need_all() -> None:
    full = {**GPU_HOST, "CPU": 2.0}
    assert most(opened({"train": 1}, full), MEASURE) == 1


def test_what_is_in_flight_is_limited_over_all_kinds() -> None:
    room = opened({"train": 5}, GPU_HOST, CPU_HOST, max_in_flight=3)
    assert most(room, MEASURE, TRAIN, TRAIN) == 1
    assert most(room, TRAIN, *[MEASURE] * 3) == 0
