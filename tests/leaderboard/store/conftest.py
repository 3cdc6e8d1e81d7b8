"""Places where a store can lie, so that one test says what holds for each of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import fsspec
import fsspec.config
import pytest

from tests.support.object_store import s3_bucket, s3_service


@pytest.fixture(scope="session")
def s3_environment() -> Iterator[dict[str, str]]:
    """A service that speaks S3 while the tests run."""
    with s3_service() as environment:
        yield environment


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test leaves anything in the user's cache, or finds it there."""
    monkeypatch.setenv("LEAGUE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def s3_url(s3_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty place behind s3://, which this process and its children reach."""
    for name, value in s3_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(fsspec.config.conf, "s3", json.loads(s3_environment["FSSPEC_S3"]))
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    return s3_bucket(s3_environment)


@pytest.fixture(params=["folder", "file", "memory", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for a store, of each kind in turn."""
    if request.param == "s3":
        return str(request.getfixturevalue("s3_url"))
    place = tmp_path / "places" / "store"
    return {"folder": f"{place}", "file": f"file://{place}", "memory": f"memory:/{place}"}[request.param]
