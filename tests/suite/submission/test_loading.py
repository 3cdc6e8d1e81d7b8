"""Running a trusted submission's text in this process."""

from __future__ import annotations

import builtins
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

import suite.methods
from suite.isolation import Code
from suite.methods import registry
from suite.submission import SubmissionError, of_text, register
from suite.submission.loading import is_loaded
from suite.submission.template import template

NAME = "loaded_for_a_test"
TEXT = template(Path(f"{NAME}.py"))[1]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    registry.forget(NAME)


def code(changed: str = "", class_name: str = "LoadedForATest") -> Code:
    return Code(name=NAME, text=TEXT.replace("LoadedForATest", class_name) + changed)


def test_its_method_can_be_built_afterwards() -> None:
    assert not is_loaded(NAME)
    given = code()
    register(given)
    assert is_loaded(NAME) and NAME in suite.methods.names()
    info = suite.methods.describe(NAME)
    assert info.defaults["lr"] == 3e-3 and info.version == "1"
    assert info.source_hash == of_text(given.text, Path("mine.py")).source_hash
    with pytest.raises(ValueError, match="lr must be above 0, not -1"):
        suite.methods.get(NAME, lr=-1.0)


def test_it_runs_once() -> None:
    counted = code("\nimport builtins\nbuiltins.loaded_times = getattr(builtins, 'loaded_times', 0) + 1\n")
    try:
        assert register(counted) == register(counted)
        assert vars(builtins).pop("loaded_times") == 1
    finally:
        vars(builtins).pop("loaded_times", None)


def test_a_changed_file_takes_the_place_of_the_one_before() -> None:
    register(code())
    before = suite.methods.describe(NAME).source_hash
    register(code("# changed\n", "Renamed"))
    assert suite.methods.describe(NAME).source_hash != before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\nraise RuntimeError('no')\n", "its file raises RuntimeError: no (line 2)"),
        ("import no_such_module_at_all\n", "raises ModuleNotFoundError: No module named"),
        ("import sys\nsys.exit(3)\n", "its file raises SystemExit: 3 (line 2)"),
        ("x = 1\n", "registers no method of that name when it is run"),
    ],
)
def test_a_file_that_cannot_run_is_told(text: str, said: str) -> None:
    with pytest.raises(SubmissionError) as caught:
        register(Code(name=NAME, text=text))
    assert said in str(caught.value) and NAME not in suite.methods.names()


def test_tracebacks_show_its_lines() -> None:
    register(code("\ndef fall():\n    raise KeyError('here')  # a line of the file\n"))
    module = sys.modules[suite.methods.describe(NAME).module]
    with pytest.raises(KeyError) as caught:
        module.fall()
    assert "# a line of the file" in "".join(traceback.format_exception(caught.value))
