"""Papers as experiments: parts are run, judged, and counted over seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from leaderboard.findings import Check, Finding, over_seeds
from suite import papers
from suite.papers.registry import Figures, at_least, at_most, paper, within


def growth(seed: int) -> Figures:
    """What grows."""
    found = Figures()
    found["small", "size"] = 1.0 + seed, (0.5, 2.0)
    found["large", "size"] = 3.0
    return found


@paper(
    "toy", title="Toy", authors=("A",), year=2020, venue="V", claim="It grows.", version="1", parts=(growth,)
)
def judge(found: Mapping[str, Figures]) -> Iterator[Check]:
    sizes = found["growth"]
    yield at_least("it grows", sizes["large", "size"].value - sizes["small", "size"].value, 1.5)
    yield at_most("the small one is small", sizes["small", "size"].value, 0.5, role="context")


def test_a_finding_says_claim_checks_verdict_and_figures() -> None:
    finding = papers.run("toy", 0)
    assert finding.claim == "It grows."
    assert [check.met for check in finding.measured] == [True, False]
    assert finding.verdict == "reproduced"
    assert finding.figures["growth"].title == "What grows"


def test_a_finding_survives_json() -> None:
    finding = papers.run("toy", 1)
    assert Finding.model_validate(finding.model_dump(mode="json")) == finding


def test_over_seeds_means_are_judged() -> None:
    account = over_seeds([papers.run("toy", seed) for seed in (1, 0)])
    assert account.seeds == (0, 1)
    assert dict(account.by_seed) == {0: "reproduced", 1: "not reproduced"}
    assert account.finding.measured[0].value == pytest.approx(1.5)
    assert account.verdict == "reproduced"


def test_one_seed_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="each seed counts once"):
        over_seeds([papers.run("toy", 0), papers.run("toy", 0)])


def test_a_check_without_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot fail"):
        Check(sentence="anything goes", value=1.0)


def test_a_check_is_sure_where_all_of_its_interval_agrees() -> None:
    assert within("in", 0.0, -1.0, 1.0, interval=(-0.5, 0.5)).sure
    assert within("in", 0.0, -1.0, 1.0, interval=(-0.5, 1.5)).sure is False
    assert within("in", 3.0, -1.0, 1.0, interval=(2.0, 4.0)).sure


def test_an_unknown_paper_comes_with_the_nearest() -> None:
    with pytest.raises(papers.UnknownPaper, match="nearest: diversity"):
        papers.describe("diversty")
