from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from suite.engine.cells import Cell
from suite.engine.pace import Pace, images
from suite.engine.schedule import Line, children, descendants, inherited, order


def chain(lengths: list[int], name: str) -> list[Cell]:
    cells: list[Cell] = []
    for i, length in enumerate(lengths):
        parents = (cells[-1].key,) if cells else ()
        cells.append(Cell("measure", {"name": name, "i": i, "length": length}, parents))
    return cells


def length(cell: Cell) -> float:
    return float(cell.spec["length"])


def test_the_longest_chain_begins_first() -> None:
    short, long = chain([9], "short"), chain([2, 8], "long")
    assert order([short[0], *long], length)[0] == long[0].key


def test_of_equal_chains_the_one_that_unblocks_more_begins_first() -> None:
    narrow = chain([2, 3], "narrow")
    wide = chain([2, 3], "wide")
    twin = Cell("measure", {"name": "twin", "length": 3}, (wide[0].key,))
    assert order([*narrow, *wide, twin], length)[0] == wide[0].key


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=4), max_size=5))
def test_every_cell_once_and_parents_before_children(chains: list[list[int]]) -> None:
    cells = [cell for i, lengths in enumerate(chains) for cell in chain(lengths, str(i))]
    ordered = order(cells, length)
    assert sorted(ordered) == sorted(cell.key for cell in cells)
    place = {key: i for i, key in enumerate(ordered)}
    assert all(place[parent] < place[cell.key] for cell in cells for parent in cell.parents)


def test_descendants_are_found_once_however_many_paths_lead_there() -> None:
    [root] = chain([1], "root")
    left, right = (Cell("measure", {"name": side}, (root.key,)) for side in ("left", "right"))
    bottom = Cell("measure", {"name": "bottom"}, (left.key, right.key))
    below = children([root, left, right, bottom])
    assert sorted(descendants(root.key, below)) == sorted([left.key, right.key, bottom.key])
    assert descendants(bottom.key, below) == []


def test_pace_is_that_of_the_most_alike_cells() -> None:
    pace = Pace()
    one, other = chain([1], "one")[0], Cell("paper", {"name": "other"})
    assert not pace.known
    pace.learn(one, 3.0 * images(one))
    assert pace.known
    assert pace.seconds(one) == 3.0 * images(one)
    assert pace.seconds(other) == 3.0 * images(other)
    pace.learn(other, 7.0 * images(other))
    assert pace.seconds(other) == 7.0 * images(other)
    assert pace.seconds(one) == 3.0 * images(one)


def test_priority_goes_before_length_and_is_inherited_by_what_it_waits_for() -> None:
    long, short = chain([9, 9], "long"), chain([1, 1, 1], "short")
    cells = [*long, *short]
    priorities = inherited(cells, {short[1].key: 2, long[1].key: -1})
    assert [priorities[cell.key] for cell in cells] == [0, -1, 2, 2, 0]
    expected = [short[0], short[1], long[0], short[2], long[1]]
    assert order(cells, length, priorities) == [cell.key for cell in expected]


@settings(deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=4), max_size=5),
    st.lists(st.integers(-3, 3), min_size=20, max_size=20),
)
def test_whatever_the_priorities_parents_come_before_children(
    chains: list[list[int]], given_priorities: list[int]
) -> None:
    cells = [cell for i, lengths in enumerate(chains) for cell in chain(lengths, str(i))]
    own = {cell.key: priority for cell, priority in zip(cells, given_priorities, strict=False)}
    priorities = inherited(cells, own)
    ordered = order(cells, length, priorities)
    place = {key: i for i, key in enumerate(ordered)}
    assert sorted(ordered) == sorted(cell.key for cell in cells)
    assert all(place[parent] < place[cell.key] for cell in cells for parent in cell.parents)
    falling = [priorities[key] for key in ordered]
    assert falling == sorted(falling, reverse=True)


def test_a_line_gives_the_first_of_each_lane_in_their_order() -> None:
    rank = {"a": 0, "b": 1, "c": 2, "d": 3}
    line = Line(rank, lambda key: (0, "train" if key in "ac" else "measure"))
    for key in "dcbab":
        line.push(key)
    assert (len(line), line.fronts(), line.kinds) == (4, ["a", "b"], {"train": 2, "measure": 2})
    line.take("a")
    assert (line.fronts(), line.keys) == (["b", "c"], {"b", "c", "d"})
    for key in "bdc":
        line.take(key)
    assert (len(line), line.fronts()) == (0, [])
