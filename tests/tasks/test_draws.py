"""Draws are a pure function of their key, and what they say they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

import tasks
from tasks.draws import choose, normal

ROOT = Path(__file__).parents[2]


def test_normal_values_are_normal_and_the_first_of_longer_draws() -> None:
    drawn = normal(("a", 1), 200, 100)
    assert kstest(drawn.ravel(), "norm").pvalue > 1e-3
    assert np.array_equal(normal(("a", 1), 10, 100), drawn[:10])
    assert not np.isin(normal(("a", 2), 100), drawn).any()


def test_the_draws_of_a_key_are_fixed_for_good() -> None:
    assert normal(("fixed", 0), 3).round(12).tolist() == [2.236283521069, 0.190760626615, 0.822368079268]
    assert choose(("fixed", 0), 4, 20).tolist() == [6, 8, 10, 11]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 99))
def test_a_choice_is_of_different_numbers_in_order(count: int, more: int, seed: int) -> None:
    chosen = choose(("choice", seed), count, count + more)
    assert len(chosen) == count
    assert (np.diff(chosen) > 0).all()
    assert ((chosen >= 0) & (chosen < count + more)).all()


def test_every_number_is_chosen_equally_often() -> None:
    seen = np.bincount(np.concatenate([choose(("even", i), 3, 10) for i in range(4_000)]), minlength=10)
    assert chisquare(seen).pvalue > 1e-4


def test_other_processors_make_the_same_images(tmp_path: Path) -> None:
    # Without wide instructions numpy's functions and the linear algebra round their last bits otherwise.
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import tasks; from pathlib import Path;"
        "print(*(tasks.load(name, cache=Path(sys.argv[2])).digest for name in sys.argv[3:]))"
    )
    names = ["digits", "gaussian", "latent"]
    narrow = {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL", "OPENBLAS_CORETYPE": "Prescott"}
    told = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), str(tmp_path / "there"), *names],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **narrow},
    )
    assert told.stdout.split() == [tasks.load(name, cache=tmp_path / "here").digest for name in names]
