"""What a store keeps, and gives back unchanged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard import NewerSchema, Store, StoreError
from leaderboard.store.tables import from_parquet, parquet
from tests.support.fabricate import COLUMNS, METHODS, cells, fabricate, failure, sha, train_record

EVALUATE, TABLES = next((r, t) for r, t in cells() if r.kind == "evaluate")


def tree(folder: Path) -> dict[str, bytes]:
    """Every file under a folder with its bytes, every folder with none."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"" for p in folder.rglob("*")}


def test_opening_a_store_creates_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert not store.exists
    assert list(store.scan()) == [] and store.keys() == [] and store.failures() == [] and store.plans() == []
    assert store.get(sha("nothing")) is None
    assert not (tmp_path / "store").exists()


def test_a_record_comes_back_as_it_was_put(tmp_path: Path) -> None:
    store = Store(f"file://{tmp_path}/store")
    assert store.put(EVALUATE, TABLES)
    found = Store(tmp_path / "store").get(EVALUATE.key)
    assert found is not None
    assert found.model_copy(update={"files": {}}) == EVALUATE
    assert set(found.files) == {"outcomes.parquet"}
    assert store.table(EVALUATE.key, "outcomes").equals(store.table(found, "outcomes"))
    assert store.table(found, "outcomes").to_pydict() == TABLES["outcomes"].to_pydict()
    assert list((tmp_path / "store" / "tmp").iterdir()) == []


def test_the_first_writer_wins(tmp_path: Path) -> None:
    store = Store(tmp_path)
    later = EVALUATE.model_copy(
        update={"measured": EVALUATE.measured.model_copy(update={"wall_seconds": 99.0})}
    )
    assert store.put(EVALUATE, TABLES)
    before = tree(tmp_path)
    assert not store.put(later, TABLES)
    assert tree(tmp_path) == before


def test_a_checkpoint_folder_is_kept_with_all_that_is_in_it(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    (checkpoint / "deep").mkdir(parents=True)
    (checkpoint / "weights.safetensors").write_bytes(b"\x00\x01weights")
    (checkpoint / "deep" / "method.json").write_text("{}")
    store = Store(tmp_path / "store")
    record = train_record(METHODS[0], COLUMNS[0], 0)
    assert store.put(record, files={"checkpoint": checkpoint, "log.txt": checkpoint / "deep" / "method.json"})
    folder = store.folder(record.key)
    assert (folder / "checkpoint" / "weights.safetensors").read_bytes() == b"\x00\x01weights"
    assert (folder / "checkpoint" / "deep" / "method.json").is_file() and (folder / "log.txt").is_file()
    assert len(Store(tmp_path / "store").get(record.key).files) == 3  # type: ignore[union-attr]
    with pytest.raises(StoreError, match="has no cell"):
        store.folder(sha("nothing"))


@pytest.mark.parametrize(
    "name", ["../out", "/etc/passwd", "a/../../b", "record.json", ".hidden", "a b", "", "a\x00b"]
)
def test_file_names_that_leave_the_cell_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="cannot name a file"):
        Store(tmp_path / "store").put(EVALUATE, files={name: tmp_path / "file"})
    assert not (tmp_path / "store").exists()


def test_links_are_refused(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "weights").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match="not a regular file"):
        Store(tmp_path / "store").put(EVALUATE, files={"checkpoint": tmp_path / "checkpoint"})


def test_names_that_clash_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="two files of the cell"):
        Store(tmp_path / "store").put(EVALUATE, TABLES, {"outcomes.parquet": tmp_path / "file"})


@pytest.mark.parametrize("key", ["abc", "../../../etc", "A" * 64, ""])
def test_keys_are_sha256(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="not a cell's key"):
        Store(tmp_path).get(key)


def test_a_number_that_is_not_finite_is_refused_with_its_place(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.put(train_record(METHODS[0], COLUMNS[0], 0))
    before = tree(tmp_path / "store")
    bad = EVALUATE.model_copy(update={"results": {"curve": [[1, float("nan")]]}})
    with pytest.raises(ValueError, match=r"results.curve\[0\]\[1\] is nan"):
        store.put(bad, TABLES)
    assert tree(tmp_path / "store") == before


def test_an_outcomes_table_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    def outcomes(episode: list[int], correct: list[float], queries: list[int]) -> dict[str, pa.Table]:
        return {"outcomes": pa.table({"episode": episode, "correct": correct, "queries": queries})}

    store = Store(tmp_path / "store")
    for table, reason in (
        ({"outcomes": pa.table({"episode": [0]})}, "correct is missing"),
        (outcomes([1, 2], [1, 1], [5, 5]), "numbered 0, 1, 2"),
        (outcomes([0, 1], [1, 6], [5, 5]), "correct <= queries"),
        (outcomes([0, 1], [1, 0.5], [5, 5]), "whole numbers"),
        (outcomes([0], [0], [0]), "queries >= 1"),
        (outcomes([], [], []), "at least one episode"),
    ):
        with pytest.raises(ValueError, match=reason):
            store.put(EVALUATE, table)
    assert not store.exists


def test_scan_is_sorted_and_filtered(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", plan=False)
    keys = [record.key for record in store.scan()]
    assert keys == sorted(keys) == store.keys() and len(keys) == 24
    assert {record.kind for record in store.scan("train")} == {"train"}
    assert len(list(store.scan("evaluate", sweep="fabricated"))) == 12
    assert list(store.scan(sweep="other")) == []


def test_a_plan_says_which_cells_a_sweep_has_whoever_computed_them(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store")
    shared = store.keys()[:3]
    store.put_plan("a smaller/sweep", [*shared, sha("not yet")])
    assert store.plans() == ["a smaller/sweep", "fabricated"]
    assert [record.key for record in store.scan(sweep="a smaller/sweep")] == shared
    store.put_plan("a smaller/sweep", shared[:1])
    assert [record.key for record in store.scan(sweep="a smaller/sweep")] == shared[:1]


def test_failures_are_kept_replaced_and_cleared(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first = failure(METHODS[0], COLUMNS[0])
    store.put_failure(first)
    store.put_failure(first.model_copy(update={"attempt": 2}))
    assert [f.attempt for f in store.failures()] == [2]
    assert store.failures("other") == []
    store.put_plan("other", [first.key])
    assert len(store.failures("other")) == 1
    store.clear_failure(first.key)
    store.clear_failure(first.key)
    assert store.failures() == []


def test_outcomes_join_every_evaluate_cell(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", episodes=7)
    table = store.outcomes()
    assert table.column_names == [
        *("key", "method", "benchmark", "digest", "track", "way", "shot", "query", "seed", "episode_seed"),
        *("episode", "correct", "queries"),
    ]
    assert len(table) == 12 * 7
    with store.connect() as connection:
        means = dict(
            connection.sql("select method, avg(correct / queries) from outcomes group by 1").fetchall()
        )
        kinds = connection.sql("select kind, count(*) from records group by 1 order by 1").fetchall()
    assert means["strong"] > means["middle"] > means["control"]
    assert kinds == [("evaluate", 12), ("train", 12)]
    assert len(store.outcomes("no such sweep")) == 0


def test_a_newer_store_is_refused_and_left_untouched(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store")
    (tmp_path / "store" / "store.json").write_text('{"schema_version": 99}')
    before = tree(tmp_path / "store")
    with pytest.raises(NewerSchema, match=r"schema version 99, this version reads up to 1"):
        Store(tmp_path / "store")
    with pytest.raises(NewerSchema):  # opened before the store was moved on by another version
        store.put(train_record(METHODS[0], COLUMNS[0], 7))
    assert tree(tmp_path / "store") == before


def test_a_newer_record_is_refused_and_left_untouched(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store")
    path = store.folder(store.keys()[0]) / "record.json"
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 2'))
    before = tree(tmp_path / "store")
    for read in (lambda: store.get(store.keys()[0]), lambda: list(store.scan()), store.check):
        with pytest.raises(NewerSchema, match="upgrade transfer-league"):
            read()
    assert tree(tmp_path / "store") == before


def test_a_folder_that_was_copied_behind_a_url_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fsspec

    monkeypatch.setenv("LEAGUE_CACHE", str(tmp_path / "cache"))
    local = fabricate(tmp_path / "store")
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path / "store"), f"{tmp_path}/copy", recursive=True)
    store = Store(f"memory:/{tmp_path}/copy")
    assert store.keys() == local.keys() and store.outcomes().equals(local.outcomes())


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="is a file: give a folder"):
        Store(tmp_path / "file")
    with pytest.raises(StoreError, match="not a store's address"):
        Store("nosuchprotocol://bucket/store")
    with pytest.raises(StoreError, match="a part of its path is a file"):
        Store(tmp_path / "file" / "store").put(EVALUATE)


@given(
    values=st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=50),
    cut=st.integers(0, 50),
)
def test_equal_tables_give_equal_parquet_bytes(values: list[int], cut: int) -> None:
    whole = pa.table({"a": np.array(values, dtype=np.int32), "b": [str(v % 3) for v in values]})
    cut = min(cut, len(values))
    chunked = pa.concat_tables([whole.slice(0, cut), whole.slice(cut)])
    encoded = chunked.set_column(1, "b", chunked["b"].dictionary_encode())
    assert parquet(whole) == parquet(chunked) == parquet(encoded)
    assert from_parquet(parquet(whole)).equals(whole)
