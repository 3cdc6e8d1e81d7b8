"""A method's source hash changes with its source, and with what that builds on."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from suite.methods.identity import source_hash

Write = Callable[[str, str], None]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """A package ``submitted``: ``method`` imports ``helper`` from ``parts``, which imports ``deep``."""
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "submitted"

    def write(name: str, text: str) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    write("__init__.py", "")
    write(
        "method.py",
        "import json\nfrom .parts import helper\n\ndef run():\n    from submitted.late import x\n",
    )
    write("parts/__init__.py", "")
    write("parts/helper.py", "from . import deep\n")
    write("parts/deep.py", "value = 1\n")
    write("late.py", "x = 1\n")
    write("unused.py", "y = 1\n")
    importlib.invalidate_caches()
    yield write
    for name in [name for name in sys.modules if name.split(".")[0] == "submitted"]:
        del sys.modules[name]


def test_the_same_source_has_the_same_hash(package: Write) -> None:
    before = source_hash("submitted.method")
    importlib.import_module("submitted.method")  # what is imported already must not matter
    assert source_hash("submitted.method") == before


@pytest.mark.parametrize(
    "file", ["method.py", "parts/helper.py", "parts/deep.py", "parts/__init__.py", "late.py", "__init__.py"]
)
def test_a_change_in_what_it_builds_on_changes_the_hash(package: Write, file: str, tmp_path: Path) -> None:
    before = source_hash("submitted.method")
    package(file, (tmp_path / "submitted" / file).read_text() + "# a comment\n")
    assert source_hash("submitted.method") != before


def test_a_change_elsewhere_does_not_change_the_hash(package: Write) -> None:
    before = source_hash("submitted.method")
    package("unused.py", "y = 2\n")
    assert source_hash("submitted.method") == before


def test_shared_code_of_the_suite_counts(
    package: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import suite.models.conv4

    package("method.py", "import suite.methods\n")
    before = {name: source_hash(name) for name in ("submitted.method", "suite.methods.maml")}
    changed = tmp_path / "conv4.py"
    changed.write_text(Path(suite.models.conv4.__file__).read_text() + "# a comment\n")
    monkeypatch.setattr(suite.models.conv4, "__file__", str(changed))
    assert all(source_hash(name) != value for name, value in before.items())


def test_methods_of_the_suite_do_not_count_in_each_other() -> None:
    from suite.methods import identity

    maml = Path(importlib.import_module("suite.methods.maml").__file__ or "")
    found = identity._imports(maml.read_text(), "suite.methods")
    assert "suite.methods.family" in found
    assert not {"suite.methods.protonet", "suite.methods.anil"} & set(found)
    assert source_hash("suite.methods.maml") != source_hash("suite.methods.fomaml")


def test_code_without_a_file_cannot_be_identified() -> None:
    with pytest.raises(ValueError, match="builtins has no source file"):
        source_hash("builtins")
