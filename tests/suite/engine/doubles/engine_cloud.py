"""Ray's stand-in for a cloud, whose hosts may have memory: they get that of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ray.autoscaler._private.fake_multi_node.node_provider import FakeMultiNodeProvider


class Cloud(FakeMultiNodeProvider):  # type: ignore[misc,no-any-unimported,unused-ignore]
    """Ray's own refuses to start a host whose kind declares its memory, as those of real clouds do."""

    def create_node_with_resources_and_labels(
        self,
        node_config: Mapping[str, Any],
        tags: Mapping[str, str],
        count: int,
        resources: Mapping[str, float],
        labels: Mapping[str, str],
    ) -> Any:
        """Start ``count`` hosts."""
        started = {name: amount for name, amount in resources.items() if name != "memory"}
        given = (node_config, tags, count, started, labels)
        return super().create_node_with_resources_and_labels(*given)  # type: ignore[no-untyped-call]
