"""What is known of a submitted file without running it, and how unfit ones are refused."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.methods.identity import source_hash
from suite.submission import SubmissionError, of_text, read

REGISTERED = 'from suite.methods import method\n\n@method("mine", version="2")\nclass Mine:\n    pass\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.py"


def refusal(file: Path) -> str:
    with pytest.raises(SubmissionError) as caught:
        read(file)
    said = str(caught.value)
    assert said.startswith(f"{file}: ") and "\n" not in said
    return said.removeprefix(f"{file}: ")


def test_a_file_is_read_and_not_run(file: Path) -> None:
    file.write_text(f"raise SystemExit('it ran')\n{REGISTERED}")
    found = read(file)
    assert (found.name, found.version, found.path) == ("mine", "2", file)
    assert found.code.submitted and found.code.text == file.read_text()
    assert found.code.dependencies == () and found.code.requires_python == ""


@pytest.mark.parametrize(
    "text",
    [
        REGISTERED,
        REGISTERED.replace("version=", ""),
        REGISTERED.replace("method\n", "method as enter\n", 1).replace("@method", "@enter"),
        REGISTERED.replace("from suite.methods import method", "import suite.methods").replace(
            "@method", "@suite.methods.method"
        ),
        REGISTERED.replace("from suite.methods import method", "from suite import methods as m").replace(
            "@method", "@m.method"
        ),
        REGISTERED.replace("from suite.methods import", "from suite.methods.registry import"),
        f"import dataclasses\n{REGISTERED}".replace(
            "\nclass", "\n@dataclasses.dataclass(frozen=True)\nclass"
        ),
    ],
)
def test_a_registration_is_found_however_it_is_spelled(text: str) -> None:
    found = of_text(text, Path("mine.py"))
    assert (found.name, found.version) == ("mine", "2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it registers no method: put @method("),
        ("def method(*a, **k): ...\n@method('a', version='1')\nclass A: ...\n", "it registers no method"),
        (REGISTERED + REGISTERED, "it registers 2 methods (lines 3 and 8); submit one in a file"),
        (REGISTERED.replace('"mine"', "NAME"), "line 3: the name must be written out as a text"),
        (REGISTERED.replace('"mine"', 'f"{1}"'), "line 3: the name must be written out as a text"),
        (REGISTERED.replace('version="2"', "version=2"), "line 3: the version must be written out as a text"),
        (REGISTERED.replace(', version="2"', ""), "line 3: @method is given no version"),
        (REGISTERED.replace('("mine", version="2")', ""), "line 3: @method lacks name and version"),
        (REGISTERED.replace("mine", "../up"), "the name '../up' must be 1 to 64 letters, digits"),
        (REGISTERED.replace("mine", "a/b"), "the name 'a/b' must be"),
        (REGISTERED.replace("mine", "a..b"), "the name 'a..b' must be"),
        (REGISTERED.replace("mine", ".hidden"), "the name '.hidden' must be"),
        (REGISTERED.replace("mine", "a b"), "the name 'a b' must be"),
        (REGISTERED.replace("mine", "a\\nb"), "must be 1 to 64 letters"),
        (REGISTERED.replace("mine", "x" * 65), "must be 1 to 64 letters"),
        (REGISTERED.replace("mine", "é"), "the name 'é' must be"),
        (REGISTERED.replace("mine", "maml"), "the name 'maml' is that of another method; choose one"),
        ("class A(:\n", "line 1: it is not valid Python: "),
        ("x = 1\n  y = 2\n", "line 2: it is not valid Python: unexpected indent"),
        ("x = '\0'", "it is not valid Python"),
        ("(" * 5_000 + ")" * 5_000, "it is not valid Python: "),
        ("-" * 200_000 + "1", "it is not valid Python: "),
    ],
    ids=range(22),
)
def test_what_cannot_be_submitted_is_said(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    assert said in refusal(file)


def test_a_file_that_is_no_text_is_refused(file: Path) -> None:
    file.write_bytes(b"x = '\xff'\n")
    assert refusal(file) == "it is not UTF-8 text: byte 5 cannot be read; save it as UTF-8"


def test_what_is_too_large_is_refused_without_being_read(file: Path) -> None:
    with file.open("wb") as sparse:
        sparse.truncate(2**40)
    assert refusal(file).startswith("it is larger than 1,000,000 bytes")


def test_only_plain_files_are_read(file: Path, tmp_path: Path) -> None:
    assert refusal(file) == "it cannot be read: No such file or directory"
    assert refusal(tmp_path) == "it is no file; a submission is one Python file"
    (tmp_path / "other.py").write_text(REGISTERED)
    file.symlink_to(tmp_path / "other.py")
    assert refusal(file) == "it is a symbolic link; name the file that it leads to"
    file.unlink()
    os.mkfifo(file)
    assert refusal(file) == "it is no file; a submission is one Python file"


def test_a_byte_order_mark_is_no_part_of_the_text(file: Path) -> None:
    file.write_text(REGISTERED, encoding="utf-8-sig")
    assert read(file).code.text == REGISTERED


def test_a_text_has_the_hash_of_a_module_with_the_same_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "hashed_submission.py").write_text(REGISTERED)
    importlib.invalidate_caches()
    assert of_text(REGISTERED, Path("mine.py")).source_hash == source_hash("hashed_submission")
    assert of_text(REGISTERED + "# changed\n", Path("mine.py")).source_hash != source_hash(
        "hashed_submission"
    )


def test_shared_code_of_the_suite_counts_in_the_hash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import suite.models.conv4

    before = of_text(REGISTERED, Path("mine.py")).source_hash
    changed = tmp_path / "conv4.py"
    changed.write_text(Path(suite.models.conv4.__file__).read_text() + "# a comment\n")
    monkeypatch.setattr(suite.models.conv4, "__file__", str(changed))
    assert of_text(REGISTERED, Path("mine.py")).source_hash != before


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        of_text(text, Path("any.py"))
    except SubmissionError as error:
        assert str(error)


@given(st.text(max_size=30))
def test_no_name_leads_out_of_a_folder(name: str) -> None:
    text = REGISTERED.replace('"mine"', repr(name))
    try:
        found = of_text(text, Path("any.py")).name
    except SubmissionError:
        return
    assert found == name and (Path("/store") / found).parent == Path("/store") and found.isascii()
