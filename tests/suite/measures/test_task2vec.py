"""Task embeddings are exact and repeatable; their random variant is the reference's in distribution."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from suite.measures import Embedding, MonteCarlo, task2vec
from suite.measures.fisher import filter_fisher
from suite.models import get
from tasks import Episode, Support


def by_definition(body: nn.Module, images: Tensor, weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
    body.eval()
    found: dict[str, Tensor] = {}
    for image in images:
        p = F.linear(body(image[None]), weight, bias).softmax(1)[0].detach()
        for c, chance in enumerate(p):
            body.zero_grad()
            F.linear(body(image[None]), weight, bias).log_softmax(1)[0, c].backward()  # type: ignore[no-untyped-call]
            for name, module in body.named_modules():
                if isinstance(getattr(module, "weight", None), nn.Parameter):
                    gradient = module.get_parameter("weight").grad
                    assert gradient is not None
                    share = chance * gradient.square().reshape(len(gradient), -1).mean(1) / len(images)
                    found[name] = found.get(name, torch.zeros_like(share)) + share
    return found


class Residual(nn.Module):
    """Strides, dilation, a bias, writing in place, a shortcut, and linear layers on top."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 6, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.second = nn.Conv2d(6, 6, 3, padding=2, dilation=2, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.linear = nn.Linear(6, 5)
        self.norm1 = nn.BatchNorm1d(5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.norm(self.first(x)))
        y = self.second(x)
        y += x
        found: Tensor = self.norm1(self.linear(self.relu(y).mean((2, 3))))
        return found


class Tokens(nn.Module):
    """A linear layer that is called on every row of the image."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(8, 20)
        self.out = nn.Linear(20, 4)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.out(torch.tanh(self.embed(x.flatten(1, 2))).mean(1))
        return found


def grouped() -> nn.Module:
    """Each channel by itself, with two filters for each; then groups of several channels and filters."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2, padding=1, groups=3),
        nn.Tanh(),
        nn.Conv2d(6, 8, 1, groups=2, bias=False),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


class RectifyingNorm(nn.BatchNorm2d):
    """Does more than it is."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(super().forward(x) + 0.5)


class PaddingFirst(nn.Conv2d):
    """Pads without saying so."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, (0, 1, 0, 1)))


def lively(body: nn.Module) -> nn.Module:
    """Running averages and scales as training leaves them: none 0 or 1."""
    for name, value in [*body.named_buffers(), *body.named_parameters()]:
        if "running_mean" in name:
            value.data.normal_()
        elif "running_var" in name or ("norm" in name and value.is_floating_point()):
            value.data.uniform_(0.5, 2)
    return body.double()


def probe(name: str) -> tuple[nn.Module, Tensor]:
    torch.manual_seed(0)
    bodies: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
        "residual": (Residual, (5, 2, 9, 8)),
        "grouped": (grouped, (5, 3, 9, 8)),
        "tokens": (Tokens, (5, 2, 3, 8)),
        "conv4": (lambda: get("conv4", 1, 17, width=5, batch_norm="running"), (5, 1, 17, 17)),
        "resnet12": (lambda: get("resnet12", 1, 12, width=4, batch_norm="running"), (3, 1, 12, 12)),
    }
    build, shape = bodies[name]
    return lively(build()), torch.randn(shape, dtype=torch.float64)


@pytest.mark.parametrize("name", ["residual", "tokens", "conv4", "resnet12", "grouped"])
@pytest.mark.parametrize("sharp", [0.1, 20.0])
def test_the_fast_path_is_the_definition(name: str, sharp: float, caplog: pytest.LogCaptureFixture) -> None:
    body, images = probe(name)
    with torch.no_grad():
        features = body.eval()(images)
    weight = sharp * torch.randn(4, features.shape[1]).double() / features.norm(dim=1).mean()
    bias = torch.randn(4).double()
    with caplog.at_level(logging.INFO):
        found = filter_fisher(body, images, weight, bias, batch=2)
    assert not caplog.records
    expected = by_definition(body, images, weight, bias)
    assert list(found) == list(expected)
    for layer, values in expected.items():
        torch.testing.assert_close(found[layer], values, rtol=1e-9, atol=1e-9 * float(values.max()))


@pytest.mark.parametrize(
    "kind", ["called twice", "layer norm", "reflected", "rectifying norm", "padding first"]
)
def test_what_the_fast_path_cannot_take_goes_example_by_example(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    torch.manual_seed(0)
    again = nn.Conv2d(4, 4, 3, padding=1)
    layer: dict[str, nn.Module] = {
        "rectifying norm": RectifyingNorm(4),
        "padding first": PaddingFirst(4, 4, 3),
        "called twice": nn.Sequential(again, nn.ReLU(), again),
        "layer norm": nn.LayerNorm([4, 6, 6]),
        "reflected": nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
    }
    body = nn.Sequential(nn.Conv2d(1, 4, 1), layer[kind], nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    body = body.double()
    images, weight = torch.randn(3, 1, 6, 6).double(), torch.randn(3, 4).double()
    with caplog.at_level(logging.INFO):
        found = filter_fisher(body, images, weight, torch.zeros(3).double())
    (line,) = caplog.messages
    assert line.startswith("Fisher example by example")
    for layer_name, values in by_definition(body, images, weight, torch.zeros(3).double()).items():
        torch.testing.assert_close(found[layer_name], values, rtol=1e-9, atol=1e-15)


@settings(deadline=None, max_examples=15)
@given(classes=st.integers(1, 6), seed=st.integers(0, 1_000))
def test_any_number_of_classes_and_examples(classes: int, seed: int) -> None:
    torch.manual_seed(seed)
    body, images = nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).double(), torch.randn(3, 1, 2, 2).double()
    weight, bias = 3 * torch.randn(classes, 3).double(), torch.randn(classes).double()
    expected = by_definition(body, images, weight, bias)
    torch.testing.assert_close(filter_fisher(body, images, weight, bias), expected, rtol=1e-9, atol=1e-15)


def episode(seed: int = 0, shift: float = 0.0) -> Episode:
    """Three classes of bright corners, 4 support and 6 query images each."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(3).repeat_interleave(10)
    images = torch.rand(30, 1, 17, 17, generator=generator) * 0.5
    for i, label in enumerate(labels):
        images[i, 0, 5 * int(label) : 5 * int(label) + 5, :6] += 0.5 + shift
    images = (images.clamp(0, 1) * 255).to(torch.uint8)
    support = torch.arange(30) % 10 < 4
    return Episode(
        Support(images[support], labels[support]),
        images[~support],
        labels[~support],
        tuple(range(30)),
        (0, 1, 2),
    )


def test_the_same_task_has_the_same_embedding_and_the_probe_stays_as_it_was() -> None:
    body, _ = probe("conv4")
    body.train()
    before = {name: value.clone() for name, value in body.state_dict().items()}
    one, two = task2vec(episode(), body), task2vec(episode(), body)
    assert torch.equal(one.values, two.values)
    assert one.distance(two) < 1e-12
    assert body.training
    assert all(torch.equal(value, before[name]) for name, value in body.state_dict().items())
    assert all(parameter.requires_grad for parameter in body.parameters())
    assert len(one.values) == sum(filters for _, filters in one.layers) == 40


def test_naming_the_classes_in_another_order_is_the_same_task() -> None:
    body, _ = probe("conv4")
    whole = episode()
    order = torch.tensor([2, 0, 1])
    assert whole.support.labels is not None
    renamed = Episode(
        Support(whole.support.images, order[whole.support.labels]),
        whole.query_images,
        order[whole.query_labels],
        whole.indices,
        whole.classes,
    )
    assert task2vec(renamed, body).distance(task2vec(whole, body)) < 1e-6


def test_other_tasks_are_farther_than_the_same_task_drawn_again() -> None:
    body, _ = probe("conv4")
    one, again = task2vec(episode(0), body), task2vec(episode(1), body)
    turned = episode(2)
    other = task2vec(
        Episode(
            Support(turned.support.images.rot90(1, (2, 3)), turned.support.labels),
            turned.query_images.rot90(1, (2, 3)),
            turned.query_labels,
            turned.indices,
            turned.classes,
        ),
        body,
    )
    assert one.distance(other) > one.distance(again)
    assert one.distance(other) == other.distance(one)


def test_distances_are_within_their_range_and_blind_to_scale() -> None:
    values = torch.rand(50, generator=torch.Generator().manual_seed(0)).double()
    one = Embedding(values, (("layer", 50),), "exact")
    assert one.distance(Embedding(1e-9 * values, one.layers, "exact")) == pytest.approx(0, abs=1e-12)
    split = [Embedding(values * (torch.arange(50) % 2 == i), one.layers, "exact") for i in (0, 1)]
    assert split[0].distance(split[1]) == pytest.approx(1)
    with pytest.raises(ValueError, match="under one probe and estimator"):
        one.distance(Embedding(values, one.layers, "monte carlo"))


def reference_estimate(
    body: nn.Module, head: nn.Linear, images: Tensor, batch: int, batches: int, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Squares of batch-mean gradients at labels drawn from the model, as the reference accumulates them."""
    weight = body.get_submodule("1").get_parameter("weight")
    total = np.zeros(len(weight))
    for _ in range(batches):
        logits = head(body(images[rng.integers(0, len(images), batch)]))
        drawn = torch.from_numpy((logits.detach().numpy() + rng.gumbel(size=logits.shape)).argmax(1))
        (gradient,) = torch.autograd.grad(F.cross_entropy(logits, drawn), weight)
        total += gradient.square().mean(1).numpy()
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = total / batches
    return found


def test_the_random_variant_is_the_references_in_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    body = nn.Sequential(nn.Flatten(), nn.Linear(16, 6), nn.Tanh()).double()
    images, labels = torch.randn(12, 1, 4, 4).double(), torch.arange(12) % 3
    head = nn.Linear(6, 3).double()
    monkeypatch.setattr("suite.measures.montecarlo._fitted_head", lambda *_: head)
    runs = 40
    ours = np.stack(
        [
            task2vec(
                Support(images, labels), body, mc=True, options=MonteCarlo(draws=80, batch=8, seed=seed)
            ).values.numpy()
            for seed in range(runs)
        ]
    )
    rng = np.random.default_rng(0)
    theirs = np.stack([reference_estimate(body, head, images, 8, 10, rng) for _ in range(runs)])
    error = np.sqrt((ours.var(0) + theirs.var(0)) / runs)
    assert (np.abs(ours.mean(0) - theirs.mean(0)) < 4.5 * error).all()
    assert (np.abs(np.log(ours.std(0) / theirs.std(0))) < 0.6).all()
    # It is not the Fisher information: that squares single gradients.
    exact = filter_fisher(body, images, head.weight.detach(), head.bias.detach())["1"].numpy()
    assert (ours.mean(0) < exact / 2).all()


def test_the_random_variant_follows_its_seed_and_leaves_the_probe() -> None:
    body, _ = probe("conv4")
    before = {name: value.clone() for name, value in body.state_dict().items()}
    few = MonteCarlo(draws=64, batch=16, epochs=1)
    one, two = (task2vec(episode(), body, options=few) for _ in range(2))
    assert one.estimator == "monte carlo"
    assert torch.equal(one.values, two.values)
    assert all(torch.equal(value, before[name]) for name, value in body.state_dict().items())
    with pytest.raises(ValueError, match="8 draws do not fill one batch of 16"):
        task2vec(episode(), body, options=MonteCarlo(draws=8, batch=16))


def test_what_has_no_embedding_is_refused() -> None:
    body, _ = probe("conv4")
    with pytest.raises(ValueError, match="needs labels"):
        task2vec(Support(torch.rand(4, 1, 17, 17), None), body)
    with pytest.raises(ValueError, match="normalises by the batch at hand"):
        task2vec(episode(), get("conv4", 1, 17, width=4, batch_norm="episode"))
    with pytest.raises(ValueError, match=r"features \[n, d\], not of shape \[30, 3, 17, 17\]"):
        task2vec(episode(), nn.Conv2d(1, 3, 1))
