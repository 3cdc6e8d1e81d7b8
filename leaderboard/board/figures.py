"""How figures are spelled, in the terminal and on the page alike."""

from __future__ import annotations

from leaderboard.ranking import Interval

MISSING = "–"

_OVERALL = {
    "mean_rank": "mean rank",
    "mean_normalised": "mean normalised score",
    "interquartile_mean": "interquartile mean",
    "bradley_terry": "Bradley-Terry strength",
}


def overall_name(ordered_by: str) -> str:
    """What the overall score is called: ``mean_rank`` -> ``mean rank``."""
    return _OVERALL.get(ordered_by, ordered_by.replace("_", " "))


def points(accuracy: float) -> str:
    """An accuracy in 0..1 in percent: 0.8123 -> ``81.2``."""
    return f"{100 * accuracy:.1f}"


def signed_points(difference: float) -> str:
    """A difference of accuracies in points, with a true minus: -0.012 -> ``−1.2``."""
    text = f"{100 * difference:+.1f}".replace("-", "−")
    return "0.0" if text in ("+0.0", "−0.0") else text


def accuracy(interval: Interval) -> str:
    """An accuracy in percent: ``81.2 ± 1.3``, ``81.2 [79.0, 82.1]`` if lopsided, or ``81.2``."""
    return _spread(interval, 100.0, 1)


def score(interval: Interval) -> str:
    """An overall score and its interval: ``1.50 [1.00, 2.00]``."""
    return _spread(interval, 1.0, 2)


def rank(interval: Interval) -> str:
    """A rank and its interval: ``2 (1–3)``; the interval is left out where there is none."""
    if interval.low is None or interval.high is None:
        return _whole(interval.estimate)
    return f"{_whole(interval.estimate)} ({_whole(interval.low)}–{_whole(interval.high)})"


def rank_parts(interval: Interval) -> tuple[str, str]:
    """A rank and its interval apart: ``2`` and ``1–3``; the second is empty where there is none."""
    text = rank(interval)
    return text.partition(" ")[0], text.partition(" ")[2].strip("()")


def probability(value: float | None) -> str:
    """A probability with two digits that never claims certainty: ``0.97``, ``>0.99``."""
    if value is None:
        return MISSING
    if value > 0.995:
        return ">0.99"
    return "<0.01" if value < 0.005 else f"{value:.2f}"


def effect(value: float | None) -> str:
    """An effect size: ``+0.42``."""
    return MISSING if value is None else f"{value:+.2f}".replace("-", "−")


def effect_interval(interval: Interval) -> str:
    """An effect size and its interval: ``+0.42 [+0.10, +0.74]``."""
    if interval.low is None or interval.high is None:
        return effect(interval.estimate)
    return f"{effect(interval.estimate)} [{effect(interval.low)}, {effect(interval.high)}]"


def three_figures(interval: Interval) -> str:
    """A quantity of any size and its interval, to three significant figures: ``12.3 [11.9, 12.8]``."""
    if interval.low is None or interval.high is None:
        return f"{interval.estimate:.3g}"
    return f"{interval.estimate:.3g} [{interval.low:.3g}, {interval.high:.3g}]"


def p_value(value: float | None) -> str:
    """A p-value with three digits: ``0.031``, ``<0.001``."""
    if value is None:
        return MISSING
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def half_width(interval: Interval) -> str:
    """Half the width of an accuracy's interval, in points: ``± 1.3``."""
    if interval.low is None or interval.high is None:
        return ""
    return f"± {50 * (interval.high - interval.low):.1f}"


def count(value: float | None) -> str:
    """A number of things: ``20,000``."""
    return MISSING if value is None else f"{value:,.0f}"


def seconds(value: float | None) -> str:
    """A duration: ``0.42 s``, ``8.1 s``, ``3 min 20 s``, ``2 h 05 min``."""
    if value is None:
        return MISSING
    if value < 59.95:
        return f"{value:.2f} s" if value < 0.995 else f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(value / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def mebibytes(value: float | None) -> str:
    """Memory: ``512 MiB``, ``1.5 GiB``."""
    if value is None:
        return MISSING
    return f"{value:,.0f} MiB" if value < 1024 else f"{value / 1024:.1f} GiB"


def mean(values: list[float]) -> float | None:
    """The mean, or None of nothing."""
    return sum(values) / len(values) if values else None


def listed(names: list[str]) -> str:
    """Names in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def _whole(value: float) -> str:
    return f"{value:.0f}" if value == round(value) else f"{value:.1f}"


def _spread(interval: Interval, scale: float, digits: int) -> str:
    estimate = f"{scale * interval.estimate:.{digits}f}"
    if interval.low is None or interval.high is None:
        return estimate
    down, up = interval.estimate - interval.low, interval.high - interval.estimate
    if scale * abs(down - up) < 0.5 * 10**-digits:
        return f"{estimate} ± {scale * (down + up) / 2:.{digits}f}"
    return f"{estimate} [{scale * interval.low:.{digits}f}, {scale * interval.high:.{digits}f}]"
