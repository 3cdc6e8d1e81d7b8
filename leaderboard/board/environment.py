"""What the templates know: how figures are spelled, how pictures are measured."""

from __future__ import annotations

import json
import re
from typing import Any

import jinja2
from markupsafe import Markup, escape

from leaderboard.board import figures, histogram, papers, plots, scatter, verdicts
from leaderboard.board.diversity.sentences import headline
from leaderboard.board.prediction.words import headline as predicted
from leaderboard.board.tracks import TITLES
from leaderboard.ranking import Interval, Standing

# More letters side by side make a wide column of dots.
_MOST_ALIGNED = 10


def environment() -> jinja2.Environment:
    """Templates with the filters and functions that they use; whatever they print is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("leaderboard.board"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        accuracy=figures.accuracy,
        half_width=figures.half_width,
        score=figures.score,
        rank_parts=figures.rank_parts,
        breakable=_breakable,
        unbroken=lambda text: text.replace("-", "\N{NON-BREAKING HYPHEN}"),
        points=figures.points,
        signed_points=figures.signed_points,
        signed_accuracy=_signed_accuracy,
        probability=figures.probability,
        count=figures.count,
        seconds=figures.seconds,
        mebibytes=figures.mebibytes,
        tick=lambda value: f"{value:.10g}",
        effect=figures.effect,
        effect_interval=figures.effect_interval,
        three_figures=figures.three_figures,
        verdict_over_diversity=headline,
        verdict_over_papers=papers.headline,
        verdict_over_prediction=predicted,
        p_value=figures.p_value,
        sort_key=lambda value: "" if value is None else f"{value:.10g}",
        capitalize_first=lambda text: text[:1].upper() + text[1:].rstrip("."),
        short_keys=lambda text: re.sub(r"[0-9a-f]{64}", lambda key: f"{key[0][:12]}…", text),
        change=lambda value: figures.MISSING if value is None else f"{value:.2g}",
        argument=lambda value: value if isinstance(value, str) else json.dumps(value, sort_keys=True),
    )
    functions: dict[str, Any] = {
        "accuracy_scale": plots.accuracy_scale,
        "drawn_interval": plots.drawn_interval,
        "aggregate_name": figures.overall_name,
        "rank_scale": plots.rank_scale,
        "alphabet_of": _alphabet,
        "scatter_size": (scatter.WIDTH, scatter.HEIGHT),
        "histogram_size": (histogram.WIDTH, histogram.HEIGHT),
        "most_methods": verdicts.MOST_METHODS,
        "matrix": verdicts.matrix,
        "would_decide": verdicts.would_decide,
        "sentence": verdicts.sentence,
        "symbols": verdicts.SYMBOLS,
        "track_titles": TITLES,
    }
    environment.globals.update(functions)
    return environment


def _breakable(label: str) -> Markup:
    """A label that a narrow page may break after a bracket, sign or underscore, and not within a word."""
    return Markup("<wbr>").join(escape(part) for part in re.split(r"(?<=[(_=,-])", label))


def _alphabet(standings: tuple[Standing, ...]) -> str:
    """Tie letters from the best group down, for letters to stand below their like; none if there are many."""
    letters = "".join(dict.fromkeys(letter for standing in standings for letter in standing.tie_groups))
    return letters if len(letters) <= _MOST_ALIGNED else ""


def _signed_accuracy(interval: Interval) -> str:
    text = figures.signed_points(interval.estimate)
    if interval.low is None or interval.high is None:
        return text
    return f"{text} [{figures.signed_points(interval.low)}, {figures.signed_points(interval.high)}]"
