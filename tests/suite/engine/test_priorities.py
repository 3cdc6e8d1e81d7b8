from __future__ import annotations

import re
from pathlib import Path

import engine_doubles  # noqa: F401 registers the double and its benchmark
import pytest
from engine_sweeps import PROTOCOL, sweep

from suite.config import ConfigError, PriorityConfig, ProtocolConfig, load_sweep, to_yaml
from suite.engine import plan
from suite.engine.ledger import Ledger
from suite.engine.plan import Plan

FIVE = ProtocolConfig(way=3, shot=5, query=3, episodes=6)


def planned(*given: PriorityConfig) -> Plan:
    methods = [{"scale": 1.0}, {"scale": 2.0}]
    return plan(sweep(Path("unused"), *methods, seeds=(0, 1), protocols=(PROTOCOL, FIVE), priorities=given))


def ran(of: Plan) -> list[tuple[str, int | None]]:
    """Kind and seed of each cell, in the order in which they come."""
    book, order = Ledger(of), []
    while (chosen := book.next(0.0)) is not None:
        book.start(chosen[0].key)
        book.finish(chosen[0].key, 1.0)
        order.append((chosen[0].kind, chosen[0].seed))
    return order


def test_a_seed_goes_first_with_all_that_it_needs() -> None:
    seeds = [seed for _, seed in ran(planned(PriorityConfig(1, seeds=(1,))))]
    assert seeds == [1] * 8 + [0] * 8


def test_negative_priority_goes_last_and_the_highest_of_several_holds() -> None:
    given = planned(PriorityConfig(-5, benchmarks=("engine_stripes",)), PriorityConfig(-1, seeds=(0,)))
    assert {given.priorities[cell.key] for cell in given.cells if cell.seed == 0} == {-1}
    assert [seed for _, seed in ran(given)] == [0] * 8 + [1] * 8


def test_shots_select_evaluations_and_what_trains_for_them() -> None:
    given = planned(PriorityConfig(2, ways=(3,), shots=(5,)))
    chosen = [cell for cell in given.cells if cell.key in given.priorities]
    assert [cell.kind for cell in chosen] == ["train"] * 4 + ["evaluate"] * 4
    assert all("5-shot" in cell.title for cell in chosen if cell.kind == "evaluate")


def test_priorities_are_no_part_of_a_cell() -> None:
    bare, given = planned(), planned(PriorityConfig(7, methods=("engine_double",), tracks=("few-shot",)))
    assert [cell.key for cell in bare.cells] == [cell.key for cell in given.cells]
    assert (bare.priorities, set(given.priorities.values())) == ({}, {7})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            PriorityConfig(1, methods=("engine_double", "engine_dobule")),
            "priorities[0].methods names 'engine_dobule', which no cell of this sweep has; "
            "nearest: engine_double",
        ),
        (
            PriorityConfig(1, seeds=(7,)),
            "priorities[0].seeds names 7, which no cell of this sweep has; there are",
        ),
        (PriorityConfig(1, tracks=("transfer",)), "priorities[0].tracks names 'transfer'"),
        (
            PriorityConfig(1, ways=(5,)),
            "priorities[0].ways names 5, which no cell of this sweep has; there are: 3",
        ),
    ],
)
def test_a_value_that_no_cell_has_is_refused_with_those_that_there_are(
    given: PriorityConfig, said: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        planned(given)


def test_an_entry_that_selects_nothing_is_refused() -> None:
    protocols = (PROTOCOL, ProtocolConfig(way=2, shot=5, query=3, episodes=6))
    given = PriorityConfig(1, ways=(2,), shots=(1,))
    with pytest.raises(ConfigError, match=r"selects nothing: no cell .* ways 2 and shots 1 at once"):
        plan(sweep(Path("unused"), protocols=protocols, priorities=(given,)))


def test_priorities_are_read_from_a_file_and_written_back(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "methods: [maml, untrained]\nbenchmarks: [glyphs]\nresources: {weight: 2}\n"
        "priorities:\n  - {methods: maml, priority: 10}\n  - {seeds: [1], shots: 1, priority: -1}\n"
    )
    sweep = load_sweep(path, ["priorities.0.priority=4"], {})
    expected = (PriorityConfig(4, ("maml",)), PriorityConfig(-1, shots=(1,), seeds=(1,)))
    assert (sweep.priorities, sweep.resources.weight) == (expected, 2)
    path.write_text(to_yaml(sweep))
    assert load_sweep(path, [], {}) == sweep


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("priorities=[{method: maml, priority: 1}]", "priorities[0].method is not a setting; nearest: "),
        ("priorities=[{methods: maml}]", "priorities[0].priority is missing"),
        (
            "priorities=[{methods: maml, priority: high}]",
            "priorities[0].priority must be a whole number, not 'high'",
        ),
        ("priorities=[{priority: 1}]", "priorities[0].methods must be one at least, unless it selects by"),
        ("priorities=maml", "priorities[0] must be a group of settings (key: value), not 'maml'"),
        ("resources.weight=0", "resources.weight must be a number above 0, not 0.0"),
    ],
)
def test_what_is_no_priority_is_refused(word: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        load_sweep("demo", [word], {})
