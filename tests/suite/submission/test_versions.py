"""A record says with which versions of what it asks for a submission ran."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from suite import submission
from suite.engine.opening import Doors
from suite.isolation import Code, Limits


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LEAGUE_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")


def versions(code: Code | None) -> dict[str, str]:
    return dict(Doors(None, code, Limits(), walled=True).requirements())


def test_what_the_suite_has_already_is_told_by_its_version(tmp_path: Path) -> None:
    code = Code("mine", text="", dependencies=("SciPy>=1", "tiny; python_version < '3'"))
    assert versions(code) == {"scipy": metadata.version("scipy")}
    found = submission.prepare(code)
    assert found.versions == {} and found.python.is_relative_to(tmp_path)


def test_without_requirements_nothing_is_told() -> None:
    assert versions(Code("mine", text="")) == versions(Code("maml", "suite.methods.maml")) == {}
    assert versions(None) == {}
