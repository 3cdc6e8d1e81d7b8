"""``union``: equally many classes of each part, which is a domain, pictures as the parts have them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tasks
from tasks import SPLITS, Benchmark, Card, Episodes, Split, registry
from tasks.digests import compare

ROOT = Path(__file__).parents[2]
TURNED = {"digits": {"rotated": True}}
EIGHT = {"train": 20, "validation": 8, "test": 8}


def union(*of: object, **options: Any) -> Benchmark:
    return tasks.load("union", of=list(of), **options)


@pytest.fixture(scope="module")
def three() -> Benchmark:
    return union("glyphs", "emoji", TURNED, classes_per_domain=EIGHT, images_per_class=4)


@pytest.fixture
def part() -> Iterator[Callable[..., None]]:
    """Registers a benchmark of random images by name: ``part("mine", shape=(1, 10, 10), classes=6)``."""
    added = []

    def register(name: str, shape: tuple[int, ...] = (1, 10, 10), classes: int = 6, images: int = 3) -> None:
        draw = np.random.default_rng(len(added))

        @tasks.benchmark(name)
        def load() -> Benchmark:
            splits = {
                split: Split(
                    draw.integers(0, 256, (classes * images, *shape), dtype=np.uint8),
                    np.repeat(np.arange(classes, dtype=np.int64), images),
                    np.zeros(classes * images, dtype=np.int64),
                    tuple(f"{split} {k}" for k in range(classes)),
                )
                for split in SPLITS
            }
            return Benchmark(name, splits, ("only",), Card(name, "", "CC0-1.0", "nobody", "by class"))

        added.append(name)

    yield register
    for name in added:
        del registry._REGISTERED[name]


def test_glyphs_and_emoji_together_are_the_reference_data() -> None:
    benchmark = tasks.load("union")
    assert compare(benchmark).matches, str(compare(benchmark))


def test_each_domain_has_the_classes_and_images_that_were_asked_for(three: Benchmark) -> None:
    assert three.domain_names == ("glyphs", "emoji", "digits rotated=True")
    for split in SPLITS:
        labels, domains = three.labels(split), three.domains(split)
        assert len(three.classes(split)) == 3 * EIGHT[split]
        assert np.bincount(labels).tolist() == [4] * 3 * EIGHT[split]
        for label, domain in zip(labels, domains, strict=True):
            assert three.classes(split)[label].startswith(f"{three.domain_names[domain]}/")


def test_pictures_are_those_of_the_part_grey_ones_in_three_channels(
    three: Benchmark, glyphs: Benchmark, emoji: Benchmark
) -> None:
    assert three.images("test").shape == (3 * 8 * 4, 3, 28, 28)
    for part in (glyphs, emoji):
        known = {
            (part.classes("test")[label], np.broadcast_to(image, (3, 28, 28)).tobytes())
            for label, image in zip(part.labels("test"), part.images("test"), strict=True)
        }
        rows = np.flatnonzero(three.domains("test") == three.domain_names.index(part.name))
        shown = {
            (
                three.classes("test")[three.labels("test")[row]].partition("/")[2],
                three.images("test")[row].tobytes(),
            )
            for row in rows
        }
        assert len(shown) == 32
        assert shown <= known


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.sampled_from(["glyphs", "emoji", "digits"]), min_size=1, max_size=3, unique=True),
    st.integers(5, 8),
    st.sampled_from([None, 1, 4]),
    st.booleans(),
    st.integers(0, 3),
)
def test_every_union_is_balanced_and_comes_again_from_its_options(
    of: list[str], count: int, images: int | None, within: bool, seed: int
) -> None:
    parts = [TURNED if name == "digits" else name for name in of]
    benchmark = union(
        *parts, classes_per_domain=count, images_per_class=images, within_domain=within, seed=seed
    )
    for split in SPLITS:
        pairs = np.unique(np.stack([benchmark.domains(split), benchmark.labels(split)]), axis=1)
        assert np.bincount(pairs[0]).tolist() == [count] * len(of)
        if images:
            assert set(np.bincount(benchmark.labels(split))) == {images}
    again = tasks.load("union", **json.loads(json.dumps(benchmark.options)))
    assert again.digest == benchmark.digest
    assert again.options == benchmark.options


def test_without_a_number_the_smallest_part_decides() -> None:
    benchmark = union("emoji", TURNED)
    assert [len(benchmark.classes(split)) for split in SPLITS] == [40, 16, 24]


def test_a_part_s_classes_do_not_depend_on_its_company() -> None:
    alone = union("emoji", classes_per_domain=10)
    company = union("glyphs", "emoji", classes_per_domain=10)
    assert alone.classes("test") == company.classes("test")[10:]
    assert alone.classes("test") != union("emoji", classes_per_domain=10, seed=1).classes("test")


def test_episodes_stay_within_a_domain_in_turn_or_go_across(three: Benchmark) -> None:
    def domains(benchmark: Benchmark, i: int) -> set[int]:
        episode = Episodes(benchmark, "test", 5, 1, 3, seed=0)[i]
        return set(benchmark.domains("test")[list(episode.indices)].tolist())

    episodes = Episodes(three, "test", 5, 1, 3, seed=0)
    assert [domains(three, i) for i in range(6)] == [{0}, {1}, {2}] * 2
    assert [episodes[i].domain for i in range(6)] == [0, 1, 2] * 2
    across = tasks.load("union", **{**three.options, "within_domain": False})
    assert Episodes(across, "test", 5, 1, 3, seed=0)[0].domain is None
    assert max(len(domains(across, i)) for i in range(10)) > 1
    assert across.digest != three.digest


def test_options_of_other_data_give_another_digest(three: Benchmark) -> None:
    changed: list[Mapping[str, object]] = [
        {"seed": 1},
        {"images_per_class": 3},
        {"classes_per_domain": 8},
        {"of": ["glyphs", "emoji"]},
        {"of": ["emoji", "glyphs", TURNED]},
        {"within_domain": False},
    ]
    digests = {tasks.load("union", **{**three.options, **change}).digest for change in changed}
    assert len(digests | {three.digest}) == 7


def test_same_bytes_in_two_processes(three: Benchmark) -> None:
    program = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import tasks;"
        "b = tasks.load('union', **json.loads(sys.argv[2]));"
        "print(b.digest, tasks.Episodes(b, 'test', 5, 1, 3, 0)[10**6].indices)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), json.dumps(three.options)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.strip() == f"{three.digest} {Episodes(three, 'test', 5, 1, 3, 0)[10**6].indices}"


def test_glyphs_of_other_scripts_are_parts_of_their_own() -> None:
    few = {"glyphs": {"scripts": ["Greek", "Arabic", "Hebrew"]}}
    benchmark = union(few, "emoji", classes_per_domain=25)
    assert benchmark.domain_names == ("glyphs scripts=Greek,Arabic,Hebrew", "emoji")
    assert all("HEBREW LETTER" in name for name in benchmark.classes("test")[:25])


def test_classes_that_parts_share_are_dealt_out_in_turn() -> None:
    latin = {"glyphs": {"scripts": ["Latin", "Arabic", "Hebrew"]}}
    greek = {"glyphs": {"scripts": ["Greek", "Arabic", "Devanagari"]}}
    benchmark = union(latin, greek, "emoji", classes_per_domain={"train": 60, "validation": 60, "test": 20})
    validation = [name.split("/")[1] for name in benchmark.classes("validation")]
    assert len(set(validation)) == len(validation) == 180
    arabic = list(tasks.load("glyphs", scripts=latin["glyphs"]["scripts"]).classes("validation"))
    assert set(validation[:60]) <= set(arabic[::2]) and set(validation[60:120]) <= set(arabic[1::2])
    # What no other part has is as in a union without it.
    alone = union(latin, "emoji", classes_per_domain={"train": 60, "validation": 60, "test": 20})
    assert [benchmark.classes("test")[:20], benchmark.classes("train")[:60]] == [
        alone.classes("test")[:20],
        alone.classes("train")[:60],
    ]


def test_parts_that_are_turned_have_their_images_by_quarter_turns_too() -> None:
    plain, turned = (union("emoji", size=16, **more) for more in ({}, {"turned": ["emoji"]}))
    assert turned.classes("test") == plain.classes("test") and "turned" not in plain.options
    assert turned.images("test").shape == (4 * len(plain.images("test")), 3, 16, 16)
    for turn in range(4):
        np.testing.assert_array_equal(
            turned.images("test")[turn::4], np.rot90(plain.images("test"), turn, axes=(2, 3))
        )
    assert tasks.load("union", **turned.options).digest == turned.digest != plain.digest


def test_a_part_of_another_size_is_averaged_to_the_union_s(part: Callable[..., None]) -> None:
    part("mine", shape=(1, 20, 20))
    benchmark = union("mine", size=10)
    whole = tasks.load("union", of=["mine"], size=20)
    assert benchmark.images("test").shape[1:] == (1, 10, 10)
    assert whole.images("test").shape[1:] == (1, 20, 20)


def test_the_card_names_every_part(three: Benchmark) -> None:
    assert "Union of glyphs, emoji, digits" in three.card.title
    for word in ("OFL-1.1", "CC-BY-4.0", "CC-BY-SA-4.0"):
        assert word in three.card.licence
    assert "scikit-learn" in three.card.packages


def test_verify_looks_past_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAGUE_CACHE", str(tmp_path))
    verification = tasks.verify("union", of=["digits"], size=8)
    assert verification.matches is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("of", "options", "message"),
    [
        ("glyphs", {}, r"of must list benchmarks, such as \[glyphs, .*, not 'glyphs'"),
        ([], {}, r"of must list benchmarks, .*, not \[\]"),
        ([{"glyphs": 3}], {}, r"written NAME or \{NAME: \{option: value\}\}, not \{'glyphs': 3\}"),
        (["digits", "digits"], {}, "the union has digits twice"),
        (["digits", {"digits": {"rotated": False}}], {}, "digits and digits rotated=False are the same"),
        ([{"digits": {"size": 8}}], {}, "set the union's size, not that of a part"),
        (["digits"], {"classes_per_domain": 3}, "digits/validation has 2 classes, fewer than the 3 that"),
        (["emoji"], {"images_per_class": 5}, "emoji/train has 0 classes with at least 5 images"),
        (["digits"], {"classes_per_domain": {"train": 2}}, "one for each of train, .*, not for train"),
        (["digits"], {"classes_per_domain": {**EIGHT, "test": 0}}, r"classes_per_domain.test must be"),
        (["digits"], {"classes_per_domain": True}, "classes_per_domain must be a whole number"),
        (["digits"], {"within_domain": "no"}, "within_domain must be true or false, not 'no'"),
        (["digits"], {"size": 4}, "size must be a whole number of 8 to 128"),
        (["emoji"], {"turned": "emoji"}, r"turned must list names of parts, .*, not 'emoji'"),
        (["emoji"], {"turned": ["glyphs"]}, "turned names 'glyphs', which is no part of the union"),
    ],
)
def test_what_cannot_be_put_together_is_refused(of: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tasks.load("union", of=of, **options)


def test_an_unknown_part_or_option_is_answered_with_the_nearest() -> None:
    with pytest.raises(tasks.UnknownBenchmark, match="no benchmark is called 'glyph'; nearest: glyphs"):
        union("glyph")
    with pytest.raises(TypeError, match="digits has no option 'rotate'; nearest: rotated"):
        union({"digits": {"rotate": True}})


def test_shapes_that_cannot_be_made_alike_are_refused(part: Callable[..., None]) -> None:
    part("four", shape=(4, 28, 28))
    part("flat", shape=(1, 10, 12))
    with pytest.raises(ValueError, match="emoji has images of 3 channels, others of 4"):
        union("emoji", "four")
    with pytest.raises(ValueError, match="flat has images of 10 x 12 pixels; a union is of square ones"):
        union("flat")


def test_a_class_of_several_domains_has_no_episodes_within_one(emoji: Benchmark) -> None:
    with pytest.raises(ValueError, match=r"emoji/train: class .* lies in several domains"):
        replace(emoji, within_domain=True)
