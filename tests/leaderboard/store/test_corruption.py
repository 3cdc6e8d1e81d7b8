"""Cut, edited, swapped or missing: detected when read, named, set aside, computed again."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from leaderboard import CorruptRecord, Problem, Store
from leaderboard.store.envelope import canonical
from tests.support.fabricate import COLUMNS, METHODS, cells, fabricate, failure, sha


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def edit_digit(path: Path) -> None:
    text = path.read_text()
    at = text.index('"mean_accuracy": 0.') + len('"mean_accuracy": 0.')
    path.write_text(text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :])


def put_nan(path: Path) -> None:
    envelope = json.loads(path.read_text())
    envelope["content"]["results"]["mean_accuracy"] = float("nan")
    path.write_text(json.dumps(envelope))


def forge_but_break(path: Path) -> None:
    """A checksum that fits, around something that is no record."""
    import hashlib

    content = {"key": "x"}
    checksum = "sha256:" + hashlib.sha256(canonical({"schema_version": 1, "content": content})).hexdigest()
    path.write_text(json.dumps({"schema_version": 1, "checksum": checksum, "content": content}))


def remove(path: Path) -> None:
    path.unlink()


def flip_byte(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


DAMAGES: list[tuple[str, Callable[[Path], None], str]] = [
    ("record.json", cut, "cut short or overwritten"),
    ("record.json", empty, "cut short or overwritten"),
    ("record.json", edit_digit, "checksum does not fit"),
    ("record.json", put_nan, "not finite"),
    ("record.json", forge_but_break, "not a Record"),
    ("record.json", remove, "it is missing"),
    ("outcomes.parquet", cut, "sha256"),
    ("outcomes.parquet", flip_byte, "sha256"),
    ("outcomes.parquet", remove, "it is missing"),
]


@pytest.mark.parametrize(("file", "damage", "reason"), DAMAGES, ids=lambda v: getattr(v, "__name__", v))
def test_damage_is_named_set_aside_and_the_cell_computed_again(
    tmp_path: Path, file: str, damage: Callable[[Path], None], reason: str
) -> None:
    problems: list[Problem] = []
    fabricate(tmp_path / "store")
    store = Store(tmp_path / "store", on_problem=problems.append)
    record, tables = next((r, t) for r, t in cells() if r.kind == "evaluate")
    damage(store.folder(record.key) / file)

    with pytest.raises(CorruptRecord, match=reason) as caught:
        list(store.scan()) if file == "record.json" else store.table(record.key, "outcomes")
    assert caught.value.key == record.key and file in caught.value.path

    assert store.get(record.key) is None
    (problem,) = problems
    assert reason in problem.reason and problem.set_aside is not None
    assert Path(problem.set_aside).parent == tmp_path / "store" / "aside" and Path(problem.set_aside).is_dir()
    assert record.key[:12] in str(problem)

    left = store.keys()
    assert record.key not in left
    assert store.put(record, tables) and store.get(record.key) is not None
    assert len(list(store.scan())) == 24 and len(problems) == 1


def test_a_record_under_another_key_is_corrupt(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store")
    key = store.keys()[0]
    other = key[:2] + sha("other")[2:]
    shutil.copytree(store.folder(key), tmp_path / "store" / "records" / key[:2] / other)
    with pytest.raises(CorruptRecord, match="it belongs to"):
        list(store.scan())
    assert [p.key for p in store.check()] == [other]


def test_check_finds_every_problem_and_moves_only_when_asked(tmp_path: Path) -> None:
    problems: list[Problem] = []
    store = fabricate(tmp_path / "store")
    store.put_failure(failure(METHODS[0], COLUMNS[0], seed=9))
    store = Store(tmp_path / "store", on_problem=problems.append)
    assert store.check() == []
    evaluate = [r.key for r in store.scan("evaluate")]
    cut(store.folder(evaluate[0]) / "record.json")
    flip_byte(store.folder(evaluate[1]) / "outcomes.parquet")
    cut(next((tmp_path / "store" / "failures").rglob("*.json")))

    looked = store.check(set_aside=False)
    assert len(looked) == 3 and all(p.set_aside is None for p in looked)
    assert len(store.keys()) == 24
    moved = store.check()
    assert [(p.key, p.reason) for p in moved] == [(p.key, p.reason) for p in looked]
    assert len(problems) == 6
    assert len(store.keys()) == 22 and store.failures() == []
    assert len(list((tmp_path / "store" / "aside").iterdir())) == 3
    assert store.check() == []


def test_the_same_cell_can_be_set_aside_twice(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store")
    record, tables = next((r, t) for r, t in cells() if r.kind == "evaluate")
    for _ in range(2):
        cut(store.folder(record.key) / "record.json")
        assert len(store.check()) == 1
        assert store.put(record, tables)
    names = sorted(path.name for path in (tmp_path / "store" / "aside").iterdir())
    assert names == [record.key, f"{record.key}.2"]


def test_without_a_listener_a_problem_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = fabricate(tmp_path / "store")
    key = store.keys()[0]
    cut(store.folder(key) / "record.json")
    with caplog.at_level(logging.WARNING):
        assert store.get(key) is None
    assert f"cell {key[:12]} is corrupt" in caplog.text and "to be computed again" in caplog.text


def test_a_damaged_plan_is_said(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store")
    cut(tmp_path / "store" / "plans" / "fabricated.json")
    with pytest.raises(Exception, match="plan of sweep fabricated is damaged"):
        list(store.scan(sweep="fabricated"))


def test_whitespace_in_a_record_is_no_corruption(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store")
    path = store.folder(store.keys()[0]) / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4))
    assert store.check() == []
