"""The cluster template is held against Ray's own validator."""

from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("ray")
CLUSTER = Path(__file__).parents[1] / "cluster.yaml"


@pytest.fixture
def config() -> dict[str, Any]:
    loaded = yaml.safe_load(CLUSTER.read_text())
    assert isinstance(loaded, dict)
    return loaded


def test_ray_accepts_the_cluster_template(config: dict[str, Any]) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared = prepare_config(config)
    validate_config(prepared)
    assert prepared["available_node_types"]["gpu_worker"]["min_workers"] == 0


def test_ray_refuses_a_misspelt_key(config: dict[str, Any]) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    config["max_wrokers"] = 3
    with pytest.raises(Exception, match="max_wrokers"):
        validate_config(prepare_config(config))


def test_no_node_exposes_ray_without_a_token(config: dict[str, Any]) -> None:
    for commands in (config["head_start_ray_commands"], config["worker_start_ray_commands"]):
        starts = [line for line in commands if "ray start" in line]
        assert starts
        assert all("RAY_AUTH_MODE=token" in line for line in starts)
