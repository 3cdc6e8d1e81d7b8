"""What figures are called, and what their correlations say, in words: nothing as plainly as much."""

from __future__ import annotations

from collections.abc import Sequence

from leaderboard.board import figures
from leaderboard.board.prediction.model import FEATURES, Answer, Correlation, Place, Predictor, Transfer
from leaderboard.board.prediction.verdict import WEAK
from leaderboard.ranking import Interval, Verdict

_NAMES = {
    "neural_collapse.nc1": "NC1",
    "neural_collapse.nc2_norm": "NC2, lengths",
    "neural_collapse.nc2_angle": "NC2, angles",
    "neural_collapse.nc3": "NC3",
    "neural_collapse.nc4": "NC4",
    "neural_collapse.cdnv": "CDNV",
    "class_separation": "Class separation R²",
    "cka_to_reference": "CKA",
}

SYMBOLS: dict[Answer, str] = {
    "predicts": "▲",
    "opposite": "▼",
    "nothing shown": "=",
    "undecided": "?",
    "cannot be told": "–",
}
COLOURS: dict[Answer, Verdict] = {
    "predicts": "better",
    "opposite": "worse",
    "nothing shown": "equivalent",
    "undecided": "undecided",
    "cannot be told": "undecided",
}
"""The colours of verdicts on pairs, which readers know."""


def name(place: Place, transfer: Transfer) -> str:
    """A figure: ``NC1``, ``Label alignment``, ``CKA to softmax``. Measures that are not known here go by
    their own names."""
    plain = place.figure.replace("_", " ").replace(".", ", ")
    told = _NAMES.get(place.figure, plain[:1].upper() + plain[1:])
    if not place.reference:
        return f"{told}{_version(place, transfer)}"
    words = {recipe.label: recipe.words for recipe in transfer.recipes}
    return f"{told} to {words.get(place.reference, place.reference)}{_version(place, transfer)}"


def where(place: Place) -> str:
    """``source test``, ``downstream train, block2``."""
    layer = "" if place.layer == FEATURES else f", {place.layer}"
    return f"{place.problem} {place.split}{layer}"


def title(place: Place, transfer: Transfer) -> str:
    """Figure and place."""
    return f"{name(place, transfer)}, {where(place)}"


def _version(place: Place, transfer: Transfer) -> str:
    """Figures of a measure whose source has changed are not compared, and told apart."""
    codes = {
        f.place.code
        for f in transfer.figures
        if (f.place.figure, f.place.reference) == (place.figure, place.reference)
    }
    return f" (source {place.code[:8]})" if len(codes) > 1 else ""


def headline(transfer: Transfer) -> str:
    """The answer in a sentence, from the figures shown first."""
    shown = [found for found in transfer.predictors if found.shown]
    sure = [found for found in shown if found.pooled.answer in ("predicts", "opposite")]
    if not any(found.pooled.rho for found in shown):
        return "What predicts transfer cannot be told yet."
    if not sure:
        nothing = sum(found.pooled.answer == "nothing shown" for found in shown)
        if nothing == len(shown):
            return "Nothing that was measured predicts transfer."
        return f"None of {len(shown)} figures is shown to predict transfer."
    best = max(sure, key=lambda found: abs(_rho(found).estimate))
    verb = "rises" if best.pooled.answer == "predicts" else "falls"
    first = f"Transfer accuracy {verb} with {_in_sentence(name(best.place, transfer))} ({where(best.place)})"
    if len(sure) == 1:
        return f"{first}; no other figure is shown to predict it."
    return f"{first}, most clearly of the {len(sure)} figures that predict it."


def meaning(found: Correlation) -> str:
    """What a verdict on a correlation means, shortly."""
    if found.answer == "predicts":
        return "the higher, the better"
    if found.answer == "opposite":
        return "the higher, the worse"
    if found.answer == "nothing shown":
        return f"at most weak: within ±{WEAK:g}"
    if found.answer == "cannot be told":
        return _untold(found)
    if found.more is None:
        return f"{found.methods} ways of training should do: more seeds may decide"
    return f"about {found.more} ways of training would decide, not {found.methods}"


def sentence(found: Predictor, transfer: Transfer) -> str:
    """One figure over all columns, for those who skip the table."""
    told, rho = title(found.place, transfer), found.pooled.rho
    if rho is None:
        return f"{told}: {_untold(found.pooled)}."
    spelled = figures.effect_interval(rho)
    said = {
        "predicts": f"{told} predicts accuracy, the higher the better: ρ {spelled}.",
        "opposite": f"{told} predicts accuracy in reverse, the higher the worse: ρ {spelled}.",
        "nothing shown": f"{told} predicts nothing that shows: ρ {spelled}, weak at most.",
    }
    return said.get(found.pooled.answer, f"{told}: undecided, ρ {spelled}; {meaning(found.pooled)}.")


def comparisons(transfer: Transfer, level: float) -> str:
    """How many correlations were looked at, and what chance alone makes of so many."""
    first = sum(found.shown and found.pooled.rho is not None for found in transfer.predictors)
    every = sum(found.pooled.rho is not None for found in transfer.predictors)
    columns = sum(each.rho is not None for found in transfer.predictors for each in found.columns)
    share = 1 - level
    return (
        "Each correlation is tested by itself and nothing is corrected for how many there are: "
        f"{first} in the first table, of which about {share * first:.1f} would seem to predict if none did; "
        f"{every} with other layers and splits, about {share * every:.1f}; {columns} more in single columns, "
        f"about {share * columns:.0f}. Figures go together, so that one that seems to predict by chance "
        "brings others with it."
    )


def basis(transfer: Transfer) -> str:
    """What the correlations rest on, in one line."""
    ways = {pair.adaptation for pair in transfer.pairs}
    columns = {each.column for found in transfer.predictors for each in found.columns}
    return " · ".join(
        (
            _plural(len(transfer.recipes), "way") + " of training",
            _plural(len(ways), "way") + " to adapt",
            _plural(len(columns), "column"),
            _plural(len({f.place for f in transfer.figures}), "figure"),
        )
    )


def digits(value: float) -> str:
    """A figure of any size to three digits: ``0.123``, ``12.3``, ``1,230``."""
    text = f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
    return text.replace("-", "−") if abs(value) < 1e6 else f"{value:.2e}"


def ordered(places: Sequence[Place]) -> list[Place]:
    """Places as tables have them: by figure, source before downstream."""
    return sorted(set(places), key=lambda p: (p.figure, p.reference, p.problem != "source", p))


def _untold(found: Correlation) -> str:
    if found.methods == 0:
        return "no training has both the figure and an accuracy"
    return f"{found.methods} ways of training, too few or all alike"


def _rho(found: Predictor) -> Interval:
    assert found.pooled.rho is not None
    return found.pooled.rho


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _in_sentence(text: str) -> str:
    """Without its capital, but for abbreviations."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
