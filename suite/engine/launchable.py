"""What an autoscaler was told that it may start, read on the head, where a job's driver runs.

`ray up` leaves its configuration in the head's home. KubeRay leaves none: its autoscaler reads the RayCluster
resource, which the head's pod may read too, with the same account.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from suite.engine.capacity import Launchable
from suite.engine.errors import ClusterLost
from suite.errors import first_line

_BOOTSTRAP = "ray_bootstrap_config.yaml"
# Kubernetes tells a pod its namespace here; KubeRay tells it the name of its cluster in the variable.
_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_CLUSTER = "RAY_CLUSTER_NAME"


def launchable(home: Path | None = None, namespace: Path = _NAMESPACE) -> list[Launchable]:
    """The kinds of node; empty where there is no autoscaler, or where this host cannot know.

    Raises ClusterLost where it was told, and cannot be read.
    """
    told, cluster = (home or Path.home()) / _BOOTSTRAP, os.environ.get(_CLUSTER)
    try:
        if told.exists():
            source = str(told)
            config = yaml.safe_load(told.read_text())
        elif cluster and namespace.exists():
            source = f"Kubernetes' RayCluster {cluster}"
            config = _derived(cluster, namespace.read_text().strip())
        else:
            return []
        kinds = config["available_node_types"].values()
        return [(dict(kind.get("resources") or {}), int(kind.get("max_workers", 0))) for kind in kinds]
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ClusterLost(f"what may be started cannot be read from {source}: {first_line(error)}") from error


def _derived(cluster: str, namespace: str) -> Mapping[str, Any]:
    """What KubeRay's autoscaler makes of the resource. Raises OSError where Kubernetes does not answer."""
    from ray.autoscaler._private.kuberay.autoscaling_config import _derive_autoscaling_config_from_ray_cr
    from ray.autoscaler._private.kuberay.node_provider import KubernetesHttpApiClient
    from requests import HTTPError

    nothing: dict[str, Any] = {"available_node_types": {}}
    try:
        resource = KubernetesHttpApiClient(namespace).get(f"rayclusters/{cluster}")
    except HTTPError as error:
        # Where it starts no autoscaler, KubeRay gives the head's account no such right.
        if error.response is not None and error.response.status_code in (401, 403):
            return nothing
        raise
    if not resource["spec"].get("enableInTreeAutoscaling"):
        return nothing
    derived: dict[str, Any] = _derive_autoscaling_config_from_ray_cr(resource)
    return derived
