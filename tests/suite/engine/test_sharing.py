from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.engine.sharing import Claim, Part, divide, portion


def claim(wanted: int, room: int = 8, weight: float = 1.0) -> Claim:
    """Of cells of which ``room`` fill the cluster."""
    return Claim(weight, (Part(wanted, room, {"CPU": 1 / room}),))


def of(cpu: float, gpu: float = 0.0, wanted: int = 100) -> Part:
    shares = {name: share for name, share in (("CPU", cpu), ("GPU", gpu)) if share}
    return Part(wanted, int(1 / max(shares.values()) + 1e-9), shares)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"a": claim(100)}, [8]),
        ({"a": claim(100), "b": claim(100)}, [4, 4]),
        ({"a": claim(100), "b": claim(100), "c": claim(100)}, [3, 3, 2]),
        ({"a": claim(100), "b": claim(2)}, [6, 2]),  # what one does not need goes to the others
        ({"a": claim(100), "b": claim(0)}, [8, 0]),
        ({"a": claim(100, weight=3), "b": claim(100)}, [6, 2]),
        ({"a": claim(100, room=4, weight=2), "b": claim(100, room=4)}, [3, 1]),
        ({"a": claim(100, weight=1_000), "b": claim(100)}, [7, 1]),
        ({"a": claim(100), "b": claim(100, room=4)}, [4, 2]),  # cells of twice the size
        ({name: claim(100, room=2) for name in "abc"}, [1, 1, 1]),  # more sweeps than room: one each
    ],
)
def test_room_is_dealt_out_by_weight_and_by_need(claims: dict[str, Claim], expected: list[int]) -> None:
    assert [cells for (cells,) in divide(claims).values()] == expected


def test_sweeps_that_ask_for_different_things_do_not_stand_in_each_others_way() -> None:
    on_gpus, on_cpus = Claim(1, (of(cpu=1 / 32, gpu=1 / 4),)), Claim(1, (of(cpu=1 / 32),))
    assert divide({"gpus": on_gpus, "cpus": on_cpus}) == {"cpus": (28,), "gpus": (4,)}


def test_a_sweep_has_one_cell_of_each_part_at_least_and_fills_the_first_first() -> None:
    both = Claim(1, (of(cpu=1 / 8, gpu=1 / 2), of(cpu=1 / 8)))
    assert divide({"one": both}) == {"one": (2, 6)}
    crowd = {str(i): both for i in range(9)}
    assert set(divide(crowd).values()) == {(1, 1)}


def test_a_sweep_may_use_what_others_leave_even_if_it_has_no_cell_for_it_yet() -> None:
    assert portion(claim(1), {"b": claim(3)}) == (5,)
    assert portion(claim(1), {"b": claim(100)}) == (4,)
    assert portion(claim(0), {"b": claim(100)}) == (1,)


CLAIMS = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=3),
    st.builds(claim, st.integers(0, 40), st.just(16), st.sampled_from([0.5, 1.0, 2.0, 3.0])),
    min_size=1,
    max_size=6,
)


@settings(deadline=None)
@given(CLAIMS)
def test_shares_are_fair_and_waste_nothing(claims: dict[str, Claim]) -> None:
    dealt = {name: cells for name, (cells,) in divide(claims).items()}
    wanted = {name: given.parts[0].wanted for name, given in claims.items()}
    weight = {name: given.weight for name, given in claims.items()}
    assert all(min(1, wanted[name]) <= cells <= wanted[name] for name, cells in dealt.items())
    assert sum(dealt.values()) <= 16
    hungry = [name for name, cells in dealt.items() if cells < wanted[name]]
    assert not hungry or sum(dealt.values()) == 16
    # Nobody is ahead of one that wants more, by more than rounding: the last cell of the one counts half,
    # and half of one that the other does not have.
    for name in hungry:
        for other, cells in dealt.items():
            assert cells <= 1 or (cells - 0.5) / weight[other] <= (dealt[name] + 0.5) / weight[name] + 1e-9


@settings(deadline=None)
@given(CLAIMS, st.randoms(use_true_random=False))
def test_every_driver_finds_the_same_shares(claims: dict[str, Claim], random: object) -> None:
    names = list(claims)
    random.shuffle(names)  # type: ignore[attr-defined]
    assert divide({name: claims[name] for name in names}) == divide(claims)


@settings(deadline=None)
@given(CLAIMS)
def test_what_all_who_are_full_may_use_adds_up_to_the_cluster(claims: dict[str, Claim]) -> None:
    full = {
        name: replace(given, parts=(replace(given.parts[0], wanted=16),)) for name, given in claims.items()
    }
    own = [
        portion(full[name], {other: full[other] for other in full if other != name}, name)[0] for name in full
    ]
    assert sum(own) == 16
