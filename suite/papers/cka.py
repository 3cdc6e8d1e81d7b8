"""Kornblith, Norouzi, Lee and Hinton (2019): which measure of similarity finds the layer that corresponds?

Their sanity test, small: a plain network of eight convolutions on the handwritten digits instead of ten on
CIFAR-10, three networks a seed, features of 200 held-out digits, so that early layers have more features than
there are examples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import tasks
from leaderboard.findings import Check, Reported
from suite.measures import cca, layer_identification, linear_cka, similarity_family, unbiased_cka
from suite.methods.seeding import seed_everything
from suite.models import as_float
from suite.papers.registry import Figures, at_least, at_most, paper, within

WIDTHS = (16, 16, 16, 32, 32, 32, 64, 64)
POOLED = (2, 5)
NETS, TRAINED_ON, COMPARED_ON = 3, 1_000, 200
EPOCHS, BATCH, RATE = 12, 64, 2e-3
CLASSES = 10
IDENTIFIED = "layers identified, %"
CORRELATIONS = ("cca", "svcca", "pwcca")


class Plain(nn.Module):
    """3 x 3 convolutions with ReLU, pooled twice, averaged over space, and a linear head."""

    def __init__(self) -> None:
        super().__init__()
        channels = (1, *WIDTHS)
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1) for a, b in zip(channels, WIDTHS, strict=False)
        )
        for layer in self.layers:
            assert isinstance(layer, nn.Conv2d) and layer.bias is not None
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        self.head = nn.Linear(WIDTHS[-1], CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        *_, last = self.hidden(images)
        logits: Tensor = self.head(last.mean((2, 3)))
        return logits

    def hidden(self, images: Tensor) -> Iterator[Tensor]:
        """Each layer's maps [n, c, h, w], pooled where it is."""
        x = images
        for i, layer in enumerate(self.layers):
            x = F.relu(layer(x))
            x = F.max_pool2d(x, 2) if i in POOLED else x
            yield x


def identification(seed: int) -> Figures:
    """Layers identified between networks trained from different seeds."""
    images, labels = _digits(seed)
    training = images[:TRAINED_ON], labels[:TRAINED_ON]
    held_out = images[TRAINED_ON:], labels[TRAINED_ON:]
    found, nets = Figures(), []
    for number in range(NETS):
        seed_everything(seed * NETS + number)
        net = _train(Plain(), *training)
        with torch.no_grad():
            right = (net(held_out[0]).argmax(1) == held_out[1]).double().mean()
            nets.append([maps.flatten(1) for maps in net.hidden(held_out[0][:COMPARED_ON])])
        found["accuracy, %", f"network {number + 1}"] = 100 * float(right)
    found["accuracy, %", "chance"] = 100 / CLASSES
    for index in similarity_family().values():
        found[IDENTIFIED, index.title] = 100 * layer_identification(nets, index)
    found[IDENTIFIED, "chance"] = 100 / len(WIDTHS)
    return found


def unrelated(seed: int) -> Figures:
    """What is said of independent random features, 50 examples of 200."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((50, 200)), rng.standard_normal((50, 200))
    found = Figures()
    for name, of in (("CCA", cca), ("linear CKA", linear_cka), ("unbiased CKA", unbiased_cka)):
        found["similarity", name] = of(x, y)
    return found


@paper(
    "cka",
    title="Similarity of Neural Network Representations Revisited",
    authors=("Simon Kornblith", "Mohammad Norouzi", "Honglak Lee", "Geoffrey Hinton"),
    year=2019,
    venue="ICML",
    url="https://arxiv.org/abs/1905.00414",
    claim="Centred kernel alignment finds the corresponding layer of a network trained from another seed; "
    "measures made of canonical correlations do not.",
    version="1",
    parts=(identification, unrelated),
    reported=tuple(
        Reported(
            what=f"layers identified by {what}, ten networks of ten layers on CIFAR-10, %",
            value=value,
            source="table 2",
        )
        for what, value in (
            ("CCA", "1.4"),
            ("CCA (R²)", "10.6"),
            ("SVCCA", "9.9"),
            ("SVCCA (R²)", "15.1"),
            ("PWCCA", "11.1"),
            ("linear regression", "45.4"),
            ("linear HSIC", "22.2"),
            ("linear CKA", "99.3"),
            ("RBF CKA (0.2)", "80.6"),
            ("RBF CKA (0.4)", "99.1"),
            ("RBF CKA (0.8)", "99.3"),
        )
    ),
)
def judge(found: Mapping[str, Figures]) -> Iterable[Check]:
    """CKA far above measures of canonical correlations, on networks that learned their task."""
    family = similarity_family()
    shares = {name: found["identification"][IDENTIFIED, index.title].value for name, index in family.items()}
    yield at_least("linear CKA identifies layers", shares["linear_cka"], 40, unit="%")
    for name in CORRELATIONS:
        yield at_most(f"{family[name].title} hardly does", shares[name], 25, unit="%")
    lead = shares["linear_cka"] - max(shares[name] for name in CORRELATIONS)
    yield at_least("linear CKA is ahead of the best of these", lead, 20, unit="points")
    learned = [
        figure.value
        for figure in found["identification"]
        if figure.row == "accuracy, %" and figure.column != "chance"
    ]
    yield at_least("every network has learned the digits", min(learned), 90, unit="%", role="context")
    random = {figure.column: figure.value for figure in found["unrelated"]}
    yield at_least("CCA calls independent features the same", random["CCA"], 0.99, role="context")
    yield at_least("linear CKA calls them alike: it is biased", random["linear CKA"], 0.7, role="context")
    yield within(
        "the unbiased estimate sees that they are not", random["unbiased CKA"], -0.1, 0.1, role="context"
    )


def _digits(seed: int) -> tuple[Tensor, Tensor]:
    """All digits, 8 x 8, of all ten classes, in an order drawn by ``seed``: images [n, 1, 8, 8], labels."""
    benchmark = tasks.load("digits", size=8)
    names = sorted(name for split in tasks.SPLITS for name in benchmark.classes(split))
    images, labels = [], []
    for split in tasks.SPLITS:
        places = np.array([names.index(name) for name in benchmark.classes(split)])
        images.append(benchmark.images(split))
        labels.append(places[benchmark.labels(split)])
    order = np.random.default_rng(seed).permutation(sum(map(len, labels)))
    pixels = torch.from_numpy(np.concatenate(images)[order])
    return as_float(pixels), torch.from_numpy(np.concatenate(labels)[order])


def _train(net: Plain, images: Tensor, labels: Tensor) -> Plain:
    """Adam over shuffled batches, of torch's generator."""
    optimiser = torch.optim.Adam(net.parameters(), RATE)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(images)).split(BATCH):  # type: ignore[no-untyped-call]
            optimiser.zero_grad()
            F.cross_entropy(net(images[rows]), labels[rows]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    return net.eval()
