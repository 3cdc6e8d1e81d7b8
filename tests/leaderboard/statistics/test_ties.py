import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.statistics.ties import tie_groups


def separable(pairs: set[tuple[int, int]], size: int) -> np.ndarray:
    matrix = np.zeros((size, size), dtype=bool)
    for a, b in pairs:
        matrix[a, b] = matrix[b, a] = True
    return matrix


def test_overlapping_groups():
    assert tie_groups(separable({(0, 2)}, 3)) == ["a", "ab", "b"]


def test_all_alike_and_all_apart():
    assert tie_groups(np.zeros((3, 3), dtype=bool)) == ["a", "a", "a"]
    assert tie_groups(~np.eye(3, dtype=bool)) == ["a", "b", "c"]


def test_a_single_method_has_a_group():
    assert tie_groups(np.zeros((1, 1), dtype=bool)) == ["a"]


@given(
    st.integers(1, 9).flatmap(
        lambda n: st.tuples(st.just(n), st.sets(st.tuples(*[st.integers(0, n - 1)] * 2)))
    )
)
def test_a_letter_is_shared_exactly_where_methods_are_not_separable(drawn):
    size, pairs = drawn
    matrix = separable({(a, b) for a, b in pairs if a != b}, size)
    letters = tie_groups(matrix)
    for a in range(size):
        for b in range(size):
            if a != b:
                assert bool(set(letters[a]) & set(letters[b])) == (not matrix[a, b])


def test_more_groups_than_the_alphabet():
    letters = tie_groups(~np.eye(90, dtype=bool))
    assert len(set(letters)) == 90
    assert all(len(letter) == 1 and letter.isalpha() for letter in letters)
