"""``league new``: a method that works as it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from suite.cli import league
from suite.submission import of_text, read, template
from tests.suite.cli.conftest import call

__all__ = ["call"]


@pytest.mark.parametrize(
    ("file", "name", "class_name"),
    [
        ("my_method.py", "my_method", "MyMethod"),
        ("my method (2).py", "my_method_2", "MyMethod2"),
        ("maml.py", "my_maml", "MyMaml"),
        ("3d.py", "3d", "Method3d"),
        ("été.py", "t", "T"),
        ("---.py", "my_method", "MyMethod"),
        (f"{'x' * 80}.py", "x" * 40, "X" + "x" * 39),
    ],
)
def test_the_name_is_made_of_the_files(file: str, name: str, class_name: str) -> None:
    found, text = template(Path(file))
    assert found == of_text(text, Path(file)).name == name
    assert [node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)] == [class_name]


def test_the_template_is_short_and_fits_a_screen() -> None:
    _, text = template(Path("my_method.py"))
    lines = text.splitlines()
    assert len([line for line in lines if line.strip()]) <= 35 and max(map(len, lines)) <= 110


def test_new_writes_a_file_and_says_what_to_do_next(call, tmp_path: Path) -> None:
    result = call("new", "my_method.py")
    assert result.exit_code == 0
    assert read(tmp_path / "my_method.py").name == "my_method"
    commands = [
        line.split("#")[0].split() for line in result.stdout.splitlines() if line.startswith("  league")
    ]
    assert [words[1] for words in commands] == ["submit", "submit"] and "submit" in league.commands


def test_new_never_writes_over_a_file_unless_it_is_told_to(call, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("precious")
    refused = call("new", "mine.py")
    assert (
        refused.exit_code == 2 and "mine.py exists already" in refused.stderr and "--force" in refused.stderr
    )
    assert (tmp_path / "mine.py").read_text() == "precious"
    assert call("new", "mine.py", "--force").exit_code == 0
    assert read(tmp_path / "mine.py").name == "mine"


@pytest.mark.parametrize(
    ("file", "code", "said"),
    [
        ("mine.txt", 2, "a method is a Python file; name it mine.py."),
        ("nowhere/mine.py", 1, "nowhere/mine.py was not written: No such file or directory."),
    ],
)
def test_new_says_what_it_cannot_do(call, file: str, code: int, said: str) -> None:
    result = call("new", file)
    assert result.exit_code == code and said in result.stderr
