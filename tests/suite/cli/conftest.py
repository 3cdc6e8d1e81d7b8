"""Calling ``league`` inside this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from suite.cli import league

Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """``call("board", "--json")``: output and exit code, in an empty folder without LEAGUE_ settings."""
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("LEAGUE_") and name != "LEAGUE_CACHE"]:
        monkeypatch.delenv(variable)

    def run(*words: object) -> Result:
        result = CliRunner().invoke(league, [str(word) for word in words], prog_name="league")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run
