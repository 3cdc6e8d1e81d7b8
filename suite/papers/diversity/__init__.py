"""The Curse of Low Task Diversity (Miranda, Yu, Wang and Koyejo 2022), at a scale of minutes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from leaderboard.findings import Check, Reported
from suite.papers.diversity.arms import FLOOR, MAML10, USL
from suite.papers.diversity.domains import DOMAINS, PROBES, domains, estimator
from suite.papers.diversity.fair import (
    WIDTHS,
    eight_domains,
    four_domains,
    one_domain,
    width_8,
    width_16,
    width_32,
)
from suite.papers.diversity.gaussians import DIMENSIONS, gaussians
from suite.papers.diversity.layers import ADAPTING, ARMS, DISTANCES, HEAD, HIDDEN, layers
from suite.papers.registry import Figures, at_least, at_most, paper, within

_SCRIPTS = "the authors' plotting scripts; recalled, not looked up in the paper"
_RULE = "transfer − MAML, 10 steps"

Found = Mapping[str, Figures]


@paper(
    "diversity",
    title="The Curse of Low Task Diversity: On the Failure of Transfer Learning to Outperform MAML and Their "
    "Empirical Equivalence",
    authors=("Brando Miranda", "Patrick Yu", "Yu-Xiong Wang", "Sanmi Koyejo"),
    year=2022,
    venue="arXiv:2208.01545",
    url="https://arxiv.org/abs/2208.01545",
    claim="The diversity coefficient tells how different the tasks of a benchmark are. Where it is low, MAML "
    "and transfer learning do equally well under a fair comparison, whatever the size of the network, and "
    "differ in their features rather than in their heads.",
    version="1",
    parts=(
        estimator,
        domains,
        gaussians,
        one_domain,
        four_domains,
        eight_domains,
        layers,
        width_8,
        width_16,
        width_32,
    ),
    seeds=(0, 1, 2),
    reported=(
        Reported(what="diversity of miniImageNet, pretrained ResNet-18", value="0.117", source=_SCRIPTS),
        Reported(what="diversity of CIFAR-FS, pretrained ResNet-18", value="0.100", source=_SCRIPTS),
        Reported(
            what="miniImageNet, five-layer CNN: MAML 5 steps, 10 steps, transfer",
            value="62.4 ± 1.64, 62.3 ± 1.50, 60.1 ± 1.37 %",
            source=_SCRIPTS,
        ),
        Reported(
            what="SVCCA distance of transfer to adapted MAML, four convolutions and head",
            value="0.048, 0.373, 0.509, 0.550 and 0.328",
            source=_SCRIPTS,
        ),
    ),
)
def judge(found: Found) -> Iterator[Check]:
    """All checks, E1 to E6."""
    yield from _measure(found)
    yield from _equivalence(found)
    yield from _layers(found["layers"])
    yield from _sizes(found)


def _measure(found: Found) -> Iterator[Check]:
    """E1 to E3: whether the coefficient measures diversity."""
    alike = found["estimator"]
    for kind in PROBES:
        row = f"{kind} probe"
        distance = alike[row, "classes renamed, largest distance"].value
        yield at_most(
            f"E1 {row}: a task whose classes are renamed is the same task", distance, 1e-6, role="context"
        )
        share = alike[row, "floor"].value / alike[row, "diversity"].value
        yield at_most(f"E1 {row}: the floor is less than half the diversity", share, 0.5, role="context")
    for kind in PROBES:
        rows = [(f"{count} domain{'s' * (count > 1)}", f"{kind} probe") for count in DOMAINS]
        by_count = [found["domains"][place] for place in rows]
        least = min(more.value - fewer.value for fewer, more in pairwise(by_count))
        yield at_least(f"E2 {kind} probe: diversity grows with each doubling of the domains", least, 0.0)
        (row, column), growth = rows[-1], by_count[-1].value - by_count[0].value
        reach = found["domains"][row, f"{column}, half-width over tasks"].value
        yield at_least(
            f"E2 {kind} probe: from 1 to 8 domains it grows by over 3 half-widths of its interval",
            growth / reach,
            3.0,
            unit="half-widths",
        )
    for dimensions, least in zip(DIMENSIONS, (0.9, 1.0), strict=True):
        correlation = found["gaussians"][f"{dimensions}-D", "rank correlation"].value
        yield at_least(f"E3 {dimensions}-D: it ranks benchmarks as the truth does", correlation, least - 1e-9)


def _equivalence(found: Found) -> Iterator[Check]:
    """E4: whether the arms do equally well."""
    one = found["one_domain"]
    apart, effect = one[_RULE, "points"], one[_RULE, "Cohen's d"]
    yield within(
        "E4 1 domain: transfer and MAML (10 steps) are within 4 points of each other",
        apart.value,
        -4.0,
        4.0,
        unit="points",
        interval=apart.interval,
    )
    yield within(
        "E4 1 domain: and within half a deviation over tasks",
        effect.value,
        -0.5,
        0.5,
        unit="Cohen's d",
        interval=effect.interval,
    )
    for name, arm in (("MAML (10 steps)", MAML10), ("transfer", USL)):
        yield at_least(
            f"E4 1 domain: {name} is far above untrained features",
            one[arm].value - one[FLOOR].value,
            15.0,
            unit="points",
        )
    yield within(
        "E4 1 domain: by the 1 % rule of 2023, the effect is smaller than that of one point",
        effect.value / one[_RULE, "d of one point"].value,
        -1.0,
        1.0,
        unit="points",
        role="context",
    )
    yield at_least(
        "E4 1 domain: transfer needs a new head; five steps from it are worse",
        one[USL].value - one["transfer", "5 steps"].value,
        10.0,
        unit="points",
        role="context",
    )
    yield at_most(
        "E4: with 8 domains, transfer gains no more over MAML (10 steps) than with 1",
        found["eight_domains"][_RULE, "Cohen's d"].value - effect.value,
        0.1,
        unit="Cohen's d",
        role="context",
    )


def _layers(table: Figures) -> Iterator[Check]:
    """E5: whether body or head differ."""
    for name in ("SVCCA", "PWCCA"):
        row = f"{name}, {ARMS}"
        nearest = min(table[row, layer].value for layer in HIDDEN)
        yield at_most(
            f"E5 {name}: heads of the arms are nearer than any hidden layer, as a share of the nearest",
            table[row, HEAD].value / nearest,
            1.0,
        )
    for name in DISTANCES:
        row = f"{name}, {ADAPTING}"
        yield at_least(
            f"E5 {name}: adapting MAML moves the head over twice as far as the last hidden layer",
            table[row, HEAD].value / table[row, HIDDEN[-1]].value,
            2.0,
            unit="times",
        )


def _sizes(found: Found) -> Iterator[Check]:
    """E6: whether it holds for every size."""
    series = [found[part] for part in ("width_8", "width_16", "width_32", "one_domain")]
    for name, arm in (("MAML (10 steps)", MAML10), ("transfer", USL)):
        least = min(wide[arm].value - narrow[arm].value for narrow, wide in pairwise(series))
        yield at_least(f"E6 {name}: no wider network is worse by over 2 points", least, -2.0, unit="points")
    for width, table in zip(WIDTHS, series, strict=True):
        apart = table[_RULE, "points"]
        yield within(
            f"E6 width {width}: transfer and MAML (10 steps) are within 6 points of each other",
            apart.value,
            -6.0,
            6.0,
            unit="points",
            interval=apart.interval,
            role="claim" if width >= 16 else "context",
        )
