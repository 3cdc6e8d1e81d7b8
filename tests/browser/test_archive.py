"""A packed store gives the board that the whole one gives."""

from __future__ import annotations

from pathlib import Path

from leaderboard import Store
from leaderboard.board import build, to_json
from tests.browser.archive import pack, unpack
from tests.support.fabricate import fabricate


def test_a_packed_store_gives_the_same_board_and_the_same_bytes(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", episodes=10)
    checkpoint = tmp_path / "store" / "records" / "ab" / "abc" / "checkpoint" / "model.safetensors"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"weights")
    for name in ("once", "twice"):
        pack(tmp_path / "store", tmp_path / name)
    assert (tmp_path / "once").read_bytes() == (tmp_path / "twice").read_bytes()
    folder = unpack(tmp_path / "once", tmp_path / "unpacked")
    assert not list(folder.rglob("*.safetensors"))
    assert to_json(build(Store(str(folder)))) == to_json(build(store))
