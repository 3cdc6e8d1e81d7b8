"""``emoji``: one picture by four hands, near-twins in one split."""

from __future__ import annotations

import numpy as np
import pytest

from tasks import SPLITS, Benchmark, Episodes
from tasks.digests import compare
from tasks.emoji import _FONTS, HELD_OUT, STYLES, Style, _draw_font, _font_has, catalogue, split_of


def test_emoji_is_the_reference_data(emoji: Benchmark) -> None:
    assert compare(emoji).matches, str(compare(emoji))


def test_every_class_has_one_picture_in_each_style(emoji: Benchmark) -> None:
    assert emoji.domain_names == STYLES == ("twemoji", "openmoji", "noto_color", "noto_mono")
    for split in SPLITS:
        pairs = np.stack([emoji.labels(split), emoji.domains(split)], axis=1)
        assert len(np.unique(pairs, axis=0)) == len(pairs) == 4 * len(emoji.classes(split))
    assert sum(len(emoji.classes(split)) for split in SPLITS) > 1_300
    assert [len(emoji.classes(split)) > least for split, least in zip(SPLITS, (800, 200, 250), strict=True)]


def test_no_subgroup_and_no_emoji_is_in_two_splits(emoji: Benchmark) -> None:
    subgroup = {f"U+{ord(one.character):04X}": one.subgroup for one in catalogue()}
    found = {split: {subgroup[name.split()[0]] for name in emoji.classes(split)} for split in SPLITS}
    assert not found["train"] & found["validation"]
    assert not found["train"] & found["test"]
    assert not found["validation"] & found["test"]
    assert {split: found[split] for split in HELD_OUT} == {split: set(HELD_OUT[split]) for split in HELD_OUT}


def test_near_twins_share_a_split() -> None:
    for kin in (
        ("face-smiling", "face-negative", "cat-face", "monkey-face", "animal-mammal"),
        ("arrow", "av-symbol", "geometric", "other-symbol", "alphanum", "transport-sign", "warning"),
        ("person", "person-role", "person-sport", "family"),
        ("heart", "game"),
        ("hand-fingers-open", "hand-fingers-closed", "hands", "body-parts"),
        ("animal-marine", "food-marine"),
    ):
        assert len({split_of(subgroup) for subgroup in kin}) == 1


def test_pictures_are_on_white(emoji: Benchmark) -> None:
    for split in SPLITS:
        images = emoji.images(split)
        assert (images[:, :, [0, 0, -1, -1], [0, -1, 0, -1]] > 200).all()
        assert (images.reshape(len(images), -1).min(axis=1) < 240).all(), "white things have a faint shade"


@pytest.mark.parametrize("font", _FONTS, ids=lambda font: font.name)
def test_no_drawing_reaches_the_edge_of_its_tile(font: Style) -> None:
    characters = [one.character for one in catalogue()]
    known = _font_has(font)
    drawn = _draw_font([character for character in characters if character in known][::3], font, 64)
    edge = np.ones((64, 64), dtype=bool)
    edge[1:-1, 1:-1] = False
    assert drawn[:, edge, 3].max() <= 8


def test_colour_styles_have_colour_and_the_black_one_none(emoji: Benchmark) -> None:
    images, domains = emoji.images("test").astype(int), emoji.domains("test")
    colourful = (images.max(axis=1) - images.min(axis=1)).max(axis=(1, 2)) > 40
    shares = [colourful[domains == style].mean() for style in range(len(STYLES))]
    assert min(shares[:3]) > 0.75
    assert shares[3] == 0


def test_one_shot_episodes_ask_for_the_other_styles(emoji: Benchmark) -> None:
    episode = Episodes(emoji, "test", 5, 1, 3, 0)[0]
    styles = emoji.domains("test")[list(episode.indices)]
    for k in range(5):
        assert sorted([styles[k], *styles[5 + 3 * k : 8 + 3 * k]]) == [0, 1, 2, 3]
