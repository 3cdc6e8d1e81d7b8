"""Training ends at a plateau of meta-validation, by one rule that the suite keeps."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from suite.methods import Budget, Source
from suite.methods.plateau import annealing, plateau
from suite.methods.scoring import Outcome
from tasks import Benchmark

SCORES = st.lists(st.floats(0, 1), max_size=30)
PATIENCE = st.integers(1, 6)


def spend(
    benchmark: Benchmark, scores: list[float], monkeypatch: pytest.MonkeyPatch, batch: int = 20, **more: float
) -> tuple[Source, list[float]]:
    """A spent source of 200 images and ten validations, which ``scores`` answer; and its annealing."""
    settings = {"images": 200, "validations": 10, "validation_episodes": 1, "patience": 2, "annealing": 3}
    source = Source(benchmark, Budget(**{**settings, **more}))  # type: ignore[arg-type]
    given_out = iter(scores)
    monkeypatch.setattr("suite.methods.source.score", lambda *_: Outcome(int(1_000 * next(given_out)), 1_000))
    rates = []
    while not source.exhausted:
        rates.append(source.annealing)
        source.batch(batch)
        if source.validation_due:
            source.validate(lambda support: lambda images: images)
    return source, [*rates, source.annealing]


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        ([], None),
        ([0.2, 0.3, 0.4, 0.5], None),
        ([0.5, 0.5, 0.5, 0.5], 4),
        ([0.2, 0.5, 0.4, 0.3, 0.5, 0.6], 5),
        # Small gains count together, once they come to more than the least gain.
        ([0.5, 0.504, 0.508, 0.512, 0.516, 0.52], None),
        ([0.5, 0.501, 0.502, 0.503, 0.9], 4),
    ],
)
def test_a_plateau_is_so_many_scores_without_a_gain(scores: list[float], found: int | None) -> None:
    assert plateau(scores, patience=3, min_gain=0.005) == found


@given(SCORES, PATIENCE, st.floats(0, 0.2))
def test_what_comes_after_a_plateau_does_not_move_it(
    scores: list[float], patience: int, min_gain: float
) -> None:
    found = plateau(scores, patience, min_gain)
    assume(found is not None)
    assert found is not None and found > patience
    assert plateau(scores[:found], patience, min_gain) == found
    assert plateau(scores[: found - 1], patience, min_gain) is None


@given(SCORES, PATIENCE, st.floats(0, 0.2))
def test_more_patience_finds_no_plateau_earlier(scores: list[float], patience: int, min_gain: float) -> None:
    def end(patience: int) -> float:
        return plateau(scores, patience, min_gain) or float("inf")

    assert end(patience) <= end(patience + 1)


@given(st.integers(0, 50), st.integers(1, 50), st.data())
def test_rates_fall_from_the_beginning_to_the_end(begins: int, length: int, data: st.DataObject) -> None:
    ends = begins + length
    images = data.draw(st.integers(0, ends))
    assert (annealing(images, begins, ends) == 0) == (images <= begins)
    assert annealing(ends, begins, ends) == 1


def test_a_plateau_ends_training_after_the_rates_have_fallen(
    benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, rates = spend(benchmark, [0.3, 0.6, 0.6, 0.6, 0.7, 0.8, 0.9], monkeypatch)
    assert source.plateau == 80 and source.spent.images == source.allowance == 140
    assert len(source.curve) == 7
    assert rates == pytest.approx([0, 0, 0, 0, 0, 1 / 3, 2 / 3, 1])


def test_without_a_plateau_the_rates_fall_at_the_end_of_the_budget(
    benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, rates = spend(benchmark, [i / 10 for i in range(10)], monkeypatch)
    assert source.plateau is None and source.spent.images == 200 and len(source.curve) == 10
    assert rates == pytest.approx([*[0] * 8, 1 / 3, 2 / 3, 1])


def test_a_plateau_found_while_rates_fall_anyway_changes_nothing(
    benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, _ = spend(benchmark, [*[i / 10 for i in range(7)], 0.6, 0.6, 0.6], monkeypatch)
    assert source.plateau is None and source.spent.images == 200


@given(batch=st.integers(1, 70), scores=st.lists(st.floats(0, 1), min_size=10, max_size=10))
def test_no_more_than_the_budget_is_ever_spent(benchmark: Benchmark, batch: int, scores: list[float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        source, rates = spend(benchmark, scores, patch, batch=batch)
    assert source.spent.images == source.allowance <= 200
    assert source.spent.images % source.episode_images == 0
    assert rates == sorted(rates) and rates[0] == 0 and rates[-1] == 1
    assert source.curve[-1].images == source.spent.images


def test_without_patience_rates_fall_over_the_whole_budget(benchmark: Benchmark) -> None:
    source = Source(benchmark, Budget(images=200))
    while not source.exhausted:
        assert source.annealing == source.progress
        source.batch(7)


def test_what_decides_a_training_without_plateaus_is_what_it_was() -> None:
    plain = {"images": 300, "validations": 5, "validation_episodes": 60}
    assert Budget(images=300).spec == Budget(images=300, min_gain=0.1, annealing=2).spec == plain
    patient = Budget(images=300, validations=9, patience=4)
    assert patient.spec == asdict(patient)
    assert Budget(**patient.spec) == patient  # type: ignore[arg-type]


def test_the_criterion_is_told_in_words() -> None:
    assert Budget(images=300).criterion == "after 300 images"
    told = Budget(images=40_000, validations=16, patience=4, min_gain=0.005).criterion
    assert (
        "4 meta-validation scores in a row, one each 2,500 images, without a gain of more than 0.50%" in told
    )
    assert "after 40,000 images at the latest" in told


@pytest.mark.parametrize(
    ("given_wrong", "said"),
    [
        ({"patience": -1}, "budget.patience must be at least 0, not -1"),
        ({"min_gain": 1.0}, "budget.min_gain must be an accuracy in 0..1, not 1.0"),
        ({"annealing": 0}, "budget.annealing must be at least 1, not 0"),
        (
            {"patience": 4, "validations": 7},
            "budget.validations must be at least 8, not 7: a plateau is found",
        ),
    ],
)
def test_a_plateau_that_cannot_be_is_refused(given_wrong: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Budget(**given_wrong)  # type: ignore[arg-type]
