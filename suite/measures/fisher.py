"""The exact diagonal of the Fisher information of a network's weights, one number a filter.

F = E_x Σ_y p(y|x) (∂ log p(y|x))², without sampling. Of one example with logits z, Σ_y p_y (∂ log p_y)² is
the sum of (∂z · s)² over the columns s of any S with S Sᵀ = diag(p) - ppᵀ: classes - 1 backward passes. A
filter's share needs each example's gradient squared and summed, never kept: with g the gradient at the
layer's output [o, positions] and u the patches of its input [d, positions], it is |g uᵀ|² row by row, or,
where positions are few, g (uᵀu) gᵀ.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from suite.models.layers import BatchNorm, Convolution, Linear

_LOG = logging.getLogger(__name__)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_KNOWN = frozenset(
    kind.forward
    for kind in (nn.BatchNorm1d, nn.BatchNorm2d, BatchNorm, nn.Linear, Linear, nn.Conv2d, Convolution)
)
_LARGEST = 2**24  # entries of the examples' gradients that are held at once

Rows = Callable[[Tensor], Tensor]
"""Gradients at a layer's output [n, ...] -> squared gradients of its weight, [rows], summed over examples."""


class _Unknown(Exception):
    """A layer that the fast path cannot take; the message says which and why."""


def layers(body: nn.Module) -> dict[str, nn.Module]:
    """The modules of ``body`` that have a weight, by name: each row of a weight is a filter."""
    return {
        name: module
        for name, module in body.named_modules()
        if isinstance(getattr(module, "weight", None), nn.Parameter)
    }


def filter_fisher(
    body: nn.Module, images: Tensor, weight: Tensor, bias: Tensor, *, batch: int = 16
) -> dict[str, Tensor]:
    """Mean diagonal Fisher of each filter of ``body`` under a linear head, by layer: float64 [filters].

    ``body`` takes images [n, c, h, w] in its own precision to features [n, d]; weight [classes, d] and bias
    [classes] are the head's. Batch norm is by running averages; the mode is restored. A body of convolutions,
    linear layers and batch norms runs at the cost of classes - 1 batched backward passes; any other
    example by example, which a log line says. Raises ValueError where batch norm knows only the statistics of
    the batch at hand.
    """
    found = layers(body)
    if not found:
        raise ValueError("the probe has no layer with a weight")
    for name, module in found.items():
        _check_norm(name, module)
    with frozen(body):
        try:
            summed = _in_batches(body, found, images, weight, bias, batch)
        except _Unknown as reason:
            _LOG.info("Fisher example by example, about six times slower: %s", reason)
            summed = _one_by_one(body, found, images, weight, bias)
    return {name: values / len(images) for name, values in summed.items()}


@torch.no_grad()
def features_of(body: nn.Module, images: Tensor, *, batch: int = 100) -> Tensor:
    """Features [n, d] of images [n, c, h, w], in evaluation mode; the mode is restored."""
    with frozen(body):
        return torch.cat([body(images[i : i + batch]) for i in range(0, len(images), batch)])


def _in_batches(
    body: nn.Module, found: dict[str, nn.Module], images: Tensor, weight: Tensor, bias: Tensor, batch: int
) -> dict[str, Tensor]:
    summed = {name: images.new_zeros(_filters(m), dtype=torch.float64) for name, m in found.items()}
    for start in range(0, len(images), batch):
        x = images[start : start + batch].clone().requires_grad_()
        with _listening(found) as heard:
            logits = F.linear(body(x), weight, bias)
        if silent := [name for name in found if name not in heard]:
            raise _Unknown(f"layer {silent[0]} is not called as a module")
        rows = {name: _rows(name, found[name], inputs) for name, (inputs, _) in heard.items()}
        outputs = [output for _, output in heard.values()]
        cotangents = _cotangents(logits.detach())
        for i, cotangent in enumerate(cotangents):
            gradients = torch.autograd.grad(logits, outputs, cotangent, retain_graph=i + 1 < len(cotangents))
            for name, gradient in zip(heard, gradients, strict=True):
                summed[name] += rows[name](gradient)
    return summed


def _one_by_one(
    body: nn.Module, found: dict[str, nn.Module], images: Tensor, weight: Tensor, bias: Tensor
) -> dict[str, Tensor]:
    """The definition: of each example and class, the gradient of its log-probability, squared."""
    parameters = [module.get_parameter("weight") for module in found.values()]
    summed = {name: images.new_zeros(_filters(m), dtype=torch.float64) for name, m in found.items()}
    for parameter in parameters:
        parameter.requires_grad_(True)
    for i in range(len(images)):
        log_p = F.linear(body(images[i : i + 1]), weight, bias).log_softmax(1)[0]
        for c, p in enumerate(log_p.detach().exp().tolist()):
            gradients = torch.autograd.grad(
                log_p[c], parameters, retain_graph=c + 1 < len(log_p), allow_unused=True
            )
            for name, gradient in zip(found, gradients, strict=True):
                if gradient is not None:
                    summed[name] += p * gradient.double().square().reshape(len(gradient), -1).mean(1)
    return summed


def _filters(module: nn.Module) -> int:
    return len(module.get_parameter("weight"))


def _cotangents(logits: Tensor) -> list[Tensor]:
    """The columns [n, classes] of the Cholesky factor of diag(p) - ppᵀ, without the last, which is 0.

    In closed form (Tanabe and Sagae 1992, theorem 1), of sums of positive numbers alone: where a class is all
    but certain, a numerical factor would have no correct digit. With q_j = Σ_{i>j} p_i, column j is
    √(p_j q_j / q_{j-1}) at j and -p_i / q_j times that below.
    """
    p = logits.double().softmax(1)
    tails = p.flip(1).cumsum(1).flip(1)  # q_{j-1}
    columns = []
    for j in range(p.shape[1] - 1):
        after = tails[:, j + 1].clamp_min(torch.finfo(torch.float64).tiny)
        column = torch.zeros_like(p)
        column[:, j] = (p[:, j] * after / tails[:, j].clamp_min(torch.finfo(torch.float64).tiny)).sqrt()
        column[:, j + 1 :] = -(p[:, j + 1 :] / after[:, None]) * column[:, j, None]
        columns.append(column.to(logits.dtype))
    return columns


def _rows(name: str, module: nn.Module, x: Tensor) -> Rows:
    """How gradients at the output of ``module``, which read ``x``, become those of its weight, squared."""
    if type(module).forward not in _KNOWN:
        # Another's subclass may do more than its base says: pad first, or rectify what it has normalised.
        raise _Unknown(f"layer {name} is a {type(module).__name__}")
    if isinstance(module, (*_NORMS, BatchNorm)):
        return _of_norm(module, x)
    if isinstance(module, nn.Linear):
        return _of_patches(_features_first(x), _features_first)
    if isinstance(module, nn.Conv2d):
        if module.padding_mode != "zeros" or isinstance(module.padding, str):
            raise _Unknown(f"convolution {name} pads in its own way")
        if module.kernel_size == module.stride == (1, 1) and module.padding == (0, 0):
            patches = x.flatten(2)
        else:
            patches = F.unfold(x, module.kernel_size, module.dilation, module.padding, module.stride)
        return _of_patches(
            patches, lambda gradient: gradient.flatten(2), x.shape[1] // module.weight.shape[1]
        )
    raise AssertionError(f"{type(module).__name__} is known, and has no rows")


def _of_norm(module: nn.Module, x: Tensor) -> Rows:
    if isinstance(module, BatchNorm):
        given = module.given(1)
        assert given is not None
        mean, inverse_std = given
    else:
        assert isinstance(module, _NORMS)
        assert module.running_mean is not None
        assert module.running_var is not None
        mean, inverse_std = module.running_mean, (module.running_var + module.eps).rsqrt()
    shape = (-1, *[1] * (x.ndim - 2))
    normalised = (x - mean.view(shape)) * inverse_std.view(shape)

    def rows(gradient: Tensor) -> Tensor:
        products = (gradient * normalised).reshape(*gradient.shape[:2], -1)
        return products.sum(2).double().square().sum(0)

    return rows


def _features_first(x: Tensor) -> Tensor:
    """[n, ..., d] as [n, d, positions]."""
    return x.reshape(len(x), -1, x.shape[-1]).mT


def _of_patches(patches: Tensor, arranged: Callable[[Tensor], Tensor], groups: int = 1) -> Rows:
    """``patches`` [n, groups * d, positions]; ``arranged`` makes gradients [n, filters, positions].

    Means over d. The filters of a group, one after the other, read the patches of that group alone.
    """
    n, positions = len(patches), patches.shape[2]
    # A group of an example is to the others what another example is.
    patches = patches.reshape(n * groups, -1, positions)
    d = patches.shape[1]
    products: Tensor | None = None

    def rows(gradient: Tensor) -> Tensor:
        nonlocal products
        g = arranged(gradient).reshape(n * groups, -1, positions)
        filters = g.shape[1]
        if 2 * positions < filters:
            if products is None:
                products = patches.mT @ patches
            found = ((g @ products) * g).sum(2)
        else:
            at_once = max(1, _LARGEST // (filters * d))
            starts = range(0, n * groups, at_once)
            parts = ((g[i : i + at_once], patches[i : i + at_once]) for i in starts)
            found = torch.cat([(part @ of.mT).square_().sum(2) for part, of in parts])
        return found.reshape(n, -1).double().sum(0) / d

    return rows


@contextmanager
def _listening(found: dict[str, nn.Module]) -> Iterator[dict[str, tuple[Tensor, Tensor]]]:
    """Input and output of each module at its call, by name."""
    read: dict[str, Tensor] = {}
    heard: dict[str, tuple[Tensor, Tensor]] = {}

    def before(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            if name in read:
                raise _Unknown(f"layer {name} is called more than once")
            read[name] = inputs[0].detach()

        return hook

    def after(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
        def hook(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            heard[name] = read[name], output
            # What follows may write in place; the gradient is asked for at what was not written to.
            return output.clone()

        return hook

    handles = [module.register_forward_pre_hook(before(name)) for name, module in found.items()]
    handles += [module.register_forward_hook(after(name)) for name, module in found.items()]
    try:
        yield heard
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def frozen(body: nn.Module) -> Iterator[None]:
    """``body`` in evaluation mode without gradients of parameters; both are restored."""
    training = {module: module.training for module in body.modules()}
    wanted = {parameter: parameter.requires_grad for parameter in body.parameters()}
    body.eval().requires_grad_(False)
    try:
        yield
    finally:
        for module, mode in training.items():
            module.training = mode
        for parameter, gradient in wanted.items():
            parameter.requires_grad_(gradient)


def _check_norm(name: str, module: nn.Module) -> None:
    by_batch = isinstance(module, BatchNorm) and module.mode == "episode"
    if by_batch or (isinstance(module, _NORMS) and module.running_mean is None):
        raise ValueError(
            f"batch norm {name} of the probe normalises by the batch at hand, so no example has a gradient "
            "of its own; take a probe with running averages (batch_norm='running')"
        )
