"""The paper on task diversity: fair arms, permuted digits, and what follows from the figures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from suite.papers import describe, names
from suite.papers.diversity import DOMAINS, judge
from suite.papers.diversity.arms import ADAPTATIONS, FLOOR, INITIALISATIONS, MAML10, USL, Terms
from suite.papers.diversity.domains import PROBES, domains, estimator
from suite.papers.diversity.fair import compare, put_difference
from suite.papers.diversity.gaussians import DIMENSIONS, gaussians
from suite.papers.diversity.layers import ADAPTING, ARMS, DISTANCES, HEAD, HIDDEN, layers
from suite.papers.diversity.permuted import permuted_digits
from suite.papers.registry import Figures

TINY = Terms(width=6, images=1_000, validations=1, validation_episodes=2, query=3, test_tasks=12)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def made_up(**changed: float) -> dict[str, Figures]:
    """Figures that meet every check, but for those that are ``changed``."""
    told = {"one_domain_d": 0.1, "maml": 80.0, "transfer": 81.0, "rank": 1.0, "head": 0.1, **changed}
    alike, grown, true, distances = Figures(), Figures(), Figures(), Figures()
    for kind in PROBES:
        alike[f"{kind} probe", "classes renamed, largest distance"] = 0.0
        alike[f"{kind} probe", "floor"], alike[f"{kind} probe", "diversity"] = 0.1, 0.3
        for count in DOMAINS:
            row = f"{count} domain{'s' * (count > 1)}"
            grown[row, f"{kind} probe"] = 0.1 * count
            grown[row, f"{kind} probe, half-width over tasks"] = 0.01
    for dimensions in DIMENSIONS:
        true[f"{dimensions}-D", "rank correlation"] = told["rank"]
    for name in DISTANCES:
        for layer in (*HIDDEN, HEAD):
            distances[f"{name}, {ARMS}", layer] = told["head"] if layer == HEAD else 0.5
            distances[f"{name}, {ADAPTING}", layer] = 0.9 if layer == HEAD else 0.1
    tables = {"estimator": alike, "domains": grown, "gaussians": true, "layers": distances}
    for part in ("one_domain", "four_domains", "eight_domains", "width_8", "width_16", "width_32"):
        table = tables[part] = Figures()
        table[MAML10], table[USL], table[FLOOR] = told["maml"], told["transfer"], 40.0
        table["transfer", "5 steps"] = 30.0
        table["transfer − MAML, 10 steps", "points"] = told["transfer"] - told["maml"], (-1.0, 3.0)
        table["transfer − MAML, 10 steps", "Cohen's d"] = told["one_domain_d"], (-0.1, 0.3)
        table["transfer − MAML, 10 steps", "d of one point"] = 0.2
    return tables


def test_it_is_found_by_its_name() -> None:
    assert "diversity" in names()
    assert describe("diversity").part_names[:3] == ("estimator", "domains", "gaussians")


def test_figures_as_the_paper_has_them_meet_every_check() -> None:
    checks = list(judge(made_up()))
    assert all(check.met for check in checks)
    assert {check.sentence[:2] for check in checks} == {f"E{number}" for number in range(1, 7)}


@pytest.mark.parametrize(
    ("changed", "missed"),
    [
        ({"rank": 0.85}, {"E3 1-D", "E3 16-D"}),
        ({"rank": 0.97}, {"E3 16-D"}),
        ({"transfer": 86.0}, {"E4 1 domain"}),
        ({"one_domain_d": 0.7}, {"E4 1 domain"}),
        ({"head": 0.7}, {"E5 SVCCA", "E5 PWCCA"}),
        ({"maml": 72.0}, {"E4 1 domain", "E6 width 16", "E6 width 32", "E6 width 64"}),
    ],
)
def test_figures_that_contradict_a_claim_miss_its_checks(changed: dict[str, float], missed: set[str]) -> None:
    checks = [check for check in judge(made_up(**changed)) if not check.met and check.role == "claim"]
    assert {check.sentence.partition(":")[0] for check in checks} == missed


def test_each_domain_has_all_pixels_in_an_order_of_its_own() -> None:
    one, two = permuted_digits(1, seed=3), permuted_digits(2, seed=3)
    images = two.images("test")
    half = len(images) // 2
    assert np.array_equal(images[:half], one.images("test"))
    first, second = (np.sort(part.reshape(half, -1)) for part in (images[:half], images[half:]))
    assert np.array_equal(first, second) and not np.array_equal(images[:half], images[half:])
    assert len(two.classes("test")) == 2 * len(one.classes("test"))
    assert not np.array_equal(one.images("test"), permuted_digits(1, seed=4).images("test"))


def test_renaming_classes_is_no_distance_and_the_reference_estimator_has_noise() -> None:
    found = estimator(0, tasks=4, pretraining=640)
    for kind in PROBES:
        assert found[f"{kind} probe", "classes renamed, largest distance"].value < 1e-6
        assert found[f"{kind} probe", "same data twice"].value < 1e-12
        assert found[f"{kind} probe", "reference estimator, same data twice"].value > 1e-6
        assert 0 < found[f"{kind} probe", "floor"].value < found[f"{kind} probe", "diversity"].value


def test_more_domains_are_more_diverse() -> None:
    found = domains(0, tasks=8, pretraining=640)
    for kind in PROBES:
        few, many = (found[row, f"{kind} probe"].value for row in ("1 domain", "8 domains"))
        assert 0 < few < many


def test_truth_falls_as_classes_widen() -> None:
    found = gaussians(0, tasks=5)
    rows = [f"1-D, deviation of classes {deviation:g}" for deviation in (100.0, 3.0, 0.3)]
    truths = [found[row, "truth (Hellinger²)"].value for row in rows]
    assert truths == sorted(truths) and 0 <= truths[0] < truths[-1] <= 1
    assert -1 <= found["16-D", "rank correlation"].value <= 1


def test_both_arms_have_one_body_one_budget_and_the_same_tasks() -> None:
    found = compare(0, domains=2, terms=TINY, classes=8, tasks=3)
    bodies = {found[name, "parameters of the body"].value for name in INITIALISATIONS}
    assert len(bodies) == 1
    assert found["MAML", "training images"].value == found["transfer", "training images"].value > 0
    accuracies = [found[name, change].value for name in INITIALISATIONS for change in ADAPTATIONS]
    assert all(0 <= accuracy <= 100 for accuracy in accuracies)
    assert found["transfer − MAML, 10 steps", "points"].value == pytest.approx(
        found[USL].value - found[MAML10].value
    )


def test_a_seed_decides_everything() -> None:
    one, again, other = (
        [figure.value for figure in compare(seed, domains=1, terms=TINY, classes=8, tasks=3)]
        for seed in (0, 0, 1)
    )
    assert one == again != other


def test_bodies_and_heads_are_compared_layer_by_layer() -> None:
    found = layers(0, terms=TINY, classes=8, tasks=2)
    for name in DISTANCES:
        for layer in (*HIDDEN, HEAD):
            assert 0 <= found[f"{name}, {ARMS}", layer].value <= 1
            assert found[f"{name}, {ADAPTING}", layer].value >= -1e-6


def _effect(draw: Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]) -> Figures:
    found = Figures()
    put_difference(found, "row", *draw(np.random.default_rng(0)))
    return found


def test_effect_sizes_are_those_of_hand_computed_samples() -> None:
    one, other = np.tile([0.9, 0.7, 0.8], 9), np.tile([0.5, 0.7, 0.6], 9)
    found = Figures()
    put_difference(found, "row", one, other)
    pooled = np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 2)
    assert found["row", "points"].value == pytest.approx(20.0)
    assert found["row", "Cohen's d"].value == pytest.approx(0.2 / pooled)
    assert found["row", "d of one point"].value == pytest.approx(0.01 / pooled)


def test_intervals_of_effects_cover_what_is_there() -> None:
    found = _effect(lambda draw: (draw.normal(0.8, 0.1, 400), draw.normal(0.75, 0.1, 400)))
    interval = found["row", "Cohen's d"].interval
    assert interval is not None and interval[0] < 0.5 < interval[1]
