"""Every hidden activation can be had by name."""

from __future__ import annotations

import torch

from suite.models import Network, activations, as_float, get


def test_activations_are_named_in_the_order_of_computation() -> None:
    backbone = get("conv4", channels=1, size=28, width=4)
    found = activations(backbone, as_float(torch.rand(2, 1, 28, 28)))
    assert list(found) == [f"block{i}{part}" for i in (1, 2, 3, 4) for part in (".convolution", "")]
    assert [tuple(found[f"block{i}"].shape[1:]) for i in (1, 2, 3, 4)] == [
        (4, 14, 14),
        (4, 7, 7),
        (4, 3, 3),
        (4, 1, 1),
    ]


def test_activations_are_those_of_the_forward_pass() -> None:
    network = Network(get("resnet12", channels=3, size=16, width=4), 5).eval()
    images = as_float(torch.rand(2, 3, 16, 16))
    found = activations(network, images)
    assert torch.equal(found["head"], network(images))
    assert torch.equal(found["backbone"], network.backbone(images))
    assert {f"backbone.block{i}" for i in (1, 2, 3, 4)} <= set(found)


def test_looking_leaves_the_network_as_it_was() -> None:
    network = Network(get("conv4", channels=1, size=16, width=4), 5)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    activations(network.train(), as_float(torch.rand(2, 1, 16, 16)))
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())
