"""What is kept of a sweep's data for the board: card and contact sheet, the same bytes each time."""

from __future__ import annotations

import zlib
from pathlib import Path

import engine_sweeps
import numpy as np
import pytest

import tasks
from leaderboard.store import CorruptRecord, Store
from suite.engine import plan
from suite.engine.benchmarks import keep_benchmarks, png, sheet


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Store, str]:
    planned = plan(engine_sweeps.sweep(tmp_path / "store"))
    store = Store(tmp_path / "store")
    keep_benchmarks(planned.cells, store)
    assert planned.cells[0].benchmark is not None
    return store, planned.cells[0].benchmark.digest


def test_card_and_sheet_tell_what_the_data_are(kept: tuple[Store, str]) -> None:
    store, digest = kept
    found = store.benchmark(digest)
    assert found is not None
    card, picture = found
    benchmark = tasks.load("engine_stripes")
    assert card.name == "engine_stripes" and card.licence == benchmark.card.licence
    assert {split: (size.classes, size.images) for split, size in card.splits.items()} == {
        split: (len(benchmark.classes(split)), len(benchmark.labels(split))) for split in tasks.SPLITS
    }
    assert picture == png(sheet(benchmark))


def test_a_sheet_that_was_cut_is_made_anew(tmp_path: Path, kept: tuple[Store, str]) -> None:
    store, digest = kept
    file = tmp_path / "store" / "benchmarks" / digest / "sheet.png"
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    with pytest.raises(CorruptRecord, match="cut or edited"):
        store.benchmark(digest)
    keep_benchmarks(plan(engine_sweeps.sweep(tmp_path / "store")).cells, store)
    assert file.read_bytes() == whole and len(list((tmp_path / "store" / "aside").iterdir())) == 1


def test_a_png_holds_every_pixel() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, size=(5, 7, 3), dtype=np.uint8)
    data = png(pixels)
    length = int.from_bytes(data[33:37], "big")
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[37:41] == b"IDAT"
    rows = np.frombuffer(zlib.decompress(data[41 : 41 + length]), np.uint8).reshape(5, 22)
    assert (rows[:, 0] == 0).all() and np.array_equal(rows[:, 1:].reshape(5, 7, 3), pixels)
