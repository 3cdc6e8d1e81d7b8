"""A cluster that has no host for cells until some are asked for."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from engine_sweeps import computed, sweep

from suite.config import Resources
from suite.engine import events, run

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
DOUBLES = Path(__file__).parent / "doubles"
PORT = 6379  # where Ray's stand-in for a cloud has its hosts look for the head
AUTOSCALED = {
    "cluster_name": "from-nothing",
    "max_workers": 2,
    "upscaling_speed": 1.0,
    "idle_timeout_minutes": 5,
    "provider": {
        "type": "external",
        "module": "engine_cloud.Cloud",
        "use_node_id_as_ip": True,
        "disable_node_updaters": True,
        "disable_launch_config_check": True,
    },
    "auth": {},
    "docker": {},
    "file_mounts": {},
    "cluster_synced_files": [],
    "file_mounts_sync_continuously": False,
    "rsync_exclude": [],
    "rsync_filter": [],
    "initialization_commands": [],
    "setup_commands": [],
    "head_setup_commands": [],
    "worker_setup_commands": [],
    "head_start_ray_commands": [],
    "worker_start_ray_commands": [],
    "available_node_types": {
        "ray.head.default": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
        "worker": {
            "resources": {"CPU": 1, "GPU": 1, "memory": 2_000_000_000},
            "node_config": {},
            "min_workers": 0,
            "max_workers": 2,
        },
    },
    "head_node_type": "ray.head.default",
}


@pytest.fixture(autouse=True)
def as_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Workers import what this process does, hash as each other do, and have the token of this test."""
    from ray._private.authentication_test_utils import reset_auth_token_state

    token = tmp_path / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(token))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(DOUBLES)]))
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    reset_auth_token_state()  # else this process goes on with the token of a cluster that it was in before
    yield
    monkeypatch.undo()
    reset_auth_token_state()


@pytest.fixture
def from_nothing(tmp_path: Path) -> Iterator[str]:
    """The address of a head that takes no cell; its autoscaler may start two hosts with a GPU each."""
    told = tmp_path / "ray_bootstrap_config.yaml"
    told.write_text(json.dumps(AUTOSCALED))
    dashboard, agent, client = (free_port() for _ in range(3))
    folder = Path(tempfile.mkdtemp(prefix="league-", dir="/tmp"))  # Ray's sockets need a short name
    command = [str(Path(sys.executable).parent / "ray"), "start", "--head", "--block", "--num-cpus=0"]
    command += ["--num-gpus=0", f"--port={PORT}", f"--dashboard-port={dashboard}", f"--temp-dir={folder}"]
    command += [f"--dashboard-agent-listen-port={agent}", f"--ray-client-server-port={client}"]
    command += ["--object-store-memory=100000000", f"--autoscaling-config={told}"]
    environment = {**os.environ, "RAY_FAKE_CLUSTER": "1", "AUTOSCALER_UPDATE_INTERVAL_S": "1"}
    with (tmp_path / "head.log").open("w") as log:
        head = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(PORT, head)
        yield f"127.0.0.1:{PORT}"
    finally:
        family = [*psutil.Process(head.pid).children(recursive=True), psutil.Process(head.pid)]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        head.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, head: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert head.poll() is None, "the head ended"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    raise AssertionError("the head did not answer within two minutes")


def test_a_cluster_without_hosts_starts_them_for_a_sweep(tmp_path: Path, from_nothing: str) -> None:
    told: list[events.Event] = []
    methods = [{"scale": float(scale)} for scale in (1, 2)]
    resources = Resources(1, 1, memory_mib_per_cell=100)
    report = run(
        sweep(tmp_path / "one", *methods, resources=resources), address=from_nothing, on_event=told.append
    )
    assert (report.done, report.failed) == (4, 0)
    [ready] = [event for event in told if isinstance(event, events.ClusterReady)]
    assert (ready.slots, ready.gpus) == (2, 0)
    notes = [event.text for event in told if isinstance(event, events.Notice)]
    assert "a cell fits on no host that is there yet; the cluster may start one" in notes

    assert run(sweep(tmp_path / "other", *methods)).done == 4
    assert computed(tmp_path / "one") == computed(tmp_path / "other")
