from __future__ import annotations

import json

from suite.engine.claims import SILENCE_SECONDS, Share
from suite.engine.sharing import Part


class Pinned:
    """A board in memory, which may be out of reach."""

    def __init__(self) -> None:
        self.claims: dict[str, bytes] = {}
        self.reachable = True

    def pin(self, name: str, claim: bytes) -> None:
        self._reach()
        self.claims[name] = claim

    def read(self) -> dict[str, bytes]:
        self._reach()
        return dict(self.claims)

    def remove(self, name: str) -> None:
        self._reach()
        self.claims.pop(name, None)

    def _reach(self) -> None:
        if not self.reachable:
            raise RuntimeError("the head does not answer")


def wants(cells: int) -> list[Part]:
    return [Part(cells, 8, {"CPU": 1 / 8})]


def test_a_lone_sweep_is_not_bound_and_says_nothing() -> None:
    share = Share(1.0, Pinned())
    assert (share.meet(wants(8), 0.0), share.bound(0)) == (None, None)


def test_two_sweeps_share_from_the_first_word_on_and_say_so() -> None:
    board = Pinned()
    first, second = Share(1.0, board), Share(1.0, board)
    first.meet(wants(8), 0.0)
    said = "shares the cluster with 1 other sweep: 4 of 8 cells at once"
    assert (second.meet(wants(8), 100.0), second.bound(0)) == (said, 4)
    assert (first.meet(wants(8), 2.0), first.bound(0)) == (said, 4)
    third = Share(2.0, board)
    assert third.meet(wants(8), 50.0) == "shares the cluster with 2 other sweeps: 4 of 8 cells at once"
    assert first.meet(wants(8), 4.0) == "shares the cluster with 2 other sweeps: 2 of 8 cells at once"


def test_who_leaves_gives_its_share_back_at_once() -> None:
    board = Pinned()
    first, second = Share(1.0, board), Share(1.0, board)
    second.meet(wants(8), 0.0)
    first.meet(wants(8), 0.0)
    second.leave()
    assert first.meet(wants(8), 2.0) == "has the cluster to itself again: 8 cells at once"
    assert first.bound(0) is None and list(board.claims) == [first.name]


def test_a_killed_sweep_loses_its_claim_by_the_clock_of_those_that_live() -> None:
    board = Pinned()
    first, killed = Share(1.0, board), Share(1.0, board)
    killed.meet(wants(8), 1e9)  # its clock is its own
    now, passed = 5_000.0, 0.0
    while first.meet(wants(8), now + passed) != "has the cluster to itself again: 8 cells at once":
        assert first.bound(0) == 4
        passed += 2.0
    assert SILENCE_SECONDS <= passed < SILENCE_SECONDS + 2.0
    assert list(board.claims) == [first.name]


def test_one_that_was_taken_for_dead_is_back_with_its_next_word() -> None:
    board = Pinned()
    first, slept = Share(1.0, board), Share(1.0, board)
    slept.meet(wants(8), 0.0)
    first.meet(wants(8), 0.0)
    first.meet(wants(8), SILENCE_SECONDS)
    assert first.bound(0) is None
    slept.meet(wants(8), SILENCE_SECONDS + 1)
    first.meet(wants(8), SILENCE_SECONDS + 2)
    assert (first.bound(0), slept.bound(0)) == (4, 4)


def test_one_that_beats_lives_however_long() -> None:
    board = Pinned()
    first, second = Share(1.0, board), Share(1.0, board)
    for now in range(0, 200, 10):
        second.meet(wants(8), float(now))
        first.meet(wants(8), float(now))
        assert (first.bound(0), second.bound(0)) in [(4, None), (4, 4)]


def test_shares_that_change_little_by_little_are_not_told_each_time() -> None:
    board = Pinned()
    first, second = Share(1.0, board), Share(1.0, board)
    told = []
    for step in range(11):
        second.meet(wants(max(0, 4 - step)), 2.0 * step)
        told.append(first.meet(wants(8), 2.0 * step))
    assert [step for step, sentence in enumerate(told) if sentence] == [0, 5]
    assert told[5] == "shares the cluster with 1 other sweep: 8 of 8 cells at once"


def test_while_the_head_does_not_answer_shares_stay() -> None:
    board = Pinned()
    first, second = Share(1.0, board), Share(1.0, board)
    second.meet(wants(8), 0.0)
    first.meet(wants(8), 0.0)
    board.reachable = False
    assert (first.meet(wants(8), 2.0), first.bound(0)) == (None, 4)
    first.leave()


def test_a_claim_that_cannot_be_read_stands_in_nobodys_way() -> None:
    board, share = Pinned(), Share(1.0, Pinned())
    share = Share(1.0, board)
    board.claims = {
        "torn": b"{",
        "list": b"[]",
        "other": json.dumps({"beat": 1, "cells": 3}).encode(),
        "zero": json.dumps(
            {"beat": 1, "weight": 0, "parts": [{"wanted": 1, "room": 1, "takes": {"CPU": 1}}]}
        ).encode(),
    }
    share.meet(wants(8), 0.0)
    assert share.bound(0) is None
