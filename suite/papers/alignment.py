"""Imani, Hu and White (2022): does training align the leading directions of features with the labels?

On 1,000 handwritten digits, odd or even: dense networks of 128 units a layer, hidden layers without bias, as
in the authors' demo, trained for 100 epochs on the logistic loss, and measured on the digits that they were
trained on. A₅ is the share of the labels' energy along the first five left singular vectors of a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from leaderboard.findings import Check
from suite.measures import alignment_spectrum
from suite.methods.seeding import seed_everything
from suite.models import as_float
from suite.papers.registry import Figures, at_least, at_most, paper
from tasks import transfers

WIDTH, EPOCHS, BATCH = 128, 100, 64
LEADING = 5
TENTH = 0.1
STEPS = 100

ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "ReLU": F.relu,
    "tanh": torch.tanh,
    "linear": lambda x: x,
}
OPTIMISERS: Mapping[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "Adam": lambda network: torch.optim.Adam(network.parameters(), 1e-3),
    "RMSprop": lambda network: torch.optim.RMSprop(network.parameters(), 1e-3),
    "SGD": lambda network: torch.optim.SGD(network.parameters(), 0.1),
}


@dataclass(frozen=True)
class Kind:
    """An architecture and how it is trained."""

    activation: str = "ReLU"
    layers: int = 3
    optimiser: str = "Adam"

    def __str__(self) -> str:
        return f"{self.activation}, {self.layers} layer{'s' * (self.layers > 1)}, {self.optimiser}"


PLAIN, SHALLOW, DEEP = Kind(), Kind(layers=1), Kind(layers=5)
KINDS = (
    PLAIN,
    Kind(optimiser="RMSprop"),
    Kind(optimiser="SGD"),
    Kind("tanh"),
    Kind("linear"),
    SHALLOW,
    DEEP,
)
RANDOM = "random labels"
TARGETS: Mapping[str, Mapping[str, object]] = {
    "same": {"labels": "same"},
    "10 % flipped": {"labels": "flipped", "flipped": 0.1},
    "30 % flipped": {"labels": "flipped", "flipped": 0.3},
    "at least 5": {"labels": "split"},
    "random": {"labels": "random"},
}
PIXELS, UNTRAINED, TRAINED = "pixels", "untrained features", "trained features"


class Dense(nn.Module):
    """Layers of 128 units without bias, and one affine output: x [n, d] -> [n]."""

    def __init__(self, kind: Kind, inputs: int) -> None:
        super().__init__()
        widths = (inputs, *[WIDTH] * kind.layers)
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in pairwise(widths))
        self.head = nn.Linear(WIDTH, 1)
        self.activation = ACTIVATIONS[kind.activation]

    def forward(self, x: Tensor) -> Tensor:
        *_, features = self.hidden(x)
        logits: Tensor = self.head(features)
        return logits[:, 0]

    def hidden(self, x: Tensor) -> Iterator[Tensor]:
        """The input, and what each layer makes of it, [n, units]."""
        yield x
        for layer in self.layers:
            x = self.activation(layer(x))
            yield x


def layers(seed: int) -> Figures:
    """Share of the labels' energy along the first five directions of each layer (A₅), before and after."""
    found = Figures()
    for kind in KINDS:
        _profile(found, str(kind), kind, *digits("same", seed), seed)
    _profile(found, RANDOM, PLAIN, *digits("random", seed), seed)
    return found


def thresholds(seed: int) -> Figures:
    """An untrained network: energy along five directions, and along those of at least σ₁ / 10."""
    x, y = digits("same", seed)
    network = _made(PLAIN, x, seed)
    found = Figures()
    with torch.no_grad():
        for layer, features in zip(_names(PLAIN.layers), network.hidden(x), strict=True):
            spectrum = alignment_spectrum(features, y)
            found["first five", layer] = spectrum.first(LEADING)
            found["at least σ₁ / 10", layer] = spectrum.above(TENTH)
    return found


def transfer(seed: int) -> Figures:
    """A linear model of other labels: its mean squared error after 100 steps, and A₅ of these labels."""
    x, y = digits("same", seed)
    network = _made(PLAIN, x, seed)
    features = {PIXELS: x, UNTRAINED: last_layer(network, x)}
    fit(network, PLAIN, x, y)
    features[TRAINED] = last_layer(network, x)
    found = Figures()
    for target in TARGETS:
        _, wanted = digits(target, seed)
        for name, phi in features.items():
            found[target, f"error, {name}"] = error_of_descent(phi, wanted, STEPS)
        for name, phi in features.items():
            found[target, f"A₅, {name}"] = alignment_spectrum(phi, wanted).first(LEADING)
    return found


@paper(
    "alignment",
    title="Representation Alignment in Neural Networks",
    authors=("Ehsan Imani", "Wei Hu", "Martha White"),
    year=2022,
    venue="TMLR",
    url="https://arxiv.org/abs/2112.07806",
    claim="Training aligns the leading singular directions of hidden features with the labels, whatever the "
    "architecture and the optimiser, the more the deeper the network and the nearer the output. Features so "
    "aligned are fitted faster by labels like those learned, and more slowly by others.",
    version="1",
    parts=(layers, thresholds, transfer),
)
def judge(found: Mapping[str, Figures]) -> Iterable[Check]:
    """Alignment emerges, rises towards the output and with depth, and decides what transfer gains."""
    table = found["layers"]
    for kind in KINDS:
        gain = _last(table, kind) - _last(table, kind, "untrained")
        yield at_least(f"{kind}: training raises A₅ of the last layer", gain, 0.3)
    profile = [table[f"{PLAIN}: trained", layer].value for layer in _names(PLAIN.layers)]
    for (below, above), layer in zip(pairwise(profile), _names(PLAIN.layers)[1:], strict=True):
        yield at_least(f"{PLAIN}: {layer} is aligned no less than what it reads", above - below, -0.02)
    yield at_least(
        "five layers align the last more than one does", _last(table, DEEP) - _last(table, SHALLOW), 0.03
    )
    learned = table[f"{RANDOM}: trained", f"layer {PLAIN.layers}"].value
    yield at_least("random labels: A₅ of the last layer once they are learned", learned, 0.8)
    yield at_most("random labels: A₅ of the pixels", table[f"{RANDOM}: trained", "input"].value, 0.05)
    yield from _transfer(found["transfer"])
    yield at_most(
        "untrained: A of σ₁ / 10 sees nothing in the last layer, where the constant outweighs the features",
        found["thresholds"]["at least σ₁ / 10", f"layer {PLAIN.layers}"].value,
        0.05,
        role="context",
    )


def _transfer(table: Figures) -> Iterator[Check]:
    """Positive transfer, negative transfer, and whether A₅ of the target's labels tells which."""
    similar, other = (
        table[target, f"error, {TRAINED}"].value / table[target, f"error, {PIXELS}"].value
        for target in ("10 % flipped", "at least 5")
    )
    yield at_least("10 % flipped: by this share is the error on trained features smaller", 1 - similar, 0.25)
    yield at_least("at least 5: this many times is the error on trained features", other, 2, unit="times")
    rises, falls = (
        table[target, f"A₅, {TRAINED}"].value - table[target, f"A₅, {PIXELS}"].value
        for target in ("10 % flipped", "at least 5")
    )
    yield at_least("10 % flipped: A₅ of the labels is larger on trained features", rises, 0, role="context")
    yield at_most("at least 5: A₅ of the labels is smaller on trained features", falls, 0, role="context")


def digits(target: str, seed: int) -> tuple[Tensor, Tensor]:
    """Pixels 0..1 less their means [1000, 64], and the labels of one of ``TARGETS``, -1 or 1 [1000]."""
    task = transfers.load("alignment", seed=seed, **TARGETS[target])
    images, labels = task.tensors("downstream", "train")
    pixels = as_float(images).flatten(1) / 2
    return pixels - pixels.mean(0), 2.0 * labels - 1


def fit(network: Dense, kind: Kind, x: Tensor, y: Tensor) -> None:
    """Minimise the logistic loss over shuffled batches, of torch's generator."""
    optimiser = OPTIMISERS[kind.optimiser](network)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):  # type: ignore[no-untyped-call]
            optimiser.zero_grad()
            loss = F.softplus(-y[rows] * network(x[rows])).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()


@torch.no_grad()
def last_layer(network: Dense, x: Tensor) -> Tensor:
    """Features [n, 128]."""
    *_, features = network.hidden(x)
    return features


def error_of_descent(features: Tensor, y: Tensor, steps: int) -> float:
    """Mean squared error of y [n] after ``steps`` of gradient descent on least squares, from 0.

    Features [n, d] as alignment has them: a constant beside them and rows of unit length. The rate is
    1 / σ₁², so that the first direction is fitted at once. After t steps the summed error is
    Σ (1 - σᵢ² / σ₁²)^2t (uᵢᵀy)², and what no direction carries.
    """
    phi, wanted = F.normalize(F.pad(features.double(), (0, 1), value=1.0), dim=1), y.double()
    rate = 1 / float(torch.linalg.matrix_norm(phi, 2)) ** 2
    weights = phi.new_zeros(phi.shape[1])
    for _ in range(steps):
        weights -= rate * (phi.T @ (phi @ weights - wanted))
    return float((phi @ weights - wanted).square().mean())


def _made(kind: Kind, x: Tensor, seed: int) -> Dense:
    """All networks of a seed start alike, whatever was trained before."""
    seed_everything(seed)
    return Dense(kind, x.shape[1])


def _profile(found: Figures, name: str, kind: Kind, x: Tensor, y: Tensor, seed: int) -> None:
    network = _made(kind, x, seed)
    _measure(found, f"{name}: untrained", network, x, y)
    fit(network, kind, x, y)
    _measure(found, f"{name}: trained", network, x, y)


@torch.no_grad()
def _measure(found: Figures, row: str, network: Dense, x: Tensor, y: Tensor) -> None:
    for layer, features in zip(_names(len(network.layers)), network.hidden(x), strict=True):
        found[row, layer] = alignment_spectrum(features, y).first(LEADING)
    found[row, "training accuracy, %"] = 100 * float((network(x) * y > 0).double().mean())


def _names(hidden: int) -> list[str]:
    return ["input", *(f"layer {number + 1}" for number in range(hidden))]


def _last(table: Figures, kind: Kind, when: str = "trained") -> float:
    return table[f"{kind}: {when}", f"layer {kind.layers}"].value
