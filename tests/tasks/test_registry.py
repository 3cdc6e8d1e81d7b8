"""Benchmarks are found by name; what is wrong is answered with the nearest right word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tasks
from tasks import Benchmark, UnknownBenchmark, registry


@pytest.fixture
def registered(make: Callable[..., Benchmark]) -> Iterator[str]:
    @tasks.benchmark("mine")
    def load(seed: int = 0, *, cache: Path | None = None, download: bool = False) -> Benchmark:
        """Mine."""
        return make(seed + 10 * download, name="mine")

    yield "mine"
    del registry._REGISTERED["mine"]


def test_embedded_and_registered_benchmarks_are_listed(registered: str) -> None:
    assert {"emoji", "glyphs", registered, "omniglot"} <= set(tasks.names())
    assert tasks.names() == sorted(tasks.names())


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownBenchmark, match="no benchmark is called 'glyph'; nearest: glyphs"):
        tasks.load("glyph")
    with pytest.raises(UnknownBenchmark, match=r"nearest: (\w+, )*emoji, (\w+, )*glyphs, (\w+, )*omniglot"):
        tasks.load("zzz")


def test_an_unknown_option_is_answered_with_the_nearest() -> None:
    with pytest.raises(TypeError, match="glyphs has no option 'siz'; nearest: size"):
        tasks.load("glyphs", siz=28)


def test_a_name_is_registered_once(registered: str) -> None:
    with pytest.raises(ValueError, match="a benchmark named 'mine' is registered already"):
        tasks.benchmark(registered)(lambda: None)  # type: ignore[arg-type, return-value]


def test_prepare_downloads_unless_told_otherwise(registered: str) -> None:
    assert tasks.prepare(registered).digest == tasks.load(registered, download=True).digest
    assert tasks.prepare(registered, download=False).digest == tasks.load(registered).digest


def test_describe_lists_options_that_decide_the_images(registered: str) -> None:
    info = tasks.describe(registered)
    assert (info.doc, dict(info.options), info.open_ended, info.downloaded) == (
        "Mine.",
        {"seed": 0},
        False,
        True,
    )
    assert not tasks.describe("glyphs").downloaded
    assert dict(tasks.describe("emoji").options) == {"size": 28}


def test_verify_builds_past_the_cache_and_matches_the_record(
    registered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = tasks.load(registered).digest
    monkeypatch.setattr("tasks.digests.expected", lambda name, options: right)
    assert tasks.verify(registered).matches
    assert not tasks.verify(registered, seed=1).matches


@pytest.mark.slow
@pytest.mark.parametrize("name", ["glyphs", "emoji"])
def test_the_embedded_benchmarks_are_rebuilt_to_the_byte(name: str) -> None:
    for size in (28, 64):
        verification = tasks.verify(name, size=size)
        assert verification.matches, str(verification)
