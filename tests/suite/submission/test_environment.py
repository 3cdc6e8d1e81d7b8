"""Environments for what submissions depend on, made without a network from wheels built here."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from suite.isolation import Code
from suite.submission import Environment, SubmissionError, environment, prepare

NUMPY = metadata.version("numpy")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip sees no index, whatever this machine is set to."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``tiny_league`` 1.0 and ``greedy_league`` 1.0, which needs an ancient numpy."""
    folder = tmp_path_factory.mktemp("wheels")
    _wheel(folder, "tiny_league", "ANSWER = 42\n")
    _wheel(folder, "greedy_league", "", "numpy<1.0")
    return folder


def _wheel(folder: Path, name: str, text: str, needs: str = "") -> None:
    info = f"{name}-1.0.dist-info"
    needed = f"Requires-Dist: {needs}\n" if needs else ""
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", text)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needed}")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


def code(*dependencies: str, python: str = "") -> Code:
    return Code(name="mine", text="", dependencies=dependencies, requires_python=python)


def link(wheels: Path, name: str = "tiny_league") -> str:
    return f"{name} @ {(wheels / f'{name}-1.0-py3-none-any.whl').as_uri()}"


def inside(found: Environment, program: str) -> str:
    command = [str(found.python), "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout.strip()


def refusal(folder: Path, wanted: Code, *, trusted: bool = False) -> str:
    with pytest.raises(SubmissionError) as caught:
        prepare(wanted, trusted=trusted, folder=folder)
    assert "\n" not in str(caught.value)
    assert not [path for path in folder.glob("*") if path.is_dir()]  # nothing half-made stays
    return str(caught.value)


def test_without_dependencies_it_is_the_cores_own(tmp_path: Path) -> None:
    assert prepare(code(), folder=tmp_path) == Environment(Path(sys.executable))
    other = code("tiny; python_version < '3'", python=">=3.10")
    assert prepare(other, folder=tmp_path) == Environment(Path(sys.executable))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> tuple[Path, list[Environment], list[str]]:
    """A folder, the environments that three asked for there at once, and what they were told."""
    folder = tmp_path_factory.mktemp("environments")
    found: list[Environment] = []
    heard: list[str] = []

    def make() -> None:
        found.append(prepare(code(link(wheels)), folder=folder, tell=heard.append))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        threads = [threading.Thread(target=make) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return folder, found, heard


Made = tuple[Path, list[Environment], list[str]]


def test_three_at_once_make_one_environment(made: Made, wheels: Path) -> None:
    folder, found, heard = made
    assert heard == [f"installing what mine depends on: {link(wheels)}"]
    assert len(found) == 3 and len({environment.python for environment in found}) == 1
    assert [path.name for path in folder.iterdir() if path.is_dir()] == [found[0].python.parents[1].name]


def test_a_dependency_is_there_and_the_core_as_it_was(made: Made) -> None:
    import torch

    import suite.nearest

    environment = made[1][0]
    assert environment.versions == environment.met == {"tiny-league": "1.0"}
    assert environment.packages is not None
    program = "import tiny_league, numpy, importlib.metadata as m, suite.nearest as s; "
    program += "print(tiny_league.ANSWER, numpy.__version__, m.version('torch'), s.__file__)"
    expected = f"42 {NUMPY} {metadata.version('torch')} {suite.nearest.__file__}"
    assert inside(environment, program) == expected
    assert inside(environment, "import torch; print(torch.__file__)") == torch.__file__
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version("tiny-league")


def test_it_is_made_once(made: Made, wheels: Path) -> None:
    heard: list[str] = []
    assert prepare(code(link(wheels)), folder=made[0], tell=heard.append) == made[1][0]
    assert heard == []


def test_what_a_crash_left_is_made_anew(made: Made, wheels: Path) -> None:
    packages = made[1][0].packages
    assert packages is not None
    told = made[1][0].python.parents[1] / "environment.json"
    told.unlink()
    (packages / "tiny_league.py").write_text("ANSWER = 0\n")
    again = prepare(code(link(wheels)), folder=made[0])
    assert inside(again, "import tiny_league; print(tiny_league.ANSWER)") == "42"
    assert json.loads(told.read_text())["versions"] == {"tiny-league": "1.0"}


def test_other_core_versions_are_another_environment(
    made: Made, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = environment.core_versions()
    built: list[Path] = []
    monkeypatch.setattr(environment, "core_versions", lambda: {**core, "einops": "99"})
    monkeypatch.setattr(environment, "_build", lambda name, wanted, core, place, **_: built.append(place))
    with pytest.raises(SubmissionError, match="cannot be made"):  # since nothing was built
        prepare(code(link(wheels)), folder=made[0])
    assert built and not built[0].exists()


def test_a_version_that_the_core_has_not_is_refused_by_name(tmp_path: Path) -> None:
    assert refusal(tmp_path, code("numpy<1.0")) == (
        f"mine asks for numpy<1.0, and the core has numpy {NUMPY}, which stays: ask for numpy without a "
        "version, "
        f"or for one that {NUMPY} satisfies"
    )


def test_a_version_that_the_core_has_needs_nothing_installed(tmp_path: Path) -> None:
    assert prepare(code(f"numpy=={NUMPY}", "NumPy"), folder=tmp_path / "made").versions == {}


def test_a_dependency_that_needs_another_core_is_refused_by_name(tmp_path: Path, wheels: Path) -> None:
    said = refusal(tmp_path / "made", code(link(wheels, "greedy_league")))
    assert said == (
        "the dependencies of mine do not fit the core, which stays as it is: greedy-league 1.0 depends on "
        f"numpy<1.0, and the core has numpy {NUMPY}"
    )


def test_what_is_nowhere_is_said(tmp_path: Path) -> None:
    said = refusal(tmp_path / "made", code("no-such-package-at-all"))
    assert said.startswith("the dependencies of mine cannot be installed: No matching distribution found for")
    assert "as a wheel; check its name and version" in said


def test_building_would_run_code_and_is_for_trusted_ones_alone(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "setup.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    said = refusal(tmp_path / "made", code(f"package @ {package.as_uri()}"))
    assert "is no wheel (.whl), and building it would run its code outside the walls" in said
    assert not (tmp_path / "ran").exists()


def test_another_python_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, code(python="<3")).startswith("mine requires Python <3; this is Python 3.")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, wheels: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SubmissionError, match=r"the environment of mine cannot be made in .*/file"):
        prepare(code(link(wheels)), folder=tmp_path / "file")
