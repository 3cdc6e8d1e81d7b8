"""Heads of many tasks at once are those of each task alone, and scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.linear_model import Ridge
from sklearn.neighbors import NearestCentroid

from suite.linear import HEADS, NotConverged, fit, logistic_regression
from suite.linear.dual import Problem, start
from suite.linear.newton import converge

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
examples = settings(deadline=None, max_examples=25)


def tasks(
    seed: int, count: int = 3, way: int = 5, shot: int = 5, d: int = 40, length: float = 1.0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features [count, way*shot, d] of that length, labels in another order for each task, queries."""
    generator = torch.Generator().manual_seed(seed)
    means = 0.5 * torch.randn(count, way, d, generator=generator, dtype=torch.float64)
    labels = torch.stack([torch.randperm(way * shot, generator=generator) % way for _ in range(count)])
    own = torch.gather(means, 1, labels[..., None].expand(-1, -1, d))
    noise = torch.randn(own.shape, generator=generator, dtype=torch.float64)
    queries = means + torch.randn(means.shape, generator=generator, dtype=torch.float64)
    return length * F.normalize(own + noise, dim=-1), labels, length * F.normalize(queries, dim=-1)


def gradient(x: Array, y: Array, weight: Array, bias: Array, C: float) -> tuple[Array, Array]:
    """Of C * cross-entropy + |W|²/2 at one task's solution: for W and for b."""
    residual = C * (softmax(x @ weight.T + bias) - np.eye(len(weight))[y])
    return residual.T @ x + weight, residual.sum(0)


def newton_step(x: Array, y: Array, weight: Array, bias: Array, C: float) -> Array:
    """Of the same objective: [way, d + 1], the bias last."""
    inputs = np.c_[x, np.ones(len(x))]
    penalty = np.diag(np.tile(np.r_[np.ones(x.shape[1]), 0], len(weight)))
    curvature = penalty + hessian(inputs, softmax(x @ weight.T + bias), C)
    to_weight, to_bias = gradient(x, y, weight, bias, C)
    slope = np.c_[to_weight, to_bias]
    found: Array = np.linalg.lstsq(curvature, slope.ravel(), rcond=1e-14)[0].reshape(len(weight), -1)
    return found


def softmax(scores: Array) -> Array:
    probabilities = np.exp(scores - scores.max(1, keepdims=True))
    normalised: Array = probabilities / probabilities.sum(1, keepdims=True)
    return normalised


def hessian(inputs: Array, probabilities: Array, C: float) -> Array:
    """Of C * cross-entropy: [way * d, way * d] for inputs [n, d], probabilities [n, way]."""
    blocks = [np.diag(p) - np.outer(p, p) for p in probabilities]
    return C * np.sum([np.kron(b, np.outer(x, x)) for b, x in zip(blocks, inputs, strict=True)], axis=0)


@examples
@given(
    seed=st.integers(0, 10_000),
    way=st.integers(1, 7),
    shot=st.integers(1, 6),
    d=st.integers(1, 60),
    C=st.sampled_from([1e-3, 1.0, 10.0, 1e3]),
    length=st.sampled_from([0.1, 1.0, 10.0]),
)
@example(seed=0, way=2, shot=3, d=1, C=1e3, length=10.0)
def test_logistic_regression_is_at_its_optimum(
    seed: int, way: int, shot: int, d: int, C: float, length: float
) -> None:
    features, labels, _ = tasks(seed, 3, way, shot, d, length)
    heads = fit("logistic_regression", features, labels, C=C)
    for x, y, weight, bias in zip(features, labels, heads.weight, heads.bias, strict=True):
        at = (x.numpy(), y.numpy(), weight.numpy(), bias.numpy(), C)
        to_weight, to_bias = gradient(*at)
        # The penalty makes the objective 1-strongly convex in W: W is as near to the optimum as this says.
        # Where features are long it is far more convex, and a step of Newton's method says how near.
        near = np.linalg.norm(to_weight) < 1e-6 or np.linalg.norm(newton_step(*at)[:, :-1]) < 1e-6
        assert near
        assert np.abs(to_bias).max() < 1e-5


@pytest.mark.parametrize("C", [1.0, 10.0])
@pytest.mark.parametrize("length", [1.0, 10.0])
def test_coefficients_are_those_of_a_tight_solve(C: float, length: float) -> None:
    features, labels, _ = tasks(0, 4, d=64, length=length)
    heads = fit("logistic_regression", features, labels, C=C)
    for task in range(4):
        x, y = features[task].numpy(), labels[task].numpy()
        expected = tight_solution(x, y, 5, C)
        assert np.abs(heads.weight[task].numpy() - expected).max() < 1e-6


def tight_solution(x: Array, y: Array, way: int, C: float) -> Array:
    """Weights [way, d] by a dense Newton method, until the gradient is below 1e-12."""
    n, d = x.shape
    inputs, targets = np.c_[x, np.ones(n)], np.eye(way)[y]
    penalty = np.tile(np.r_[np.ones(d), 0], way)
    theta = np.zeros(way * (d + 1))

    def at(theta: Array) -> tuple[float, Array, Array]:
        scores = inputs @ theta.reshape(way, -1).T
        scores -= scores.max(1, keepdims=True)
        p = np.exp(scores)
        p /= p.sum(1, keepdims=True)
        value = -C * (np.log(p) * targets).sum() + (penalty * theta**2).sum() / 2
        slope = C * ((p - targets).T @ inputs).ravel() + penalty * theta
        return float(value), slope, p

    for _ in range(100):
        value, slope, p = at(theta)
        if np.abs(slope).max() < 1e-12:
            break
        curvature = np.diag(penalty) + hessian(inputs, p, C)
        step = np.linalg.lstsq(curvature, slope, rcond=1e-14)[0]
        size = 1.0
        while at(theta - size * step)[0] > value + 1e-12 * abs(value) and size > 1e-6:
            size /= 2
        theta = theta - size * step
    assert np.abs(at(theta)[1]).max() < 1e-11
    found: Array = theta.reshape(way, -1)[:, :d]
    return found


@pytest.mark.parametrize("head", HEADS)
def test_a_task_does_not_see_the_others(head: str) -> None:
    features, labels, queries = tasks(1, 70, length=6.0)
    together = fit(head, features, labels, C=10.0).logits(queries)
    for i in (0, 63, 64, 69):
        alone = fit(head, features[i : i + 1], labels[i : i + 1], C=10.0).logits(queries[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone, rtol=1e-11, atol=1e-11)


@examples
@given(seed=st.integers(0, 10_000), way=st.integers(1, 6), shot=st.integers(2, 5), d=st.integers(4, 40))
def test_ridge_and_centroid_are_scikit_learns(seed: int, way: int, shot: int, d: int) -> None:
    features, labels, queries = tasks(seed, 2, way, shot, d)
    ridge = fit("ridge", features, labels, C=4.0).logits(queries).numpy()
    centroid = fit("nearest_centroid", features, labels).logits(queries).numpy()
    for i in range(2):
        x, y, q = features[i].numpy(), labels[i].numpy(), queries[i].numpy()
        expected = Ridge(alpha=0.25).fit(x, np.eye(way)[y]).predict(q).reshape(len(q), way)
        np.testing.assert_allclose(ridge[i], expected, atol=1e-9)
        if way > 1:
            assert centroid[i].argmax(1).tolist() == NearestCentroid().fit(x, y).predict(q).tolist()


@examples
@given(seed=st.integers(0, 10_000))
def test_exchanging_labels_exchanges_the_classes(seed: int) -> None:
    features, labels, queries = tasks(seed, 1, way=4, shot=3)
    order = torch.randperm(4, generator=torch.Generator().manual_seed(seed))
    one = fit("logistic_regression", features, labels).logits(queries)
    other = fit("logistic_regression", features, order[labels]).logits(queries)
    torch.testing.assert_close(other[..., order], one, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("head", HEADS)
def test_equal_examples_and_features_of_zeros_have_a_solution(head: str) -> None:
    labels = torch.tensor([[0, 0, 1, 1]])
    same = fit(head, torch.ones(1, 4, 3), labels).logits(torch.ones(1, 2, 3))
    nothing = fit(head, torch.zeros(1, 4, 3), labels).logits(torch.zeros(1, 2, 3))
    for logits in (same, nothing):
        torch.testing.assert_close(logits[..., 0], logits[..., 1])


def test_newton_alone_reaches_the_same_optimum() -> None:
    features, labels, _ = tasks(3, 5, length=4.0)
    x = features.numpy() - features.numpy().mean(1, keepdims=True)
    targets = np.stack([np.eye(5)[y].T for y in labels.numpy()])
    problem = Problem(x @ x.swapaxes(1, 2), targets, 10.0)
    coefficients = converge(problem, start(problem)).x[..., :-1]
    expected = logistic_regression(features.numpy(), targets, 10.0)[0]
    np.testing.assert_allclose(coefficients @ x, expected, atol=1e-7)


def test_scipy_finds_no_lower_objective() -> None:
    features, labels, _ = tasks(5, 1, way=3, shot=4, d=6, length=5.0)
    x, y, C = features[0].numpy(), labels[0].numpy(), 10.0
    heads = fit("logistic_regression", features, labels, C=C)

    def objective(theta: Array) -> float:
        weight, bias = theta[:18].reshape(3, 6), theta[18:]
        scores = torch.from_numpy(x @ weight.T + bias)
        return (
            C * float(F.cross_entropy(scores, torch.from_numpy(y), reduction="sum")) + (weight**2).sum() / 2
        )

    ours = objective(np.concatenate([heads.weight[0].numpy().ravel(), heads.bias[0].numpy()]))
    theirs = minimize(objective, np.zeros(21), method="BFGS").fun
    assert ours <= theirs + 1e-9


def test_what_has_no_solution_in_float64_says_so() -> None:
    features, labels, _ = tasks(0, 1, way=2, shot=2, length=1e4)
    with np.errstate(all="ignore"), pytest.raises(NotConverged, match="scale the features or lower C"):
        fit("logistic_regression", features, labels, C=1e300)


@pytest.mark.parametrize(("length", "d"), [(1.0, 4), (1e2, 4), (1.0, 64), (1e2, 64), (1e4, 64)])
@pytest.mark.parametrize("C", [0.1, 1e2])
def test_features_of_any_length_have_a_solution(length: float, d: int, C: float) -> None:
    features, labels, _ = tasks(7, 1, d=d, length=length)
    heads = fit("logistic_regression", features, labels, C=C)
    x, y = features[0].numpy(), labels[0].numpy()
    slope, _ = gradient(x, y, heads.weight[0].numpy(), heads.bias[0].numpy(), C)
    at_zero, _ = gradient(x, y, np.zeros((5, d)), np.zeros(5), C)
    assert np.linalg.norm(slope) < 1e-8 * np.linalg.norm(at_zero)


def test_what_does_not_fit_is_refused() -> None:
    features, labels, _ = tasks(0)
    with pytest.raises(ValueError, match="no head 'svm'; there are logistic_regression, ridge"):
        fit("svm", features, labels)
    with pytest.raises(ValueError, match=r"not \[3, 25, 40\] and \[25\]"):
        fit("ridge", features, labels[0])
    with pytest.raises(ValueError, match="NaN or infinite"):
        fit("ridge", features * torch.nan, labels)
    labels[1][labels[1] == 2] = 0
    with pytest.raises(ValueError, match="task 1 has no example of class 2 of its 5"):
        fit("ridge", features, labels)


def test_float32_queries_are_scored_in_float32() -> None:
    features, labels, queries = tasks(0)
    heads = fit("ridge", features.float(), labels)
    assert heads.weight.dtype == torch.float64
    assert heads.logits(queries.float()).dtype == torch.float32
