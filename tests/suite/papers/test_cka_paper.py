"""The paper on CKA: which measure finds the layer that corresponds, and what follows from the figures."""

from __future__ import annotations

import pytest
import torch

from suite.measures import similarity_family
from suite.papers import describe, names, run
from suite.papers.cka import COMPARED_ON, IDENTIFIED, WIDTHS, Plain, _digits, judge, unrelated
from suite.papers.registry import Figures


def figures(cka: float, correlations: float) -> dict[str, Figures]:
    found = Figures()
    for number in (1, 2, 3):
        found["accuracy, %", f"network {number}"] = 95.0
    found["accuracy, %", "chance"] = 10.0
    for name, index in similarity_family().items():
        found[IDENTIFIED, index.title] = cka if name == "linear_cka" else correlations
    return {"identification": found, "unrelated": unrelated(0)}


def test_it_is_found_by_its_name_and_tells_its_claim() -> None:
    assert "cka" in names()
    assert describe("cka").part_names == ("identification", "unrelated")


def test_early_layers_have_more_features_than_examples_and_late_ones_fewer() -> None:
    net = Plain()
    sizes = [maps.flatten(1).shape[1] for maps in net.hidden(torch.zeros(2, 1, 8, 8))]
    assert len(sizes) == len(WIDTHS)
    assert sizes[0] == 1024 > COMPARED_ON
    assert net(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


def test_all_ten_digits_are_there_in_an_order_that_the_seed_decides() -> None:
    images, labels = _digits(0)
    assert images.shape == (1_797, 1, 8, 8)
    assert labels.bincount().min() > 150 and len(labels.bincount()) == 10
    assert torch.equal(labels, _digits(0)[1])
    assert not torch.equal(labels, _digits(1)[1])


def test_cka_far_above_correlations_meets_the_claim_and_near_them_does_not() -> None:
    assert all(check.met for check in judge(figures(60, 12)))
    missed = [check for check in judge(figures(30, 12)) if not check.met]
    assert {check.role for check in missed} == {"claim"}
    assert len([check for check in judge(figures(60, 50)) if not check.met]) == 4


@pytest.mark.slow
def test_on_digits_cka_is_far_ahead_of_correlations() -> None:
    torch.set_num_threads(1)
    finding = run("cka", seed=0)
    met = {check.sentence: check.met for check in finding.measured}
    assert met["linear CKA is ahead of the best of these"]
    assert all(met[f"{name} hardly does"] for name in ("CCA", "SVCCA", "PWCCA"))
    assert all(check.met for check in finding.measured if check.role == "context")
