from __future__ import annotations

import pytest

from suite.config import Resources
from suite.engine.capacity import Node, beside, gpus, largest_memory, request, slots, takes, without_gpus
from suite.engine.errors import Infeasible

MIB = 2**20


def node(cpus: float, memory_mib: float, gpus: float = 0.0) -> Node:
    return {"CPU": cpus, "memory": memory_mib * MIB, **({"GPU": gpus} if gpus else {})}


def asked(cpus: float = 1, memory: int = 1_000, gpus: float = 0, in_flight: int = 0) -> Resources:
    return Resources(cpus, gpus, memory, max_in_flight=in_flight)


@pytest.mark.parametrize(
    ("nodes", "resources", "expected"),
    [
        ([node(4, 9_000)], asked(), 4),
        ([node(4, 2_500)], asked(), 2),
        ([node(4, 9_000), node(2, 9_000)], asked(), 6),
        ([node(3, 9_000), node(3, 9_000)], asked(cpus=2), 2),  # a cell does not spread over nodes
        ([node(2, 9_000)], asked(cpus=0.1), 9),  # memory for 9 only, though 2 / 0.1 = 20
        ([node(8, 9_000, gpus=1)], asked(gpus=0.25), 4),
        ([node(8, 9_000), node(1, 9_000, gpus=2)], asked(gpus=1), 1),
        ([node(64, 1e6)], asked(in_flight=3), 3),
    ],
)
def test_as_many_cells_as_fit_run_at_once(nodes: list[Node], resources: Resources, expected: int) -> None:
    assert slots(nodes, resources, 1_000) == expected


def test_no_more_slots_than_cells() -> None:
    assert slots([node(64, 1e6)], asked(), 5) == 5


@pytest.mark.parametrize("resources", [asked(cpus=5), asked(memory=9_001), asked(gpus=0.5)])
def test_what_fits_nowhere_is_refused_with_the_request_and_what_there_is(resources: Resources) -> None:
    with pytest.raises(Infeasible) as caught:
        slots([node(4, 9_000), node(2, 500)], resources, 10)
    said = str(caught.value)
    assert f"{resources.cpus_per_cell:g} CPUs, {resources.gpus_per_cell:g} GPUs" in said
    assert f"{resources.memory_mib_per_cell} MiB" in said
    assert "a node with 4 CPUs, 0 GPUs and 9000 MiB; a node with 2 CPUs, 0 GPUs and 500 MiB" in said


def test_an_empty_cluster_fits_nothing() -> None:
    with pytest.raises(Infeasible, match="there is: no node"):
        slots([], asked(), 1)


def test_a_lone_cell_gets_the_memory_of_the_largest_node_that_fits_it() -> None:
    nodes = [node(1, 3_000), node(4, 2_000), node(0, 9_000)]
    assert largest_memory(nodes, asked()) == 3_000
    assert request(asked(), 3_000, "train") == {"num_cpus": 1, "num_gpus": 0, "memory": 3_000 * MIB}


def test_nodes_that_an_autoscaler_may_start_count() -> None:
    head, worker = node(0, 9_000), node(8, 9_000, gpus=1)
    assert slots([head], asked(gpus=0.5), 100, [(head, 1), (worker, 3)]) == 6
    assert slots([head, worker], asked(gpus=0.5), 100, [(worker, 3)]) == 6
    assert slots([head], asked(gpus=1), 7, [(worker, 10)]) == 7


def test_what_no_node_that_may_be_started_fits_is_refused() -> None:
    with pytest.raises(Infeasible, match="and may be started: a node with 8 CPUs, 1 GPUs and 9000 MiB"):
        slots([node(0, 9_000)], asked(gpus=2), 10, [(node(8, 9_000, gpus=1), 3)])


def test_cells_that_measure_ask_for_no_gpu() -> None:
    resources = asked(gpus=1)
    assert gpus(resources, "measure") == 0 and gpus(resources, "evaluate") == 1
    assert request(resources, 100, "measure")["num_gpus"] == 0
    nodes = [node(4, 9_000), node(2, 9_000, gpus=2)]
    assert (slots(nodes, resources, 100), slots(nodes, without_gpus(resources), 100)) == (2, 6)


@pytest.mark.parametrize(
    ("nodes", "resources", "expected"),
    [
        ([node(4, 8_000)], asked(), {"CPU": 1 / 4, "memory": 1 / 8}),
        ([node(4, 8_000), node(4, 8_000)], asked(cpus=3), {"CPU": 1 / 2, "memory": 1 / 16}),  # 2 fit
        ([node(8, 1e6, gpus=2), node(8, 1e6)], asked(memory=1, gpus=0.25), {"GPU": 1 / 8, "CPU": 1 / 16}),
    ],
)
def test_a_cell_takes_its_part_of_the_cluster_and_of_as_many_as_fit(
    nodes: list[Node], resources: Resources, expected: dict[str, float]
) -> None:
    found = takes(nodes, resources)
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_hosts_that_may_be_started_count_as_the_clusters() -> None:
    found = takes([node(0, 9_000)], asked(gpus=0.5), [(node(8, 9_000, gpus=1), 3)])
    assert found["GPU"] == pytest.approx(1 / 6)


def test_cells_without_gpus_leave_what_gpus_need() -> None:
    one_a_gpu = asked(gpus=1)
    assert beside([node(4, 9_000, gpus=2)], one_a_gpu) == 2
    assert beside([node(4, 3_000, gpus=2)], one_a_gpu) == 1  # memory for one more
    assert beside([node(2, 9_000, gpus=2)], one_a_gpu) == 0
    assert beside([node(2, 9_000, gpus=2), node(3, 9_000)], one_a_gpu) == 3
