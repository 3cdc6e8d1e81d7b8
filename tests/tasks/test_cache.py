"""The cache builds once, shows whole files alone, and says in one sentence what is wrong."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from tasks import Benchmark, DataError
from tasks.cache import cache_folder, through

ROOT = Path(__file__).parents[2]
Make = Callable[..., Benchmark]


class Builder:
    """Counts how often it is asked to build."""

    def __init__(self, benchmark: Benchmark) -> None:
        self.benchmark, self.calls = benchmark, 0

    def __call__(self) -> Benchmark:
        self.calls += 1
        return self.benchmark


def load(builder: Builder, folder: Path, **changed: object) -> Benchmark:
    keyword: dict[str, object] = {"folder": folder, **changed}
    return through("made", {"size": 6}, builder, **keyword)  # type: ignore[arg-type]


def the_file(folder: Path) -> Path:
    (file,) = folder.glob("*.safetensors")
    return file


def test_a_second_load_reads_what_the_first_built(make: Make, tmp_path: Path) -> None:
    builder = Builder(make())
    built, read = load(builder, tmp_path), load(builder, tmp_path)
    assert builder.calls == 1
    assert read.digest == built.digest == make().digest
    assert (read.name, read.domain_names, read.options, read.card) == (
        "made",
        ("one", "zwei"),
        {"size": 6},
        make().card,
    )
    assert read.classes("test") == make().classes("test")
    assert not read.images("train").flags.writeable
    assert sorted(file.suffix for file in tmp_path.iterdir()) in ([".lock", ".safetensors"], [".safetensors"])


def test_other_options_sources_or_pins_are_kept_apart(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = Builder(make())
    load(builder, tmp_path)
    load(builder, tmp_path, sources=["sheet.py"])
    load(builder, tmp_path, sources=["raster.py"])
    monkeypatch.setattr("tasks.packages.pins", lambda: {"resvg-py": "9"})
    load(builder, tmp_path)
    assert builder.calls == 4


@pytest.mark.parametrize("kept", [0, 7, 100, 0.5, 0.999])
def test_a_truncated_file_is_named_and_built_again(make: Make, tmp_path: Path, kept: float) -> None:
    builder = Builder(make())
    load(builder, tmp_path)
    file = the_file(tmp_path)
    content = file.read_bytes()
    file.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    with pytest.warns(UserWarning, match=f"{file.name} is damaged .* built again"):
        assert load(builder, tmp_path).digest == make().digest
    assert builder.calls == 2
    assert file.read_bytes() == content


def test_an_edited_pixel_or_class_name_is_noticed(make: Make, tmp_path: Path) -> None:
    builder = Builder(make())
    load(builder, tmp_path)
    file = the_file(tmp_path)
    content = file.read_bytes()
    pixel = content[:-40] + bytes([content[-40] ^ 1]) + content[-39:]
    for edited in (pixel, content.replace(b"test 0", b"test 9")):
        assert edited != content
        file.write_bytes(edited)
        with pytest.warns(UserWarning, match="damaged"):
            load(builder, tmp_path)
        assert file.read_bytes() == content


def test_two_processes_that_start_at_once_build_once(tmp_path: Path) -> None:
    program = (
        "import sys, time, pathlib, numpy as np\n"
        "from tasks import SPLITS, Benchmark, Card, Split\n"
        "from tasks.cache import through\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "def build():\n"
        "    with open(folder / 'built', 'a') as file: file.write('x')\n"
        "    time.sleep(1)\n"
        "    zeros = np.zeros(2, dtype=np.int64)\n"
        "    part = lambda s: Split(np.zeros((2, 1, 4, 4), dtype=np.uint8), zeros, zeros, (s,))\n"
        "    return Benchmark('slow', {s: part(s) for s in SPLITS}, ('d',), Card('', '', '', '', ''))\n"
        "(folder / sys.argv[2]).touch()\n"
        "while len(list(folder.glob('ready*'))) < 2: time.sleep(0.01)\n"
        "print(through('slow', {}, build, folder=folder).digest)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), f"ready{i}"],
            stdout=subprocess.PIPE,
            env=environment,
        )
        for i in range(2)
    ]
    told = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert told[0] == told[1] != b""
    assert (tmp_path / "built").read_text() == "x"


def test_a_build_that_fails_leaves_nothing_and_frees_the_lock(make: Make, tmp_path: Path) -> None:
    def fails() -> Benchmark:
        raise OSError("the font cannot be read")

    with pytest.raises(OSError, match="the font cannot be read"):
        through("made", {}, fails, folder=tmp_path)
    assert not list(tmp_path.glob("*.safetensors")) + list(tmp_path.glob("*.part"))
    assert through("made", {}, Builder(make()), folder=tmp_path).digest == make().digest


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "no space for data: the disk of .* is full; free some, or set LEAGUE_CACHE"),
        (errno.EROFS, "cannot use the data cache .*; make it readable and writable, or set LEAGUE_CACHE"),
        (errno.EIO, "cannot keep made-size=6-.* in the data cache .*: Input/output error"),
    ],
)
def test_a_failed_write_is_said_in_one_sentence_and_leaves_nothing(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(DataError, match=message) as raised:
        load(Builder(make()), tmp_path)
    assert "\n" not in str(raised.value)
    assert [file for file in tmp_path.iterdir() if file.suffix != ".lock"] == []


def test_a_folder_that_cannot_be_made_is_said(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"in the data cache .*file/below: Not a directory"):
        load(Builder(make()), tmp_path / "file" / "below")


def test_a_read_only_folder_serves_what_it_has(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(Builder(make()), tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    # Tests may run as root, whom permissions do not stop.
    monkeypatch.setattr(FileLock, "acquire", refuse)
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    assert load(Builder(make()), tmp_path).digest == make().digest
    with pytest.raises(DataError, match="cannot use the data cache"):
        load(Builder(make()), tmp_path, sources=["raster.py"])


def test_a_lock_held_for_too_long_is_said(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(Builder(make()), tmp_path)
    file = the_file(tmp_path)
    file.unlink()
    monkeypatch.setattr("tasks.cache._PATIENCE_SECONDS", 0.1)
    with (
        FileLock(file.with_suffix(".lock")),
        pytest.raises(DataError, match="another process has been building made"),
    ):
        load(Builder(make()), tmp_path)


def test_images_that_are_not_the_reference_ones_are_told_and_rebuilt_when_packages_change(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, wrong = make(0), make(1)
    wrong = replace(wrong, card=replace(wrong.card, packages={"resvg-py": "0.0.1"}))
    monkeypatch.setattr("tasks.digests.expected", lambda name, options: right.digest)
    monkeypatch.setattr("tasks.packages.installed", lambda names: {"resvg-py": "0.0.1"})
    builder = Builder(wrong)
    for _ in range(2):
        with pytest.warns(
            UserWarning, match=r"resvg-py is 0.0.1, pinned \S+; pip install 'transfer-league\[pictures\]'"
        ):
            load(builder, tmp_path)
    assert builder.calls == 1
    monkeypatch.setattr("tasks.packages.installed", lambda names: {"resvg-py": "0.5.0"})
    assert load(Builder(right), tmp_path).digest == right.digest


def test_the_folder_is_the_named_one_or_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LEAGUE_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("LEAGUE_CACHE")
    assert cache_folder().name == "transfer-league"


def test_images_read_back_are_equal_to_the_byte(make: Make, tmp_path: Path) -> None:
    benchmark = make(5, channels=3)
    load(Builder(benchmark), tmp_path)
    read = load(Builder(benchmark), tmp_path)
    for split in benchmark.splits:
        assert np.array_equal(read.images(split), benchmark.images(split))
        assert np.array_equal(read.domains(split), benchmark.domains(split))
