"""``league data``: what the benchmarks are, and whether they are as they should be."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tasks
from tasks import Benchmark, Card, DataError, Split, Verification, registry


@pytest.fixture(autouse=True)
def dots(monkeypatch: pytest.MonkeyPatch) -> None:
    """The only benchmark there is: small, quick and without a download."""

    def load(size: int = 4) -> Benchmark:
        """Grey dots; class = place."""
        if size < 2:
            raise ValueError(f"size must be at least 2, not {size}")
        if size > 100:
            raise DataError("no space for data: free some")
        splits = {}
        for split, offset in zip(tasks.SPLITS, (0, 10, 20), strict=True):
            images = np.zeros((6, 1, size, size), dtype=np.uint8)
            labels = np.repeat(np.arange(2), 3)
            names = (f"class {offset}", f"class {offset + 1}")
            splits[split] = Split(images, labels, np.zeros(6, dtype=np.int64), names)
        card = Card("Dots", "Nothing but dots.", "CC0", "Nobody", "by place", "Nobody 2026")
        return Benchmark("dots", splits, ("paper",), card, {"size": size})

    monkeypatch.setattr(registry, "_BUILT_IN", {})
    monkeypatch.setattr(registry, "_REGISTERED", {"dots": load})


def test_list_names_benchmarks_and_options(call) -> None:
    said = call("data", "list").stdout
    assert "dots" in said
    assert "Grey dots" in said
    assert "size=4" in said
    told = json.loads(call("data", "list", "--json").stdout)
    assert told["dots"] == {"doc": "Grey dots; class = place.", "options": {"size": 4}}


def test_list_names_transfer_tasks_and_options(call) -> None:
    said = call("data", "list").stdout
    assert "class_attributes  Grey images" in said and "attribute=0.8" in said
    told = json.loads(call("data", "list", "--json").stdout)
    assert told["class_attributes"]["track"] == "transfer"
    assert told["class_attributes"]["options"] == {"attribute": 0.8, "seed": 0}


def test_verify_builds_a_transfer_task_anew(call) -> None:
    result = call("data", "verify", "class_attributes")
    assert result.exit_code == 0
    assert result.stdout.startswith("class_attributes attribute=0.8 seed=0 is the reference data")


def test_card_tells_licence_makers_splits_and_digest(call) -> None:
    said = call("data", "card", "dots").stdout
    for part in ("Nothing but dots.", "CC0", "Nobody", "by place", tasks.load("dots").digest):
        assert part in said
    told = json.loads(call("data", "card", "dots", "size=5", "--json").stdout)
    assert told["options"] == {"size": 5}
    assert told["splits"]["test"] == {"images": 6, "classes": 2}
    assert told["licence"] == "CC0"


def test_prepare_without_a_name_prepares_what_needs_no_download(call) -> None:
    result = call("data", "prepare")
    assert result.stdout == f"dots: 18 images, digest {tasks.load('dots').digest[:12]}\n"
    assert json.loads(call("data", "prepare", "size=5", "--json").stdout)["dots"]["image_shape"] == [1, 5, 5]


@pytest.mark.parametrize(("expected", "code"), [(None, 0), ("same", 0), ("other", 1)])
def test_verify_ends_with_one_where_data_differ(
    call, monkeypatch: pytest.MonkeyPatch, expected: str | None, code: int
) -> None:
    def verify(name: str, **options: object) -> Verification:
        return Verification(name, options, "same", expected, {})

    monkeypatch.setattr(tasks, "verify", verify)
    result = call("data", "verify", "dots", "size=5")
    assert result.exit_code == code
    assert result.stdout.startswith("dots size=5 ")
    told = json.loads(call("data", "verify", "--json").stdout)
    assert told[0]["matches"] is {None: None, "same": True, "other": False}[expected]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["card", "dost"], "no benchmark is called 'dost'; nearest: dots."),
        (["card", "dots", "sise=3"], "dots has no option 'sise'; nearest: size."),
        (["card", "dots", "size=1"], "size must be at least 2, not 1."),
        (["prepare", "dots", "a.b=1"], "a.b is not an option; options have no dots."),
        (["verify", "dost"], "no benchmark is called 'dost'; nearest: dots."),
    ],
)
def test_bad_input_ends_with_two_and_a_sentence(call, words: list[str], said: str) -> None:
    result = call("data", *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_data_that_cannot_be_had_end_with_one(call) -> None:
    result = call("data", "prepare", "dots", "size=101")
    assert result.exit_code == 1
    assert "Error: no space for data: free some" in result.stderr
