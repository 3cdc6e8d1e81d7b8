"""``glyphs``: real letters, whole and apart by script."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

import tasks
from tasks import SPLITS, Benchmark, Episodes
from tasks.digests import compare
from tasks.glyphs import FAMILIES, SCRIPTS, letters


def test_glyphs_is_the_reference_data(glyphs: Benchmark) -> None:
    assert compare(glyphs).matches, str(compare(glyphs))


def test_about_a_thousand_characters_by_at_least_five_families(glyphs: Benchmark) -> None:
    counts = {split: np.bincount(glyphs.labels(split)) for split in SPLITS}
    assert sum(map(len, counts.values())) > 950
    assert len(counts["train"]) > 600
    assert min(len(counts["validation"]), len(counts["test"])) > 100
    assert all(count.min() >= FAMILIES for count in counts.values())
    assert all((count >= 10).sum() >= 40 for count in counts.values())


def test_no_script_and_no_character_is_in_two_splits(glyphs: Benchmark) -> None:
    scripts = {split: {glyphs.domain_names[k] for k in np.unique(glyphs.domains(split))} for split in SPLITS}
    assert scripts == {split: set(SCRIPTS[split]) for split in SPLITS}
    characters = [name.split()[0] for split in SPLITS for name in glyphs.classes(split)]
    assert len(set(characters)) == len(characters)


def test_a_class_is_named_for_its_character_and_lies_in_its_script(glyphs: Benchmark) -> None:
    for split in SPLITS:
        for label, script in zip(glyphs.labels(split), glyphs.domains(split), strict=True):
            name = glyphs.classes(split)[label]
            assert name.split()[1] == glyphs.domain_names[script].upper()
        for name in glyphs.classes(split):
            point, words = name.split(" ", 1)
            assert unicodedata.name(chr(int(point[2:], 16))) == words


def test_no_image_is_blank_clipped_or_there_twice_in_its_class(glyphs: Benchmark) -> None:
    for split in SPLITS:
        images = glyphs.images(split)[:, 0]
        frame = np.ones(images.shape[1:], dtype=bool)
        frame[2:-2, 2:-2] = False
        assert not images[:, frame].any()
        assert (images.reshape(len(images), -1).max(axis=1) > 60).all()
        keys = {(label, image.tobytes()) for label, image in zip(glyphs.labels(split), images, strict=True)}
        assert len(keys) == len(images)


def test_small_letters_stay_smaller_than_capitals(glyphs: Benchmark) -> None:
    classes = {name.split()[0]: label for label, name in enumerate(glyphs.classes("train"))}

    def height(point: str) -> float:
        drawn = glyphs.images("train")[glyphs.labels("train") == classes[point]][:, 0]
        return float(np.median((drawn.max(axis=2) > 60).sum(axis=1)))

    assert height("U+006F") < 0.8 * height("U+004F")


def test_homoglyphs_of_one_family_stand_for_one_character(glyphs: Benchmark) -> None:
    names = set(glyphs.classes("train"))
    assert "U+0041 LATIN CAPITAL LETTER A" in names
    assert "U+0391 GREEK CAPITAL LETTER ALPHA" not in names
    assert "U+0410 CYRILLIC CAPITAL LETTER A" not in names


@pytest.mark.parametrize(("shot", "query"), [(1, 3), (5, 5)])
def test_every_split_has_episodes_of_one_and_five_shots(glyphs: Benchmark, shot: int, query: int) -> None:
    for split in SPLITS:
        assert len(Episodes(glyphs, split, 5, shot, query, 0).eligible_classes) >= 40


def test_letters_are_letters_without_compatibility_forms() -> None:
    assert letters("Hebrew") == [chr(point) for point in range(0x05D0, 0x05EB)]
    assert {"A", "z", "é", "ß", "ſ"} - set(letters("Latin")) == {"ſ"}
    assert "ª" not in letters("Latin")


def test_glyphs_of_some_scripts_are_the_same_glyphs(glyphs: Benchmark) -> None:
    few = tasks.load("glyphs", scripts=["Hebrew", "Thai", "Latin", "Arabic"])
    assert few.domain_names == ("Latin", "Arabic", "Hebrew", "Thai")
    assert few.options == {"size": 28, "scripts": ["Latin", "Arabic", "Hebrew", "Thai"]}
    assert few.digest == tasks.load("glyphs", **few.options).digest
    for split in SPLITS:
        kept = np.isin([glyphs.domain_names[k] for k in glyphs.domains(split)], few.options["scripts"])
        assert np.array_equal(few.images(split), glyphs.images(split)[kept])
        assert few.domains(split).max() < 4
        for benchmark, labels in ((few, few.labels(split)), (glyphs, glyphs.labels(split)[kept])):
            names = [benchmark.classes(split)[label] for label in labels]
            assert names == [few.classes(split)[label] for label in few.labels(split)]


def test_all_scripts_are_plain_glyphs(glyphs: Benchmark) -> None:
    everything = tasks.load("glyphs", scripts=[script for split in SPLITS for script in SCRIPTS[split]])
    assert (everything.digest, everything.options) == (glyphs.digest, glyphs.options)


@pytest.mark.parametrize(
    ("scripts", "message"),
    [
        (
            ["Latin", "Arabic"],
            "leaves test without one; add at least one of Devanagari, Georgian, Hebrew, Thai",
        ),
        (["Latin", "Arabic", "Hebrw"], "glyphs has no script 'Hebrw'; nearest: Hebrew"),
        ("Latin", r"scripts must be a list, such as \[Latin, Arabic, Hebrew\], not 'Latin'"),
    ],
)
def test_scripts_that_make_no_benchmark_are_refused(scripts: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tasks.load("glyphs", scripts=scripts)
