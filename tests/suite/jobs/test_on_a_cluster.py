"""A sweep sent to a real head, with a token, from a folder of the user's own."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

BIN = Path(sys.executable).parent
KEYS = ("WANDB_API_KEY", "AWS_SECRET_ACCESS_KEY")
DIGEST = f"__import__('hashlib').sha256(__import__('os').environ['{KEYS[0]}'].encode()).hexdigest()"
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
    planted: tuple[str, ...]

    def asked_a_worker(self, code: str) -> str:
        """What a job of Ray's prints that hands ``code``, an expression, to a worker."""
        script = f"import ray; ray.init(); print(ray.get(ray.remote(lambda: {code}).remote()))"
        command = [str(BIN / "ray"), "job", "submit", "--address", self.address, "--", "python", "-c"]
        submitted = subprocess.run(
            [*command, script],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert submitted.returncode == 0, submitted.stdout + submitted.stderr
        return submitted.stdout

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
    # The cluster has keys, and whoever sends a sweep has others, which stay where they are.
    planted = {name: f"planted-{secrets.token_hex(16)}" for name in KEYS}
    theirs = {**ours, **planted, "WANDB_MODE": "offline"}
    senders = {name: f"planted-{secrets.token_hex(16)}" for name in KEYS}
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
        found = (*planted.values(), *senders.values(), token.read_text())
        url = f"http://127.0.0.1:{dashboard}"
        yield Head(url, {**ours, **senders}, folder, found)
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

    measure = ("measure", "class_separation", "transfer", "--json", "--store", store, "--on", head.address)
    measured = head.league(*measure, cwd=tree)
    assert measured.returncode == 0, measured.stderr
    assert "submitted league-measure-class_separation-transfer-1" in measured.stderr
    assert json.loads(measured.stdout)["measurements"] and not json.loads(measured.stdout)["failures"]

    failed = head.league(*words, "methods.transfer.lr=1e30", cwd=tree)
    assert failed.returncode == 1, failed.stderr

    refused = head.league(
        *words, cwd=tree, RAY_AUTH_TOKEN_PATH=str(tmp_path / "none"), RAY_AUTH_MODE="disabled"
    )
    assert refused.returncode == 1 and "no job server answers" in refused.stderr

    told = "".join(run.stdout + run.stderr for run in (first, again, watched, measured, failed, refused))
    assert not [secret for secret in head.planted if secret in told]
    assert sha256(head.planted[0].encode()).hexdigest() in head.asked_a_worker(DIGEST)
    (tmp_path / "token").unlink()
    assert list(Path(store).rglob("*.wandb")) and list(head.folder.rglob("job-driver-*.log"))
    assert not [*_holding(tmp_path, head.planted), *_holding(head.folder, head.planted)]


def test_a_sweep_on_this_machine_keeps_secrets(tmp_path: Path) -> None:
    planted = {name: f"planted-{secrets.token_hex(16)}" for name in KEYS}
    (tmp_path / "tiny.yaml").write_text(SWEEP)
    (tmp_path / "home").mkdir()
    words = ["sweep", "tiny.yaml", "tracking.mode=offline", "--store", str(tmp_path / "store")]
    before = set(Path("/tmp").glob("league-*"))
    with (tmp_path / "said.txt").open("w") as said:
        running = subprocess.Popen(
            [sys.executable, "-m", "suite.cli", *words],
            cwd=tmp_path,
            env={**os.environ, **planted, "HOME": str(tmp_path / "home")},
            stdout=said,
            stderr=said,
        )
        # Ray's folder is gone when the sweep ends: looked at while it runs.
        looked, until = 0, time.monotonic() + 400
        while running.poll() is None:
            assert time.monotonic() < until, (tmp_path / "said.txt").read_text()
            for folder in set(Path("/tmp").glob("league-*")) - before:
                looked += sum(1 for _ in folder.rglob("*.log"))
                assert not list(_holding(folder, planted.values()))
            time.sleep(0.5)
    assert running.returncode == 0 and looked, (tmp_path / "said.txt").read_text()
    assert list((tmp_path / "store").rglob("*.wandb"))
    assert not list(_holding(tmp_path, planted.values()))


def _holding(folder: Path, planted: Iterable[str]) -> Iterator[Path]:
    """Files below the folder that have one of the secrets in them."""
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file() and any(secret in _text(path) for secret in planted):
                yield path


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
