"""Two stores into one: nothing lost, nothing damaged let in, and the same after a second time."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from leaderboard import Origin, Store
from leaderboard.board import build, to_json
from leaderboard.store import merge
from leaderboard.store.layout import cell
from tests.support.fabricate import COLUMNS, METHODS, fabricate, failure, sha, train_record


def halves(folder: Path) -> tuple[Store, Store]:
    """A sweep of which two stores computed one seed each, but planned both."""
    whole = fabricate(folder / "whole")
    stores = tuple(fabricate(folder / str(seed), seeds=(seed,), plan=False) for seed in (0, 1))
    for store in stores:
        store.put_plan("fabricated", whole.keys())
    return stores


def test_two_halves_give_the_board_of_the_whole(tmp_path: Path) -> None:
    one, other = halves(tmp_path)
    merged = merge(one, other)
    assert (merged.taken, merged.known, merged.corrupt) == (len(one.keys()), 0, ())
    assert to_json(build(other)) == to_json(build(Store(tmp_path / "whole")))
    assert list((tmp_path / "1" / "tmp").iterdir()) == []


def test_a_second_merge_takes_nothing(tmp_path: Path) -> None:
    one, other = halves(tmp_path)
    merge(one, other)
    again = merge(one, other)
    assert (again.taken, again.known, again.plans, again.failures) == (0, len(one.keys()), 0, 0)


def test_files_of_every_depth_come_along(tmp_path: Path) -> None:
    record = train_record(METHODS[0], COLUMNS[0], 0)
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "deep" / "weights").write_bytes(b"\x00weights")
    source, target = Store(tmp_path / "a"), Store(tmp_path / "b")
    source.put(record, files={"checkpoint": tmp_path / "model"})
    assert merge(source, target).taken == 1
    assert target.get(record.key) == source.get(record.key)
    assert (target.folder(record.key) / "checkpoint/deep/weights").read_bytes() == b"\x00weights"


def test_what_is_damaged_there_stays_there(tmp_path: Path) -> None:
    one, other = halves(tmp_path)
    broken = next(one.scan("evaluate"))
    (tmp_path / "0" / cell(broken.key) / "outcomes.parquet").write_bytes(b"cut")
    merged = merge(one, other)
    assert [problem.key for problem in merged.corrupt] == [broken.key]
    assert other.get(broken.key) is None and merged.taken == len(one.keys()) - 1
    assert not list((tmp_path / "0").glob("aside"))


def test_a_failure_comes_along_unless_the_cell_is_finished_here(tmp_path: Path) -> None:
    source, target = Store(tmp_path / "a"), Store(tmp_path / "b")
    lost, mended = failure(METHODS[0], COLUMNS[0]), failure(METHODS[1], COLUMNS[0])
    for told in (lost, mended):
        source.put_failure(told)
    target.put(train_record(METHODS[1], COLUMNS[0], 0))
    assert merge(source, target).failures == 1
    assert [told.key for told in target.failures()] == [lost.key]


def test_a_failure_here_is_over_once_the_other_store_has_the_cell(tmp_path: Path) -> None:
    source, target = Store(tmp_path / "a"), Store(tmp_path / "b")
    target.put_failure(failure(METHODS[0], COLUMNS[0]))
    source.put(train_record(METHODS[0], COLUMNS[0], 0))
    merge(source, target)
    assert target.failures() == []


def test_plans_and_origins_join(tmp_path: Path) -> None:
    source, target = Store(tmp_path / "a"), Store(tmp_path / "b")
    keys = [sha("cell", i) for i in range(3)]
    source.put_plan("s", keys[:2])
    target.put_plan("s", keys[1:])
    told = {"bundle": sha("bundle"), "file": "x.zip", "imported": "2026-01-01T00:00:00+00:00"}
    source.put_origin(Origin(**told, keys=(keys[0],)))
    target.put_origin(Origin(**told, keys=(keys[1],)))
    assert merge(source, target).plans == 1
    plan = target.plan("s")
    assert plan is not None and plan.keys == tuple(sorted(keys))
    assert [origin.keys for origin in target.origins()] == [tuple(sorted(keys[:2]))]


def test_the_other_store_may_lie_behind_a_url(tmp_path: Path) -> None:
    made = fabricate(tmp_path / "a", METHODS[:1], COLUMNS[:1])
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path / "a"), "/merge-test", recursive=True)
    try:
        target = Store(tmp_path / "b")
        assert merge(Store("memory://merge-test"), target).taken == len(made.keys())
        assert target.check() == []
    finally:
        memory.rm("/merge-test", recursive=True)


def test_a_merge_that_was_killed_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = halves(tmp_path)
    before, put, left = len(other.keys()), Store.put, [2]

    def dying(self: Store, *arguments: object, **more: object) -> bool:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return put(self, *arguments, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Store, "put", dying)
        merge(one, other)
    assert len(other.keys()) == before + 2 and other.check() == []
    assert merge(one, other).taken == len(one.keys()) - 2
