"""A sweep sent to a real head, with a token, from a folder of the user's own."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

BIN = Path(sys.executable).parent
PLANTED = "planted-secret-7f3a"
SWEEP = """
name: tiny
methods: [untrained, {transfer: {batch_size: 16}}]
benchmarks: [{gaussian: {dimensions: 2, size: 8}}]
protocols: [{way: 3, shot: 1, query: 2, episodes: 4}]
seeds: [0]
model: {width: 4}
budget: {images: 60, validations: 1, validation_episodes: 2}
"""


@dataclass(frozen=True)
class Head:
    address: str
    environment: dict[str, str]
    folder: Path

    def league(self, *words: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "suite.cli", *words],
            cwd=cwd,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )


@pytest.fixture
def head(tmp_path: Path) -> Iterator[Head]:
    token = tmp_path / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    # All of its ports are its own: another Ray may be at work on this machine.
    port, dashboard, agent, client = (_free_port() for _ in range(4))
    ours = {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
        "LEAGUE_CACHE": str(tmp_path / "cache"),
    }
    # Of the cluster alone: whoever sends a sweep does not have it.
    theirs = {**ours, "WANDB_API_KEY": PLANTED, "WANDB_MODE": "offline"}
    # Ray's sockets lie below it, and their names may have few letters.
    folder = Path("/tmp") / f"league-head-{os.getpid()}"
    command = ["ray", "start", "--head", "--block", f"--port={port}", "--num-cpus=2", "--num-gpus=0"]
    command += ["--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}", f"--temp-dir={folder}"]
    command += [f"--dashboard-agent-listen-port={agent}", f"--ray-client-server-port={client}"]
    with (tmp_path / "head.log").open("w") as log:
        process = subprocess.Popen(
            [str(BIN / command[0]), *command[1:]], env=theirs, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_for(f"http://127.0.0.1:{dashboard}/api/version", process)
        yield Head(f"http://127.0.0.1:{dashboard}", ours, folder)
    finally:
        process.terminate()
        process.wait(timeout=60)
        subprocess.run(["rm", "-rf", str(folder)], check=True)


def test_a_sweep_is_sent_watched_and_gone_on_with_and_keeps_secrets(head: Head, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "tiny.yaml").write_text(SWEEP)
    store = str(tmp_path / "store")
    words = ("sweep", "tiny.yaml", "tracking.mode=offline", "--store", store, "--on", head.address)

    first = head.league(*words, cwd=tree)
    assert first.returncode == 0, first.stderr
    assert "submitted league-tiny-1" in first.stderr and "4 computed" in first.stderr
    assert "transfer" in first.stdout and '"event"' not in first.stdout

    again = head.league(*words, cwd=tree)
    assert again.returncode == 0 and "submitted league-tiny-2" in again.stderr
    assert "4 of them in" in again.stderr and "0 computed" in again.stderr

    watched = head.league("runs", "watch", "tiny", "--on", head.address, cwd=tree)
    assert watched.returncode == 0 and watched.stdout == again.stdout

    failed = head.league(*words, "methods.transfer.lr=1e30", cwd=tree)
    assert failed.returncode == 1, failed.stderr

    refused = head.league(
        *words, cwd=tree, RAY_AUTH_TOKEN_PATH=str(tmp_path / "none"), RAY_AUTH_MODE="disabled"
    )
    assert refused.returncode == 1 and "no job server answers" in refused.stderr

    told = "".join(run.stdout + run.stderr for run in (first, again, watched, failed, refused))
    assert PLANTED not in told
    for place in (Path(store), head.folder):
        holds = [path for path in place.rglob("*") if path.is_file() and PLANTED in _text(path)]
        assert not holds


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until:
        assert process.poll() is None, "the head ended"
        try:
            urllib.request.urlopen(url, timeout=5)
        except urllib.error.HTTPError:
            return  # it answers, and asks for the token
        except OSError:
            time.sleep(1)
        else:
            return
    raise AssertionError("the head did not answer within three minutes")
