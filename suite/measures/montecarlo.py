"""The estimator of Task2Vec's reference implementation, step by step.

It differs from the Fisher information in what it squares: the gradient of a batch's mean loss, about 1/64 of
the examples' squares plus the square of their mean; and it runs the probe with the batch's own statistics.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from suite.measures.fisher import features_of, layers


@dataclass(frozen=True)
class MonteCarlo:
    """Its settings, by default those of the reference.

    ``draws`` examples a pass, each class as likely as any other, with replacement, in batches of ``batch``
    (an incomplete one is left out); ``epochs`` passes of Adam for the head, one pass for the Fisher. The head
    starts from the same random weights for every task, those of ``seed``.
    """

    draws: int = 10_000
    batch: int = 64
    epochs: int = 10
    rate: float = 4e-4
    weight_decay: float = 1e-4
    seed: int = 0


def montecarlo_fisher(
    probe: nn.Module, images: Tensor, labels: Tensor, options: MonteCarlo
) -> dict[str, Tensor]:
    """By layer of ``probe``, the mean of squared gradients of each filter: float64 [filters].

    Images [n, c, h, w] as the probe reads them, labels int64 [n]. The probe's state is left as it was. Raises
    ValueError where ``draws`` do not fill a batch.
    """
    if options.draws < options.batch:
        raise ValueError(f"{options.draws} draws do not fill one batch of {options.batch}")
    state = {name: value.clone() for name, value in probe.state_dict().items()}
    training = {module: module.training for module in probe.modules()}
    wanted = [p.requires_grad for p in probe.parameters()]
    generator = torch.Generator().manual_seed(options.seed)
    try:
        head = _fitted_head(probe, images, labels, options, generator)
        return _squared_gradients(
            probe.train().requires_grad_(True), head, images, labels, options, generator
        )
    finally:
        probe.load_state_dict(state)
        for module, mode in training.items():
            module.training = mode
        for parameter, gradient in zip(probe.parameters(), wanted, strict=True):
            parameter.requires_grad_(gradient)


def _fitted_head(
    probe: nn.Module, images: Tensor, labels: Tensor, options: MonteCarlo, generator: torch.Generator
) -> nn.Linear:
    features = features_of(probe, images)
    head = nn.Linear(features.shape[1], int(labels.max()) + 1).to(features)
    bound = features.shape[1] ** -0.5  # as torch draws a linear layer
    for parameter in head.parameters():
        drawn = torch.rand(parameter.shape, generator=generator, dtype=torch.float64)
        parameter.data.copy_(bound * (2 * drawn - 1))
    adam = torch.optim.Adam(head.parameters(), lr=options.rate, weight_decay=options.weight_decay)
    for _ in range(options.epochs):
        for chosen in _batches(labels, options, generator):
            adam.zero_grad()
            F.cross_entropy(head(features[chosen]), labels[chosen]).backward()  # type: ignore[no-untyped-call]
            adam.step()
    return head


def _squared_gradients(
    probe: nn.Module,
    head: nn.Linear,
    images: Tensor,
    labels: Tensor,
    options: MonteCarlo,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    weights = {name: module.get_parameter("weight") for name, module in layers(probe).items()}
    summed = {name: torch.zeros_like(weight, dtype=torch.float64) for name, weight in weights.items()}
    count = 0
    for chosen in _batches(labels, options, generator):
        logits = head(probe(images[chosen]))
        # Labels are drawn from the model, never those of the data.
        drawn = torch.multinomial(logits.detach().softmax(1).cpu(), 1, generator=generator)[:, 0]
        loss = F.cross_entropy(logits, drawn.to(logits.device))
        gradients = torch.autograd.grad(loss, list(weights.values()), allow_unused=True)
        for name, gradient in zip(weights, gradients, strict=True):
            if gradient is not None:
                summed[name] += gradient.double().square()
        count += 1
    return {name: values.reshape(len(values), -1).mean(1) / count for name, values in summed.items()}


def _batches(labels: Tensor, options: MonteCarlo, generator: torch.Generator) -> Iterator[Tensor]:
    counts = torch.bincount(labels)
    chances = (1 / counts[labels].double()).cpu()
    drawn = torch.multinomial(chances, options.draws, replacement=True, generator=generator)
    whole = options.draws // options.batch * options.batch
    for i in range(0, whole, options.batch):
        yield drawn[i : i + options.batch].to(labels.device)
