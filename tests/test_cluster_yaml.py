"""The cluster templates are held against Ray's own validator, and against what they promise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("ray")
ROOT = Path(__file__).parents[1]
KUBERAY = ROOT / "docs" / "clusters" / "kuberay.yaml"
RAY_UP = {
    "aws": ROOT / "cluster.yaml",
    "gcp": ROOT / "docs" / "clusters" / "gcp.yaml",
    "local": ROOT / "docs" / "clusters" / "on-premise.yaml",
}
EACH = pytest.mark.parametrize("provider", RAY_UP)


def read(path: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def validated(config: dict[str, Any]) -> dict[str, Any]:
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared: dict[str, Any] = prepare_config(config)
    validate_config(prepared)
    return prepared


@EACH
def test_ray_accepts_the_template(provider: str) -> None:
    assert validated(read(RAY_UP[provider]))["provider"]["type"] == provider


@EACH
def test_ray_refuses_a_misspelt_key(provider: str) -> None:
    with pytest.raises(Exception, match="max_wrokers"):
        validated({**read(RAY_UP[provider]), "max_wrokers": 3})


@EACH
def test_no_node_serves_ray_without_a_token(provider: str) -> None:
    config = read(RAY_UP[provider])
    for commands in (config["head_start_ray_commands"], config["worker_start_ray_commands"]):
        starts = [line for line in commands if "ray start" in line]
        assert starts and all("RAY_AUTH_MODE=token" in line for line in starts)
    assert "--dashboard-host=127.0.0.1" in " ".join(config["head_start_ray_commands"])
    assert "~/.ray/auth_token" in config["file_mounts"]
    assert any("chmod 600" in line and "auth_token" in line for line in config["setup_commands"])


@EACH
def test_data_stay_on_the_hosts_own_disk_and_secrets_in_its_environment(provider: str) -> None:
    config = read(RAY_UP[provider])
    for commands in (config["head_start_ray_commands"], config["worker_start_ray_commands"]):
        started = " ".join(commands)
        assert "LEAGUE_CACHE=" in started and ". ~/.league-secrets" in started
    assert not re.search(r"(API_KEY|SECRET|TOKEN)=\S", RAY_UP[provider].read_text(encoding="utf-8"))


@pytest.mark.parametrize("provider", ["aws", "gcp"])
def test_hosts_of_a_cloud_come_when_needed_and_cannot_be_reached_from_outside(provider: str) -> None:
    config = validated(read(RAY_UP[provider]))
    worker = config["available_node_types"]["gpu_worker"]
    assert (worker["min_workers"], config["provider"]["use_internal_ips"]) == (0, True)
    assert "spot" in str(worker["node_config"]) or "preemptible" in str(worker["node_config"])
    assert config["available_node_types"]["head"]["resources"]["CPU"] == 0


def test_hosts_on_google_cloud_get_no_public_address() -> None:
    for kind in read(RAY_UP["gcp"])["available_node_types"].values():
        interfaces = kind["node_config"]["networkInterfaces"]
        assert interfaces and not any("accessConfigs" in interface for interface in interfaces)


def test_the_security_group_lets_in_ssh_and_the_cluster_itself_alone() -> None:
    pytest.importorskip("boto3")
    from ray.autoscaler._private.aws.config import _create_default_inbound_rules

    added = read(RAY_UP["aws"])["provider"]["security_group"].get("IpPermissions", [])
    rules = _create_default_inbound_rules(["sg-cluster"], added)
    from_addresses = [rule for rule in rules if rule.get("IpRanges") or rule.get("Ipv6Ranges")]
    assert {(rule["FromPort"], rule["ToPort"]) for rule in from_addresses} == {(22, 22)}
    among = [pair["GroupId"] for rule in rules for pair in rule.get("UserIdGroupPairs", [])]
    assert among == ["sg-cluster"] and len(rules) == len(from_addresses) + 1


def test_kuberays_autoscaler_can_read_the_cluster_of_the_job() -> None:
    from ray.autoscaler._private.kuberay.autoscaling_config import _derive_autoscaling_config_from_ray_cr

    job = read(KUBERAY)
    cluster = {"metadata": {"name": "league", "namespace": "default"}, "spec": job["spec"]["rayClusterSpec"]}
    derived = _derive_autoscaling_config_from_ray_cr(cluster)
    worker = derived["available_node_types"]["gpu-worker"]
    assert (worker["min_workers"], worker["resources"]["GPU"]) == (0, 1)
    assert derived["available_node_types"]["headgroup"]["resources"]["CPU"] == 0


def test_pods_take_token_and_secrets_from_kubernetes() -> None:
    cluster = read(KUBERAY)["spec"]["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    for container in (pod for group in groups for pod in group["template"]["spec"]["containers"]):
        environment = {entry["name"]: entry["value"] for entry in container["env"]}
        assert environment["RAY_AUTH_MODE"] == "token" and "LEAGUE_CACHE" in environment
        assert container["envFrom"] == [{"secretRef": {"name": "league-secrets"}}]
    assert cluster["headGroupSpec"]["serviceType"] == "ClusterIP"


def test_all_templates_run_one_version_of_ray() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (*RAY_UP.values(), KUBERAY)]
    found = {
        version
        for text in texts
        for version in re.findall(r"(?:ray:|ray\[default\]==|rayVersion: )([\d.]+)", text)
    }
    assert len(found) == 1
