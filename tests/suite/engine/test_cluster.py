from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from suite.engine import cluster
from suite.engine.errors import EngineError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_rays_token_is_ours_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    cluster._protect_token()
    token = tmp_path / ".ray" / "auth_token"
    written = token.read_text()
    assert mode(token) == 0o600 and len(written) == 64
    token.chmod(0o644)
    cluster._protect_token()
    assert mode(token) == 0o600 and token.read_text() == written
    assert [path.name for path in token.parent.iterdir()] == ["auth_token"]


def test_a_token_that_cannot_be_kept_private_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ray").write_text("a file in the way")
    with pytest.raises(EngineError, match=r"auth_token cannot be kept private"):
        cluster._protect_token()


def test_variables_are_handed_down_and_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.delenv("LEAGUE_TEST", raising=False)
    with cluster._handed_down(PYTHONHASHSEED="0", LEAGUE_TEST="x"):
        assert (os.environ["PYTHONHASHSEED"], os.environ["LEAGUE_TEST"]) == ("0", "x")
    assert os.environ["PYTHONHASHSEED"] == "7" and "LEAGUE_TEST" not in os.environ


def test_no_more_cores_than_the_process_may_use() -> None:
    assert 1 <= cluster.cpu_count() <= (os.cpu_count() or 1)


def test_a_start_that_fails_is_tried_again_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    folders: list[Path] = []

    def fail(**options: Any) -> None:
        folders.append(Path(options["_temp_dir"]))
        raise RuntimeError("The current node timed out during startup.\nA second line.")

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(ray, "init", fail)
    with pytest.raises(EngineError, match=r"did not start on this machine: .* during startup\.$"):
        cluster.connect(None)
    assert len(set(folders)) == 3 and not any(folder.exists() for folder in folders)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:1", "Connection refused"),
        ("ray://127.0.0.1:10001", "not written HOST:PORT"),
        ("localhost", "not written HOST:PORT"),
    ],
)
def test_an_address_without_a_cluster_is_told_at_once(address: str, said: str) -> None:
    with pytest.raises(EngineError, match=rf"no Ray cluster can be reached at {address}: .*{said}\. Give"):
        cluster.connect(address)


def test_a_cluster_that_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    def refuse(**options: Any) -> None:
        raise ConnectionError(f"{options['address']} wants a token\nand more")

    monkeypatch.setattr(ray, "init", refuse)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(EngineError, match=rf"reached at {address}: {address} wants a token\. Give"):
            cluster.connect(address)
