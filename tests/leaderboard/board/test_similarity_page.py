"""Distances of layers as a picture and as sentences: what is read from a record, and what is warned of."""

from __future__ import annotations

from typing import Any

import pytest

from leaderboard.board.similarity import layer_picture, read_similarity, spelled, warnings
from leaderboard.board.similarity_page import render_similarity
from leaderboard.ranking import Interval
from leaderboard.records import BenchmarkIdentity, Measured, Record


def record(rows: int = 1_000, undefined: int = 0, **changes: Any) -> Record:
    def distances(at: float) -> dict[str, Any]:
        found = {"mean": at, "interval": [at - 0.01, at + 0.01], "undefined": undefined}
        return {"linear_cka": found, "svcca": {**found, "mean": at + 0.2, "interval": [at, at + 0.4]}}

    def layer(name: str, neurons: int, at: float) -> dict[str, Any]:
        return {"layer": name, "rows": rows, "neurons": [neurons, neurons], "distances": distances(at)}

    sides = [
        {"method": {"name": "maml", "arguments": {"adaptation": how}}, "training": "a" * 64, "seed": 0}
        for how in ("none", "inner_loop")
    ]
    told = {
        "key": "c" * 64,
        "kind": "measure",
        "sweep": "s",
        "spec": {
            "measure": {"name": "layer_similarity", "version": "1", "source_hash": "h"},
            "episodes": {"way": 5, "shot": 1, "query": 15, "episodes": 4, "seed": 0, "split": "test"},
            "sides": sides,
            "indexes": ["svcca", "linear_cka"],
        },
        "benchmark": BenchmarkIdentity(name="glyphs", options={}, digest="d" * 64),
        "results": {
            "sides": ["maml(adaptation=none)", "maml"],
            "episodes": 4,
            "safe_ratio": 10,
            "indexes": {"linear_cka": "linear CKA", "svcca": "SVCCA"},
            "layers": [layer("block1", 32, 0.1), layer("block2", 32, 0.2), layer("head", 5, 0.5)],
        },
        "measured": Measured(
            started="2024-01-01", wall_seconds=1, cpu_seconds=1, peak_memory_mib=1, host="h"
        ),
    }
    return Record.model_validate({**told, **changes})


def test_a_method_beside_itself_before_it_adapts_is_called_that() -> None:
    assert read_similarity(record()).title == "maml before and after it adapts"


def test_lines_go_through_the_body_and_the_head_stands_apart() -> None:
    picture = layer_picture(read_similarity(record()))
    assert [trace.title for trace in picture.traces] == ["SVCCA", "linear CKA"]
    for trace in picture.traces:
        assert len(trace.marks) == 3
        assert len(trace.points.split()) == 2
        left = [float(x) for x, *_ in trace.marks]
        assert left[1] < float(picture.border) < left[2]
        assert left[2] - left[1] > left[1] - left[0]
        # Farther apart is higher, and a mark lies within its interval.
        assert float(trace.marks[2][1]) < float(trace.marks[0][1])
        assert all(high < y < low for _, y, low, high in _numbers(trace.marks))


def test_enough_rows_need_no_warning_and_few_do() -> None:
    assert warnings(read_similarity(record(rows=1_000))) == []
    few, biased = warnings(read_similarity(record(rows=75)))
    assert "fewer than 10 rows for each neuron (block1 2.3, block2 2.3)" in few
    assert "linear CKA is biased" in biased and "go by unbiased CKA" in biased


def test_undefined_episodes_are_told() -> None:
    said = warnings(read_similarity(record(undefined=1)))
    assert said[0] == "block1 is the same for all queries in 1 of 4 episodes, which are left out"


def test_a_page_is_the_same_bytes_and_names_every_measure() -> None:
    found = [read_similarity(record(rows=75))]
    files, again = dict(render_similarity(found)), dict(render_similarity(found))
    assert files == again
    page = files["index.html"]
    assert page.count("<svg viewBox") == 1 and "block2" in page
    assert page.count("missing-words") == 2


def test_what_rounds_to_nothing_has_no_sign() -> None:
    assert spelled(Interval(-1e-12, -2e-12, 1e-12)) == "0.000 [0.000, 0.000]"
    assert spelled(None) == "–"


def test_another_record_is_refused() -> None:
    with pytest.raises(ValueError, match="no measurement of layers"):
        read_similarity(record(kind="diversity"))


def _numbers(marks: Any) -> list[tuple[float, float, float, float]]:
    return [(float(x), float(y), float(low), float(high)) for x, y, low, high in marks]
