"""A chain of fused blocks under a linear head: its loss, gradient, and the gradient's own derivative by hand.

What autograd does for an inner loop one small operation at a time is here a few passes a layer. A layer is
asked four things, in this order:

1. forward, when it is made: its output;
2. ``backward``: of the output's cotangent those of its input and of its parameters, dL;
3. ``backward_twice``: of cotangents of what 2 gave, that of what 2 was given. So F = v dL is run backwards
   through the backward pass, from the first layer to the last;
4. ``close``: what F owes to the forward pass, from the last layer to the first. A layer's map takes part in
   both passes; that it is affine in both (``suite.kernels.algebra``) lets one pass write the sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from suite.kernels import images as of_images
from suite.kernels import plain
from suite.kernels.algebra import (
    Affine,
    Channels,
    Vector,
    to_map,
    to_map_twice,
    to_pooled_twice,
    to_weight_twice,
)
from suite.kernels.block import Kernels, channels_last
from suite.kernels.convolution import input_gradient, weight_gradient

Parameters = tuple[Tensor, ...]
Given = tuple[Tensor, Tensor] | None
"""Mean and 1 / sqrt(variance + epsilon) to normalise by; None: those of the batch."""


class Layer(Protocol):
    """See the four steps above. The first layer's input has no cotangent: None."""

    output: Tensor

    def backward(self, to_output: Tensor) -> tuple[Tensor | None, Parameters]: ...

    def backward_twice(self, along: Tensor | None, directions: Parameters) -> Tensor: ...

    def close(self, to_output: Tensor) -> tuple[Tensor | None, Parameters]: ...


class MapBlock:
    """Convolution, batch normalisation, ReLU and pooling of a map ``x``; ``parameters`` are w, g and b."""

    def __init__(
        self, kernels: Kernels, x: Tensor, parameters: Parameters, given: Given, epsilon: float, first: bool
    ) -> None:
        self._kernels, self._x, self._first = kernels, channels_last(x), first
        self._filters, weight, bias = parameters
        self._z = channels_last(plain.convolve(self._x, self._filters))
        if given is None:
            statistics = (*kernels.statistics(self._z, epsilon), self._z.shape[1] / self._z.numel())
        else:
            statistics = (kernels.vector(given[0]), kernels.vector(given[1]), 0.0)
        self._of = of = Channels(kernels.vector(weight), *statistics)
        scale = of.weight * of.inverse_std
        self.output, self._winner = kernels.pool(self._z, scale, kernels.vector(bias) - of.mean * scale)

    def backward(self, to_output: Tensor) -> tuple[Tensor | None, Parameters]:
        self._q = channels_last(to_output)
        self._B, self._G = B, G = self._sums(self._q)
        self._to_z = self._spread(None, self._q, to_map(self._of, B, G))
        found = weight_gradient(self._to_z, self._x, self._filters.shape)
        to_x = None if self._first else input_gradient(self._to_z, self._filters, self._x.shape)
        return to_x, (found, self._tensor(G), self._tensor(B))

    def backward_twice(self, along: Tensor | None, directions: Parameters) -> Tensor:
        kernels, of, B, G = self._kernels, self._of, self._B, self._G
        v = channels_last(plain.convolve(self._x, directions[0]))
        if along is not None:
            v += plain.convolve(channels_last(along), self._filters)
        vg, vb = map(kernels.vector, directions[1:])
        S0, S1 = 0 * B, 0 * B
        if of.share:
            S0, S1 = kernels.moments(v, self._z, of.mean)
            S1 = S1 * of.inverse_std
        by = to_pooled_twice(of, S0, S1, vg, vb)
        second, Sq = kernels.gather(v, self._z, self._q, self._winner, by)
        self._held = v, to_map_twice(of, B, G, S0, S1, Sq, vg), to_weight_twice(of, B, G, S0, S1, Sq)
        self._along = along, directions[0]
        return second

    def close(self, to_output: Tensor) -> tuple[Tensor | None, Parameters]:
        (v, by, to_g), (along, to_filters) = self._held, self._along
        del self._held, self._along
        to_output = channels_last(to_output)
        B, G = self._sums(to_output)
        also = to_map(self._of, B, G)
        q = self._q * self._tensor(by.of_q)[:, None, None]
        q += to_output * self._tensor(also.of_q)[:, None, None]
        total = Affine(by.of_v, by.of_z + also.of_z, by.constant + also.constant, 0 * B + 1)
        to_z = self._spread(v, q, total)
        found = weight_gradient(to_z, self._x, self._filters.shape)
        if along is not None:
            found = found + weight_gradient(self._to_z, along, self._filters.shape)
        to_x = None
        if not self._first:
            to_x = input_gradient(to_z, self._filters, self._x.shape)
            to_x += input_gradient(self._to_z, to_filters, self._x.shape)
        return to_x, (found, self._tensor(to_g + G), self._tensor(B))

    def _sums(self, q: Tensor) -> tuple[Vector, Vector]:
        B, G = self._kernels.winner_sums(self._z, q, self._winner, self._of.mean)
        return B, G * self._of.inverse_std

    def _spread(self, v: Tensor | None, q: Tensor, by: Affine) -> Tensor:
        if self._of.share:
            return self._kernels.spread(v, self._z, q, self._winner, by)
        return self._kernels.scatter(self._z, q, self._winner, by.of_q)

    def _tensor(self, values: Vector) -> Tensor:
        return self._kernels.tensor(values, self._z)


class ImageBlock:
    """``MapBlock`` of images, by ``suite.kernels.images``: always the first layer."""

    def __init__(
        self,
        kernels: Kernels,
        images: of_images.Images,
        parameters: Parameters,
        given: Given,
        epsilon: float,
    ) -> None:
        self._kernels, self._images, self._parameters = kernels, images, parameters
        filters, weight, bias = parameters
        mean, inverse_std = given or (None, None)
        found = of_images.pool(images, filters, weight, bias, mean, inverse_std, epsilon)
        self.output, self._winner, self._won, self._of = found

    def backward(self, to_output: Tensor) -> tuple[None, Parameters]:
        self._q = to_output
        self._sums = self._of_winners(to_output)
        return None, self._told(self._columns(self._sums), self._sums.G, self._sums.B)

    def backward_twice(self, along: Tensor | None, directions: Parameters) -> Tensor:
        filters, weight, _ = self._parameters
        at = of_images.Winners(self._q, self._winner, self._won)
        along_parameters = directions[0], directions[1], directions[2]
        self._held = of_images.twice(
            self._images, self._of, filters, weight, self._sums, at, along_parameters
        )
        return self._held.to_pooled

    def close(self, to_output: Tensor) -> tuple[None, Parameters]:
        sums = self._of_winners(to_output)
        columns = self._held.columns + self._columns(sums)
        return None, self._told(columns, self._held.weight + sums.G, sums.B)

    def _of_winners(self, q: Tensor) -> of_images.Sums:
        return of_images.sums(self._images, self._of, q, self._winner, self._won)

    def _columns(self, sums: of_images.Sums) -> Any:
        return of_images.to_columns(self._images, self._of, self._kernels.vector(self._parameters[1]), sums)

    def _told(self, columns: Any, weight: Vector, bias: Vector) -> Parameters:
        filters = self._parameters[0]
        vectors = (self._kernels.tensor(values, filters) for values in (weight, bias))
        return of_images.as_filters(columns, filters), *vectors


class Head:
    """Mean cross-entropy of a linear map [n, way] of features [n, d]; ``output`` is the loss, [].

    With p the probabilities and d = (p - one-hot) / n, dL by the logits, the derivative of the sum of c d by
    the logits is p (c - sum p c) / n, row by row.
    """

    def __init__(self, features: Tensor, parameters: Parameters, labels: Tensor) -> None:
        self._shape, self._x = features.shape, features.flatten(1)
        self._weight, bias = parameters
        log_p = F.log_softmax(F.linear(self._x, self._weight, bias), 1)
        self.output = F.nll_loss(log_p, labels)
        self._p, self._labels = log_p.exp_(), labels

    def backward(self, to_output: Tensor) -> tuple[Tensor, Parameters]:
        self._to_logits = (self._p - F.one_hot(self._labels, self._p.shape[1])) / len(self._p)
        d = self._to_logits * to_output
        return self._to_features(d, self._weight), (d.T @ self._x, d.sum(0))

    def backward_twice(self, along: Tensor | None, directions: Parameters) -> Tensor:
        assert along is not None
        self._along = along.flatten(1), directions[0]
        along_logits = F.linear(self._x, directions[0], directions[1])
        self._c = torch.addmm(along_logits, self._along[0], self._weight.T)
        return (self._c * self._to_logits).sum()

    def close(self, to_output: Tensor) -> tuple[Tensor, Parameters]:
        """``to_output`` is what the whole was scaled by in ``backward``."""
        along, to_weight = self._along
        mean = (self._p * self._c).sum(1, keepdim=True)
        second = self._p * (self._c - mean) * (to_output / len(self._p))
        d = self._to_logits * to_output
        to_x = self._to_features(second, self._weight) + self._to_features(d, to_weight)
        return to_x, (second.T @ self._x + d.T @ along, second.sum(0))

    def _to_features(self, to_logits: Tensor, weight: Tensor) -> Tensor:
        return (to_logits @ weight).view(self._shape)


class Chain:
    """Layers in order, each built on the output of the one before."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers

    @property
    def loss(self) -> Tensor:
        """The last layer's output."""
        return self._layers[-1].output

    def gradient(self, to_loss: Tensor) -> list[Tensor]:
        """``to_loss`` times the loss's derivatives by all parameters, layer by layer."""
        return self._downwards(lambda layer, to_output: layer.backward(to_output), to_loss)

    def along(self, directions: Sequence[Tensor], to_loss: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The derivatives of sum(directions * gradient(to_loss)), by ``to_loss`` and by all parameters.

        ``gradient(to_loss)`` must have been called before.
        """
        rest = list(directions)
        passed: Tensor | None = None
        for layer in self._layers:
            count = 2 if isinstance(layer, Head) else 3
            taken, rest = tuple(rest[:count]), rest[count:]
            passed = layer.backward_twice(passed, taken)
        assert passed is not None
        return passed, self._downwards(lambda layer, to_output: layer.close(to_output), to_loss)

    def _downwards(
        self, ask: Callable[[Layer, Tensor], tuple[Tensor | None, Parameters]], given: Tensor
    ) -> list[Tensor]:
        passed: Tensor | None = given
        found: list[Tensor] = []
        for layer in reversed(self._layers):
            assert passed is not None
            passed, parameters = ask(layer, passed)
            found[:0] = parameters
        return found


def chain_loss(build: Callable[[Sequence[Tensor]], Chain], parameters: Sequence[Tensor]) -> Tensor:
    """The loss [] of the chain that ``build`` makes of ``parameters``, which can be differentiated twice."""
    loss: Tensor = _Loss.apply(build, *parameters)
    return loss


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, build: Callable[[Sequence[Tensor]], Chain], *parameters: Tensor) -> Tensor:
        ctx.chain = build([parameter.detach() for parameter in parameters])
        ctx.save_for_backward(*parameters)
        loss: Tensor = ctx.chain.loss.clone()
        return loss

    @staticmethod
    def backward(ctx: Any, to_loss: Tensor) -> tuple[Tensor | None, ...]:
        return None, *_Gradient.apply(ctx.chain, to_loss, *ctx.saved_tensors)


class _Gradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, chain: Chain, to_loss: Tensor, *parameters: Tensor) -> tuple[Tensor, ...]:
        ctx.chain = chain
        ctx.save_for_backward(to_loss)
        return tuple(chain.gradient(to_loss))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *directions: Tensor) -> tuple[Tensor | None, ...]:
        (to_loss,) = ctx.saved_tensors
        by_scale, by_parameters = ctx.chain.along(directions, to_loss)
        return None, by_scale, *by_parameters
