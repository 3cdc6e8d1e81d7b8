"""The architectures are the field's, for any size of picture."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from suite.models import Backbone, BatchNormMode, Network, UnknownModel, as_float, get, names

SIZES = [1, 2, 5, 8, 15, 16, 28, (20, 33), (3, 40), 84]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", names())
def test_features_of_any_picture_size_have_the_promised_dimension(
    name: str, size: int | tuple[int, int]
) -> None:
    height, breadth = (size, size) if isinstance(size, int) else size
    backbone = get(name, channels=3, size=size, width=4)
    features = backbone(as_float(torch.rand(2, 3, height, breadth)))
    assert features.shape == (2, backbone.feature_dimension)
    assert torch.isfinite(features).all()


@pytest.mark.parametrize("mode", ["episode", "running"])
@pytest.mark.parametrize("name", names())
def test_a_single_picture_of_one_pixel_maps_can_be_predicted(name: str, mode: str) -> None:
    backbone = get(name, channels=1, size=8, width=4, batch_norm=mode).eval()
    assert torch.isfinite(backbone(as_float(torch.rand(1, 1, 8, 8)))).all()


def plain_conv4(backbone: Backbone, pools: int) -> nn.Sequential:
    """The textbook blocks, with the weights of ``backbone``."""
    blocks: list[nn.Module] = []
    for i, block in enumerate(backbone.children()):
        weight = block.convolution.weight
        convolution = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1, bias=False)
        convolution.weight = weight
        norm = nn.BatchNorm2d(weight.shape[0])
        norm.weight, norm.bias = block.norm.weight, block.norm.bias
        blocks += [convolution, norm, nn.ReLU(), *([nn.MaxPool2d(2)] if i < pools else [])]
    return nn.Sequential(*blocks, nn.Flatten()).double()


def textbook_pair() -> tuple[Backbone, nn.Sequential, Tensor]:
    torch.manual_seed(0)
    backbone = get("conv4", channels=2, size=28, width=6).double()
    with torch.no_grad():  # scales of both signs: with a falling one the maximum is taken of -x
        for name, parameter in backbone.named_parameters():
            if "norm" in name:
                parameter.normal_()
    return backbone, plain_conv4(backbone, pools=4), as_float(torch.rand(5, 2, 28, 28), torch.float64)


def test_conv4_is_the_textbook_network() -> None:
    backbone, plain, images = textbook_pair()
    torch.testing.assert_close(backbone(images), plain(images), rtol=1e-10, atol=1e-12)


def test_conv4_has_the_textbook_first_and_second_derivatives() -> None:
    backbone, plain, images = textbook_pair()
    parameters = list(backbone.parameters())
    direction = [torch.randn_like(p) for p in parameters]

    def derivatives(network: nn.Module) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        loss = network(images).square().sum()
        first = torch.autograd.grad(loss, parameters, create_graph=True)
        along = sum(((g * d).sum() for g, d in zip(first, direction, strict=True)), torch.zeros(()))
        return first, torch.autograd.grad(along, parameters)

    for ours, theirs in zip(derivatives(backbone), derivatives(plain), strict=True):
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-8 * float(b.detach().abs().max()))


def test_running_averages_are_those_of_torch() -> None:
    backbone, plain, images = textbook_pair()
    for part in images.split(2)[:2]:
        backbone(part)
        plain(part)
    backbone.eval()
    plain.eval()
    torch.testing.assert_close(backbone(images), plain(images), rtol=1e-10, atol=1e-12)


def test_episode_statistics_do_not_depend_on_the_mode() -> None:
    backbone = get("resnet12", channels=1, size=12, width=4, batch_norm="episode")
    images = as_float(torch.rand(4, 1, 12, 12))
    assert torch.equal(backbone.train()(images), backbone.eval()(images))
    assert not list(backbone.buffers())


def test_resnet12_has_the_published_size() -> None:
    backbone = get("resnet12", channels=3, size=84, width=64)
    assert backbone.feature_dimension == 640
    # 12.4 million parameters (Tian et al. 2020), the classifier left out.
    assert sum(p.numel() for p in backbone.parameters()) == pytest.approx(12.42e6, rel=1e-3)


def test_a_head_is_apart_from_its_backbone() -> None:
    backbone = get("conv4", channels=1, size=28, width=8)
    network = Network(backbone, classes=5)
    images = as_float(torch.rand(3, 1, 28, 28))
    network.eval()
    torch.testing.assert_close(network(images), network.head(backbone(images)))
    assert network(images).shape == (3, 5)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownModel, match="no backbone is called 'conv_4'; nearest: conv4"):
        get("conv_4", channels=1, size=28)


def test_an_unknown_argument_is_answered_with_the_nearest() -> None:
    with pytest.raises(TypeError, match="conv4 has no argument 'widht'; nearest: width"):
        get("conv4", channels=1, size=28, widht=3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 0}, "width must be at least 1, not 0"),
        ({"batch_norm": "frozen"}, "batch_norm must be one of episode, running, not 'frozen'"),
        ({"size": (28, 0)}, "not 0"),
        ({"channels": 0}, "at least 1 of channels, not 0"),
    ],
)
def test_values_out_of_range_are_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        get("conv4", **{"channels": 1, "size": 28, **arguments})  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["episode", "running"])
def test_mlp_is_the_textbook_network_whatever_the_batch(mode: BatchNormMode) -> None:
    backbone = get("mlp", channels=2, size=(5, 3), width=7, batch_norm=mode).double()
    layers = [nn.Linear(30, 7), nn.Linear(7, 7), nn.Linear(7, 7)]
    for layer, ours in zip(layers, backbone.children(), strict=True):
        layer.load_state_dict(ours.state_dict())
    plain = nn.Sequential(nn.Flatten(), *(part for layer in layers for part in (layer, nn.ReLU()))).double()
    images = as_float(torch.rand(6, 2, 5, 3), torch.float64)
    torch.testing.assert_close(backbone(images), plain(images), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(backbone(images[:1]), plain(images)[:1], rtol=1e-12, atol=1e-12)


def test_mlp_starts_with_variances_of_he_and_no_biases() -> None:
    torch.manual_seed(0)
    first = next(iter(get("mlp", channels=1, size=8, width=400).children()))
    assert float(first.weight.detach().var()) == pytest.approx(2 / 64, rel=0.05)
    assert not first.bias.any()


def test_mlp_knows_its_batch_norm_modes() -> None:
    with pytest.raises(ValueError, match="batch_norm must be one of episode, running, not 'layer'"):
        get("mlp", channels=1, size=8, batch_norm="layer")
