from __future__ import annotations

from pathlib import Path

import pytest
from engine_sweeps import sweep

from suite.engine.cells import Cell
from suite.engine.ledger import Ledger
from suite.engine.outcomes import LOSSES
from suite.engine.plan import Plan


def cells(trainings: int = 2, evaluations: int = 2) -> list[Cell]:
    trained = [Cell("measure", {"train": i}) for i in range(trainings)]
    scored = [
        Cell("measure", {"of": i, "n": n}, (t.key,))
        for i, t in enumerate(trained)
        for n in range(evaluations)
    ]
    return [*trained, *scored]


def ledger(given: list[Cell], **known: object) -> Ledger:
    return Ledger(Plan(sweep(Path("unused")), tuple(given), {}, **known))  # type: ignore[arg-type]


def take(book: Ledger, now: float = 0.0) -> Cell:
    chosen = book.next(now)
    assert chosen is not None
    book.start(chosen[0].key)
    return chosen[0]


def test_every_cell_runs_once_and_after_its_parents() -> None:
    given = cells()
    book = ledger(given)
    ran: list[Cell] = []
    while not book.finished:
        cell = take(book)
        assert set(cell.parents) <= {done.key for done in ran}
        book.finish(cell.key, 1.0)
        ran.append(cell)
    assert sorted(cell.key for cell in ran) == sorted(cell.key for cell in given)
    assert (book.computed, book.reused, book.next(0.0)) == (len(given), 0, None)


def test_what_the_store_has_is_not_run() -> None:
    given = cells(1, 2)
    book = ledger(given, done={given[0].key: 2.0, given[1].key: 1.0})
    assert take(book) == given[2]
    assert book.next(0.0) is None
    book.finish(given[2].key, 1.0)
    assert (book.finished, book.reused, book.computed) == (True, 2, 1)


def test_a_quarantined_cell_blocks_what_builds_on_it_and_nothing_else() -> None:
    given = cells(2, 2)
    book = ledger(given)
    bad = take(book)
    decision, blocked = book.stumble(bad.key, "method", 0.0)
    assert decision.action == "quarantine"
    assert sorted(blocked) == sorted(cell.key for cell in given if bad.key in cell.parents)
    while not book.finished:
        book.finish(take(book).key, 1.0)
    assert (len(book.done), len(book.failed), len(book.blocked)) == (3, 1, 2)


def test_a_lost_cell_comes_back_after_its_wait_and_in_the_end_not() -> None:
    book = ledger(cells(1, 0))
    now = 0.0
    for _ in range(LOSSES - 1):
        key = take(book, now).key
        decision, _ = book.stumble(key, "lost", now)
        assert book.next(now) is None and book.next_wait(now) == pytest.approx(decision.wait)
        now += decision.wait
    decision, _ = book.stumble(take(book, now).key, "lost", now)
    assert decision.action == "quarantine" and book.finished
    assert book.attempts[next(iter(book.failed))] == LOSSES


def test_a_cell_without_memory_waits_until_nothing_else_runs_and_keeps_others_out() -> None:
    given = cells(3, 0)
    book = ledger(given)
    hungry, other = take(book), take(book)
    book.stumble(hungry.key, "memory", 0.0)
    last = take(book)
    assert book.next(0.0) is None  # others run still
    book.finish(other.key, 1.0)
    book.finish(last.key, 1.0)
    assert book.next(0.0) == (hungry, True)
    book.start(hungry.key)
    assert book.next(0.0) is None
    book.finish(hungry.key, 1.0)
    assert book.finished


def test_a_missing_parent_is_computed_again_and_its_children_after_it() -> None:
    given = cells(1, 3)
    train, *scored = given
    book = ledger(given, done={train.key: 1.0})
    first, second = take(book), take(book)
    assert {first.key, second.key} < {cell.key for cell in scored}
    assert book.stumble(first.key, "parent", 0.0)[0].action == "parent"
    assert book.reused == 0
    assert take(book) == train  # the third child, though ready before, must wait now
    assert book.stumble(second.key, "parent", 0.0)[0].action == "parent"
    assert book.next(0.0) is None
    book.finish(train.key, 1.0)
    left = {take(book).key for _ in range(3)}
    assert left == {cell.key for cell in scored}
    assert book.next(0.0) is None


def test_a_cluster_that_died_costs_a_cell_no_attempt() -> None:
    book = ledger(cells(1, 0))
    for _ in range(3 * LOSSES):
        book.release(take(book).key)
    book.finish(take(book).key, 1.0)
    assert book.finished


def test_time_left_shrinks_with_progress_and_slots() -> None:
    given = cells(4, 0)
    book = ledger(given)
    assert book.seconds_left({}, 1) is None
    book.finish(take(book).key, 10.0)
    running = take(book).key
    assert book.seconds_left({}, 1) == pytest.approx(30.0)
    assert book.seconds_left({running: 0.5}, 1) == pytest.approx(25.0)
    assert book.seconds_left({running: 0.5}, 2) == pytest.approx(12.5)


def test_a_parent_outside_the_plan_is_taken_to_be_in_the_store() -> None:
    child = Cell("measure", {"of": "elsewhere"}, ("f" * 64,))
    assert take(ledger([child])) == child


def test_a_missing_parent_that_no_cell_of_the_plan_brings_back_stops_the_run() -> None:
    child = Cell("measure", {"of": "elsewhere"}, ("f" * 64,))
    book = ledger([child])
    take(book)
    decision, blocked = book.stumble(child.key, "parent", 0.0)
    assert (decision.action, blocked) == ("stop", [])


def seasoned(short: float) -> Ledger:
    """A book of forty cells alike, of which ten have taken ``short`` seconds each."""
    given = cells(40, 0)
    book = ledger(given)
    for _ in range(10):
        book.finish(take(book).key, short)
    return book


def batch(book: Ledger, slots: int) -> list[Cell]:
    chosen = book.next(0.0)
    assert chosen is not None
    together = [chosen[0], *book.companions(chosen[0], slots)]
    for cell in together:
        book.start(cell.key)
    return together


def test_cells_known_to_be_short_run_together_and_leave_each_slot_its_part() -> None:
    book = seasoned(0.001)
    together = batch(book, slots=3)
    assert len({cell.key for cell in together}) == len(together) == 10
    assert len(batch(book, slots=3)) == 7


@pytest.mark.parametrize(("short", "together"), [(0.1, 10), (0.2, 5), (0.3, 1), (60.0, 1)])
def test_a_batch_takes_a_second_at_most_and_long_cells_run_singly(short: float, together: int) -> None:
    assert len(batch(seasoned(short), slots=1)) == together


def test_before_anything_is_known_cells_run_singly() -> None:
    assert len(batch(ledger(cells(40, 0)), slots=1)) == 1


def test_cells_of_a_lost_batch_run_by_themselves() -> None:
    book = seasoned(0.001)
    lost = batch(book, slots=1)
    for cell in lost:
        book.release(cell.key)
    assert [len(batch(book, slots=1)) for _ in lost] == [1] * len(lost)


def test_a_cell_without_room_is_the_next_again() -> None:
    book = ledger(cells(2, 0))
    assert book.next(0.0, lambda cell: False) is None
    assert {take(book).key, take(book).key} == set(book.cells)


def test_a_cell_of_another_kind_passes_one_that_has_no_room() -> None:
    [first, second], other = cells(2, 0), Cell("paper", {"name": "other"})
    book = ledger([first, second, other])
    assert book.ready == {"measure": 2, "paper": 1}
    passed = book.next(0.0, lambda cell: cell.kind == "paper")
    assert passed == (other, False)
    assert take(book) == first


def test_a_cell_that_must_run_alone_waits_for_those_that_have_no_room() -> None:
    given = cells(2, 0)
    book = ledger(given)
    hungry = take(book)
    book.stumble(hungry.key, "memory", 0.0)
    assert book.next(0.0, lambda cell: False) is None
    book.finish(take(book).key, 1.0)
    assert book.next(0.0) == (hungry, True)


def test_cells_of_higher_priority_come_first_and_so_does_what_they_wait_for() -> None:
    one, other = cells(2, 0)
    urgent = Cell("measure", {"of": "other", "n": 0}, (other.key,))
    plain = Cell("measure", {"of": "one", "n": 0}, (one.key,))
    later = Cell("measure", {"of": "one", "n": 1}, (one.key,))
    book = ledger([one, other, plain, urgent, later], priorities={urgent.key: 3, later.key: -1})
    ran = []
    while not book.finished:
        ran.append(take(book))
        book.finish(ran[-1].key, 1.0)
    assert ran == [other, urgent, one, plain, later]
