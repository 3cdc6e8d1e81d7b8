"""Task2Vec: the exact Fisher information of each filter, against the loop that writes its definition down."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.case import Case, Work
from bench.measure import version
from suite.measures import MonteCarlo, task2vec
from suite.measures.fisher import filter_fisher, layers
from suite.models import get
from tasks import Support

_WAY = 5
_LOOP = "example by example, class by class (autograd)"


def cases(quick: bool) -> list[Case]:
    """ResNet-18 and Conv4, and a whole embedding against the reference's draws."""
    n, side = (4, 32) if quick else (40, 84)

    def fisher(name: str, probe: Callable[[], nn.Module], target: float | None, **options: Any) -> Case:
        count = options.pop("n", n)
        return Case(
            f"exact Fisher, {name}, {count} examples",
            partial(_fisher, probe, count, **options),
            _LOOP,
            target=target,
        )

    small = partial(_conv4, 8 if quick else 64)
    return [
        fisher(f"ResNet-18 at {side}×{side}", _resnet18, 6, side=side),
        fisher("Conv4 at 28×28", small, None, side=28, channels=1),
        fisher("Conv4 at 28×28 in float64", small, None, side=28, channels=1, dtype=torch.float64),
        Case(
            f"embedding, ResNet-18 at {side}×{side}, a tenth of the reference's draws",
            partial(_embedding, n, side, MonteCarlo(64, epochs=1) if quick else MonteCarlo(1_000)),
            f"Monte Carlo as in aws-cv-task2vec, on {version('torch')}",
            target=2,
        ),
    ]


def _resnet18() -> nn.Module:
    from torchvision.models import resnet18  # type: ignore[import-untyped]

    probe: nn.Module = resnet18()
    probe.fc = nn.Identity()
    return probe


def _conv4(width: int) -> nn.Module:
    return get("conv4", 1, 28, width=width, batch_norm="running")


def _fisher(
    build: Callable[[], nn.Module], n: int, side: int, channels: int = 3, dtype: torch.dtype = torch.float32
) -> Work:
    torch.manual_seed(0)
    probe = build().eval().to(dtype)
    images = torch.randn(n, channels, side, side, dtype=dtype)
    with torch.no_grad():
        dimension = probe(images[:1]).shape[1]
    weight, bias = torch.randn(_WAY, dimension, dtype=dtype) / dimension**0.5, torch.zeros(_WAY, dtype=dtype)

    def ours() -> Tensor:
        return torch.cat(list(filter_fisher(probe, images, weight, bias).values()))

    return Work(ours, lambda: _by_definition(probe, images, weight, bias), agreement=_agreement)


def _by_definition(probe: nn.Module, images: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Σ_y p(y|x) (∂ log p(y|x))², averaged over examples and within each filter."""
    weights = [module.get_parameter("weight") for module in layers(probe).values()]
    summed = [torch.zeros(len(w), dtype=torch.float64) for w in weights]
    for image in images:
        log_p = F.linear(probe(image[None]), weight, bias).log_softmax(1)[0]
        for c, p in enumerate(log_p.detach().exp().tolist()):
            gradients = torch.autograd.grad(log_p[c], weights, retain_graph=c + 1 < _WAY)
            for total, gradient in zip(summed, gradients, strict=True):
                total += p * gradient.double().square().reshape(len(gradient), -1).mean(1)
    return torch.cat(summed) / len(images)


def _embedding(n: int, side: int, options: MonteCarlo) -> Work:
    torch.manual_seed(0)
    probe = _resnet18().eval()
    task = Support(torch.randn(n, 3, side, side), torch.arange(n) % _WAY)

    def cosine(ours: Any, peer: Any) -> str:
        return f"another estimator: cosine {float(F.cosine_similarity(ours.values, peer.values, 0)):.2f}"

    return Work(
        lambda: task2vec(task, probe),
        lambda: task2vec(task, probe, mc=True, options=options),
        agreement=cosine,
    )


def _agreement(ours: Any, peer: Any) -> str:
    apart = float((ours - peer).abs().max() / peer.abs().max())
    assert apart < 1e-3, f"the two differ by {apart:.1e} of the largest value"
    return f"within {apart:.1e} of the largest"
