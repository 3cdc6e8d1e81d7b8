"""What may be started, as `ray up` and Kubernetes tell it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from suite.engine.errors import ClusterLost
from suite.engine.launchable import launchable

pytest.importorskip("ray")
TEMPLATE = Path(__file__).parents[3] / "docs" / "clusters" / "kuberay.yaml"


@pytest.fixture
def kubernetes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A Kubernetes with one RayCluster, as the template asks for it; ``status`` is what it answers with."""
    from ray.autoscaler._private.kuberay import node_provider

    spec = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))["spec"]["rayClusterSpec"]
    told: dict[str, Any] = {"status": 200, "spec": spec}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.endswith("/namespaces/research/rayclusters/league")
            allowed = self.headers["Authorization"] == "Bearer account"
            self.send_response(told["status"] if known and allowed else 404)
            self.end_headers()
            resource = {"metadata": {"name": "league", "namespace": "research"}, "spec": told["spec"]}
            self.wfile.write(json.dumps(resource).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def url(namespace: str, path: str, **version: str) -> str:
        return f"http://127.0.0.1:{server.server_port}/namespaces/{namespace}/{path}"

    monkeypatch.setattr(node_provider, "url_from_resource", url)  # Ray's own insists on https
    account = ({"Authorization": "Bearer account"}, None, None)
    monkeypatch.setattr(node_provider, "load_k8s_secrets", lambda: account)
    monkeypatch.setenv("RAY_CLUSTER_NAME", "league")
    (tmp_path / "namespace").write_text("research\n")
    yield told
    server.shutdown()
    server.server_close()


def test_nothing_may_be_started_where_nobody_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_CLUSTER_NAME", raising=False)
    assert launchable(tmp_path, tmp_path / "namespace") == []


def test_ray_up_leaves_what_it_was_told(tmp_path: Path) -> None:
    told = {"available_node_types": {"gpus": {"resources": {"GPU": 1}, "max_workers": 8}, "head": {}}}
    (tmp_path / "ray_bootstrap_config.yaml").write_text(yaml.safe_dump(told))
    assert launchable(tmp_path) == [({"GPU": 1}, 8), ({}, 0)]


@pytest.mark.parametrize("text", ["{", "[]", "available_node_types: {gpus: {max_workers: many}}"])
def test_what_ray_up_left_must_be_readable(tmp_path: Path, text: str) -> None:
    (tmp_path / "ray_bootstrap_config.yaml").write_text(text)
    with pytest.raises(ClusterLost, match=r"cannot be read from .*ray_bootstrap_config\.yaml: "):
        launchable(tmp_path)


def test_kuberays_groups_are_read_from_the_cluster(kubernetes: dict[str, Any], tmp_path: Path) -> None:
    head, worker = launchable(tmp_path, tmp_path / "namespace")
    assert head[1] == 0 and worker[1] == 8
    assert (worker[0]["GPU"], worker[0]["CPU"]) == (1, 8) and worker[0]["memory"] >= 30 * 2**30


@pytest.mark.parametrize("status", [401, 403])
def test_an_account_without_the_right_has_no_autoscaler(
    kubernetes: dict[str, Any], tmp_path: Path, status: int
) -> None:
    kubernetes["status"] = status
    assert launchable(tmp_path, tmp_path / "namespace") == []


def test_a_cluster_of_a_fixed_size_starts_nothing(kubernetes: dict[str, Any], tmp_path: Path) -> None:
    kubernetes["spec"]["enableInTreeAutoscaling"] = False
    assert launchable(tmp_path, tmp_path / "namespace") == []


def test_a_kubernetes_in_trouble_is_told(kubernetes: dict[str, Any], tmp_path: Path) -> None:
    kubernetes["status"] = 503
    with pytest.raises(ClusterLost, match=r"cannot be read from Kubernetes' RayCluster league: 503"):
        launchable(tmp_path, tmp_path / "namespace")
