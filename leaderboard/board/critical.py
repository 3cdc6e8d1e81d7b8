"""Critical-difference pictures (Demsar 2006, JMLR 7:1-30): median ranks, and bars that join what is tied.

Lengths are units of the picture's own coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.board import figures
from leaderboard.board.plots import Scale, rank_scale
from leaderboard.ranking import Standing

WIDTH = 1000
MOST_DRAWN = 24
_MARGIN = 350
_AXIS = 34
_BAR, _ROW = 9, 19
_LONGEST_LABEL = 44


@dataclass(frozen=True)
class Label:
    """A method beside the axis: a line from its rank to its name. ``anchor`` as in SVG's text-anchor."""

    method: str
    text: str
    rank: str
    line: str
    x: str
    y: str
    anchor: str


@dataclass(frozen=True)
class Bar:
    """A tie group: a line over its members' ranks, with a dot for each."""

    letter: str
    y: str
    x1: str
    x2: str
    dots: tuple[str, ...]


@dataclass(frozen=True)
class Critical:
    """The picture, and what it says in words for those who do not see it."""

    height: str
    left: str
    right: str
    axis: str
    ticks: tuple[tuple[str, str], ...]
    labels: tuple[Label, ...]
    bars: tuple[Bar, ...]
    words: str
    left_out: int


def critical(standings: Sequence[Standing]) -> Critical | None:
    """The picture of a column or of all; None where fewer than two methods share a ranking."""
    ranked = [standing for standing in standings if not standing.partial]
    drawn = sorted(ranked[:MOST_DRAWN], key=lambda standing: standing.rank.estimate)
    if len(drawn) < 2:
        return None
    scale = rank_scale(drawn) if len(drawn) == len(ranked) else _reaching(drawn)
    groups = _groups(drawn)
    below = _AXIS + 12 + _BAR * len(groups)
    half = (len(drawn) + 1) // 2
    labels = [_label(s, scale, below + _ROW * (i + 0.5), "start") for i, s in enumerate(drawn[:half])]
    labels += [_label(s, scale, below + _ROW * (i + 0.5), "end") for i, s in enumerate(drawn[half:][::-1])]
    return Critical(
        height=_number(below + _ROW * half + 6),
        left=_number(_MARGIN),
        right=_number(WIDTH - _MARGIN),
        axis=_number(_AXIS),
        ticks=tuple((_x(tick, scale), f"{tick:g}") for tick in scale.ticks),
        labels=tuple(labels),
        bars=tuple(
            _bar(letter, members, scale, _AXIS + 12 + _BAR * i) for i, (letter, members) in enumerate(groups)
        ),
        words=_words(drawn, groups),
        left_out=len(ranked) - len(drawn),
    )


def _reaching(drawn: Sequence[Standing]) -> Scale:
    """A scale over the ranks of those drawn, where more are ranked than drawn."""
    last = max(standing.rank.estimate for standing in drawn)
    step = 1 if last <= 12 else 5 if last <= 40 else 10
    ticks = tuple(float(tick) for tick in (1, *range(step, int(last) + 1, step)) if tick)
    return Scale(0.5, last + 0.5, tuple(sorted(set(ticks))))


def _groups(drawn: Sequence[Standing]) -> list[tuple[str, list[Standing]]]:
    letters = sorted({letter for standing in drawn for letter in standing.tie_groups})
    groups = [(letter, [s for s in drawn if letter in s.tie_groups]) for letter in letters]
    ordered = sorted(groups, key=lambda group: (group[1][0].rank.estimate, group[0]))
    return [(letter, members) for letter, members in ordered if len(members) > 1]


def _label(standing: Standing, scale: Scale, y: float, anchor: str) -> Label:
    x = _x(standing.rank.estimate, scale)
    end = _MARGIN - 8 if anchor == "start" else WIDTH - _MARGIN + 8
    text = standing.method
    return Label(
        method=standing.method,
        text=text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 1] + "…",
        rank=figures.rank(standing.rank),
        line=f"{x},{_AXIS} {x},{_number(y)} {end},{_number(y)}",
        x=_number(end - 6 if anchor == "start" else end + 6),
        y=_number(y),
        anchor="end" if anchor == "start" else "start",
    )


def _bar(letter: str, members: Sequence[Standing], scale: Scale, y: float) -> Bar:
    dots = tuple(_x(member.rank.estimate, scale) for member in members)
    return Bar(letter, _number(y), dots[0], dots[-1], dots)


def _words(drawn: Sequence[Standing], groups: Sequence[tuple[str, Sequence[Standing]]]) -> str:
    ranks = "; ".join(f"{s.method} {figures.rank(s.rank)}" for s in drawn)
    ties = "; ".join(figures.listed([member.method for member in members]) for _, members in groups)
    return f"Median ranks: {ranks}. Not separable: {ties or 'none'}."


def _x(rank: float, scale: Scale) -> str:
    return _number(_MARGIN + scale.share(rank) * (WIDTH - 2 * _MARGIN))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
