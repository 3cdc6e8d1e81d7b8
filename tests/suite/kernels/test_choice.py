"""Which path runs is decided by device and type, said in words, and does not change the numbers."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest
import torch

from suite import kernels
from suite.kernels import choice
from suite.methods import Budget, Source, get
from suite.models import Network
from suite.models import get as backbone
from tests.support.pictures import noisy_patterns


@pytest.fixture
def without_numba(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "numba", None)
    for module in ("cpu", "numba_kernels"):
        monkeypatch.delitem(sys.modules, f"suite.kernels.{module}", raising=False)
        monkeypatch.delattr(kernels, module, raising=False)
    choice._on.cache_clear()
    yield
    choice._on.cache_clear()


def derivatives(mode: str) -> list[torch.Tensor]:
    torch.manual_seed(0)
    network = Network(backbone("conv4", channels=2, size=20, width=6, batch_norm=mode), 5).double()
    images = torch.rand(7, 2, 20, 20, dtype=torch.float64)
    parameters = list(network.parameters())
    first = torch.autograd.grad(network(images).logsumexp(1).sum(), parameters, create_graph=True)
    second = torch.autograd.grad(sum(d.square().sum() for d in first), parameters)
    return [*first, *second, *network.buffers()]


@pytest.mark.parametrize("mode", ["episode", "running"])
def test_both_paths_have_the_same_numbers(mode: str, request: pytest.FixtureRequest) -> None:
    fast = derivatives(mode)
    assert kernels.kernels_for(torch.zeros(1)) is not None
    request.getfixturevalue("without_numba")
    assert kernels.kernels_for(torch.zeros(1)) is None
    for a, b in zip(fast, derivatives(mode), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12 * float(b.detach().abs().max()))


def test_a_type_without_kernels_runs_plainly() -> None:
    assert kernels.kernels_for(torch.zeros(1, dtype=torch.bfloat16)) is None
    reason = kernels.path(torch.device("cpu"), torch.bfloat16)
    assert reason.startswith("plain PyTorch: there are no fused kernels for torch.bfloat16")
    network = backbone("conv4", channels=1, size=16, width=4, batch_norm="episode").bfloat16()
    assert torch.isfinite(network(torch.rand(3, 1, 16, 16).bfloat16())).all()


def test_torch_func_sees_through_a_whole_network() -> None:
    network = backbone("conv4", channels=1, size=16, width=4, batch_norm="running").eval().double()
    images = torch.rand(3, 1, 16, 16, dtype=torch.float64)
    slopes = torch.func.vmap(torch.func.jacrev(lambda image: network(image[None])[0]))(images)
    leaf = images.clone().requires_grad_()
    (expected,) = torch.autograd.grad(network(leaf)[:, 0].sum(), leaf)
    torch.testing.assert_close(slopes[:, 0], expected, rtol=1e-10, atol=1e-12)


def path_told(caplog: pytest.LogCaptureFixture, name: str, **arguments: object) -> list[str]:
    budget = Budget(images=40, validations=1, validation_episodes=1)
    with caplog.at_level(logging.INFO, logger="suite"):
        get(name, width=4, **arguments).train(Source(noisy_patterns(), budget), budget)
    return [record.getMessage() for record in caplog.records if "convolution blocks" in record.getMessage()]


@pytest.mark.parametrize("name", ["maml", "fomaml", "anil", "reptile"])
def test_training_says_once_what_it_runs_on(name: str, caplog: pytest.LogCaptureFixture) -> None:
    assert path_told(caplog, name) == ["convolution blocks run on fused kernels (numba)"]


def test_training_says_where_the_network_has_no_fused_blocks(caplog: pytest.LogCaptureFixture) -> None:
    (said,) = path_told(caplog, "fomaml", backbone="resnet12")
    assert said == "convolution blocks run on plain PyTorch: the blocks of ResNet12 have no fused kernels"


def test_training_says_why_it_runs_plainly(caplog: pytest.LogCaptureFixture, without_numba: None) -> None:
    (said,) = path_told(caplog, "maml")
    assert said.startswith("convolution blocks run on plain PyTorch: NumbaKernels cannot be used here (")
