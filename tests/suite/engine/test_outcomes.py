from __future__ import annotations

import pytest

from suite.engine.outcomes import LOSSES, Decision, Fault, decide


def test_a_lost_worker_is_tried_again_with_growing_patience() -> None:
    waits, history = [], []
    for _ in range(LOSSES - 1):
        decision = decide("lost", history)
        assert decision.action == "again"
        waits.append(decision.wait)
        history.append("lost")
    assert waits == sorted(waits) and waits[0] > 0
    assert decide("lost", history) == Decision("quarantine")


def test_lack_of_memory_is_tried_once_more_alone() -> None:
    assert decide("memory", []) == Decision("alone")
    assert decide("memory", ["lost"]) == Decision("alone")
    assert decide("memory", ["memory"]) == Decision("quarantine")
    assert decide("memory", ["memory", "lost"]) == Decision("quarantine")


@pytest.mark.parametrize("fault", ["method", "time"])
def test_a_methods_own_fault_is_not_tried_again(fault: Fault) -> None:
    assert decide(fault, []) == Decision("quarantine")


@pytest.mark.parametrize("fault", ["store", "host"])
def test_what_would_meet_every_cell_stops_the_sweep(fault: Fault) -> None:
    assert decide(fault, []) == Decision("stop")


def test_a_missing_parent_is_computed_again_once() -> None:
    assert decide("parent", []) == Decision("parent")
    assert decide("parent", ["parent"]) == Decision("stop")
