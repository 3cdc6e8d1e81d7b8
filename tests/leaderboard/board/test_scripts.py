"""The files that make pages interactive: all there, ours plain, the vendored one as it came."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from leaderboard.board import build
from leaderboard.board.html import render_page
from leaderboard.board.scripts import POOL_SCRIPT, script_files
from tests.support.fabricate import fabricate


def test_every_script_of_the_page_is_written_beside_it(tmp_path: Path) -> None:
    board = build(fabricate(tmp_path / "store", episodes=10))
    files = script_files(board)
    asked = re.findall(r'<script src="([^"]+)" defer>', render_page(board, pools=True))
    ours = {name for name in files if name.endswith(".js") and name != POOL_SCRIPT}
    assert set(asked) == ours
    assert len(asked) == len(ours) and POOL_SCRIPT in files


def test_the_vendored_script_is_the_one_that_its_note_names(tmp_path: Path) -> None:
    files = script_files(build(fabricate(tmp_path / "store", methods=())))
    note = files["assets/vendor/README.txt"]
    found = hashlib.sha256(files["assets/vendor/sortable.min.js"].encode()).hexdigest()
    assert f"sha256 {found}" in note and "4.1.7" in note
    assert "public domain" in files["assets/vendor/sortable.LICENSE.txt"]


def test_our_scripts_need_no_server_and_run_no_text(tmp_path: Path) -> None:
    files = script_files(build(fabricate(tmp_path / "store", methods=())))
    ours = {n: text for n, text in files.items() if n.endswith(".js") and "vendor" not in n}
    for name, text in ours.items():
        assert '"use strict";' in text, name
        assert not re.search(
            r"fetch\(|XMLHttpRequest|import |eval\(|innerHTML|https?://(?!www\.w3\.org)", text
        ), name
    assert sum(map(len, ours.values())) < 60_000
