"""Glyphs from script to script; emoji from vendor to vendor and from subject to subject."""

from __future__ import annotations

import numpy as np
import pytest

from tasks import SPLITS, Benchmark, Split, transfers
from tasks.emoji import STYLES, catalogue, split_of


def bag(*parts: Split) -> list[bytes]:
    return sorted(image.tobytes() for part in parts for image in part.images)


def test_scripts_are_on_one_side_with_all_images_of_their_larger_characters(glyphs: Benchmark) -> None:
    task = transfers.load("glyph_scripts", source=["Arabic", "Greek"], downstream=["Hebrew"], images=12)
    assert task.options["source"] == ["Greek", "Arabic"]
    names = {split: glyphs.classes(split) for split in SPLITS}
    for problem, scripts in ((task.source, {"Greek", "Arabic"}), (task.downstream, {"Hebrew"})):
        parts = problem.parts().values()
        domains = {task.domain_names[domain] for part in parts for domain in part.domains.tolist()}
        assert domains == scripts
        expected: list[bytes] = []
        classes = []
        for split in SPLITS:
            counts = np.bincount(glyphs.labels(split), minlength=len(names[split]))
            for label, name in enumerate(names[split]):
                own = glyphs.labels(split) == label
                script = glyphs.domain_names[glyphs.domains(split)[own][0]]
                if script in scripts and counts[label] >= 12:
                    classes.append(name)
                    expected += [image.tobytes() for image in glyphs.images(split)[own]]
        assert problem.classes == tuple(classes)
        assert bag(*parts) == sorted(expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": ["Latn"]}, "glyphs has no script 'Latn'; nearest: Latin"),
        ({"source": "Latin"}, "source must be a list of scripts, such as .*, not 'Latin'"),
        ({"downstream": []}, r"downstream must be a list of scripts, .*, not \[\]"),
        ({"downstream": ["Latin", "Thai"]}, "Latin is in source and in downstream"),
        ({"images": 2}, "images must be a whole number of at least 3, not 2"),
        ({"images": 99}, "no character of Latin has 99 images"),
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
    ],
)
def test_scripts_that_cannot_be_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        transfers.load("glyph_scripts", **options)


def emoji_of(emoji: Benchmark) -> dict[bytes, tuple[str, str]]:
    """Each picture's emoji and style, by its bytes; pictures that several emoji share are left out."""
    found: dict[bytes, set[tuple[str, str]]] = {}
    for split in SPLITS:
        for image, label, style in zip(
            emoji.images(split), emoji.labels(split), emoji.domains(split), strict=True
        ):
            found.setdefault(image.tobytes(), set()).add((emoji.classes(split)[label], STYLES[style]))
    return {picture: owners.pop() for picture, owners in found.items() if len(owners) == 1}


def test_vendors_show_other_emoji_of_the_same_groups(emoji: Benchmark) -> None:
    task = transfers.load("emoji_vendors", source="noto_color", downstream="twemoji")
    known = emoji_of(emoji)
    assert task.source.classes == task.downstream.classes
    assert len(task.source.classes) == 8
    shown: dict[str, list[str]] = {}
    for side, problem, style in (
        ("source", task.source, "noto_color"),
        ("downstream", task.downstream, "twemoji"),
    ):
        for part in problem.parts().values():
            assert {task.domain_names[domain] for domain in part.domains.tolist()} == {style}
            owners = [known[picture] for picture in bag(part) if picture in known]
            assert {owner[1] for owner in owners} == {style}
            shown.setdefault(side, []).extend(owner[0] for owner in owners)
    for names in shown.values():
        assert len(names) == len(set(names))
    assert not set(shown["source"]) & set(shown["downstream"])
    assert task.source.train.labels.tolist() != task.downstream.train.labels.tolist()


def test_a_picture_is_in_the_group_that_unicode_names(emoji: Benchmark) -> None:
    task, known = transfers.load("emoji_vendors"), emoji_of(emoji)
    group_of = {}
    for part in task.source.parts().values():
        for image, label in zip(part.images, part.labels, strict=True):
            if (picture := image.tobytes()) in known:
                group_of[known[picture][0].split(" ", 1)[1]] = task.source.classes[label]
    for group, names in {
        "Animals & Nature": {"DOG FACE", "TULIP", "BUTTERFLY", "COW FACE", "WHALE"},
        "Food & Drink": {"BANANA", "BREAD", "HOT BEVERAGE", "CHERRIES", "COOKIE"},
        "Travel & Places": {"AMBULANCE", "VOLCANO", "ROCKET", "BICYCLE", "TRAM"},
    }.items():
        present = names & set(group_of)
        assert present
        assert {group_of[name] for name in present} == {group}


def test_groups_are_apart_and_an_emoji_is_in_one_part_in_all_styles(emoji: Benchmark) -> None:
    task, known = transfers.load("emoji_groups", emoji=12), emoji_of(emoji)
    subgroup_of = {f"U+{ord(one.character):04X}": one.subgroup for one in catalogue()}
    assert {split_of(name) for name in task.source.classes} == {"train"}
    assert {split_of(name) for name in task.downstream.classes} == {"validation", "test"}
    parts: dict[str, set[int]] = {}
    for place, part in enumerate(
        part for problem in (task.source, task.downstream) for part in problem.parts().values()
    ):
        classes = (task.source if place < 3 else task.downstream).classes
        assert np.array_equal(part.domains.reshape(-1, 4), np.tile(np.arange(4), (len(part.labels) // 4, 1)))
        for image, label in zip(part.images, part.labels, strict=True):
            if (picture := image.tobytes()) in known:
                name = known[picture][0]
                parts.setdefault(name, set()).add(place)
                assert subgroup_of[name.split(" ")[0]] == classes[label]
    assert len(parts) > 500
    assert all(len(places) == 1 for places in parts.values())


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("emoji_vendors", {"source": "apple"}, "source must be one of twemoji, .*, not 'apple'"),
        ("emoji_vendors", {"downstream": "twemoji"}, "must be two styles, not twemoji twice"),
        ("emoji_groups", {"emoji": 2}, "emoji must be a whole number of at least 3, not 2"),
        ("emoji_groups", {"emoji": 60}, "1 subgroups of source have 60 emoji; 2 are needed"),
        ("emoji_groups", {"size": 4}, "size must be a whole number of 8 to 128 pixels"),
    ],
)
def test_emoji_that_cannot_be_are_refused(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        transfers.load(name, **options)
