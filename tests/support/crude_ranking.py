"""A ranking made by hand from means, for tests of the pages that show one. No statistics worth the name."""

from __future__ import annotations

import itertools
import math

import numpy as np

from leaderboard.ranking import Column, Comparison, Interval, Outcomes, Ranking, Standing, Verdict


def crude_rank(outcomes: Outcomes, margin: float = 0.01) -> Ranking:
    """Order by mean accuracy; intervals of fixed width; tie groups where means are within two margins."""
    columns = tuple(sorted({column for _, column in outcomes.values}))
    methods = sorted({method for method, _ in outcomes.values})
    means = {place: float(values.mean()) for place, values in outcomes.values.items()}
    by_column = {
        column: _standings({m: v for (m, c), v in means.items() if c == column}, column, outcomes, margin)
        for column in columns
    }
    ranks: dict[str, list[float]] = {method: [] for method in methods}
    for standings in by_column.values():
        for standing in standings:
            ranks[standing.method].append(standing.rank.estimate)
    overall = {method: -sum(found) / len(found) for method, found in ranks.items() if found}
    return Ranking(
        columns=columns,
        overall=_standings(overall, None, outcomes, margin),
        by_column=by_column,
        comparisons=tuple(
            _compare(a, b, column, outcomes, margin)
            for column in columns
            for a, b in itertools.combinations(sorted(m for m in methods if (m, column) in means), 2)
        ),
        ordered_by="mean_rank",
        margin=margin,
        notes=("This ranking was made by hand for a test.",),
        aggregates={m: {"mean_rank": Interval(-value, None, None)} for m, value in sorted(overall.items())},
    )


def _standings(
    scores: dict[str, float], column: Column | None, outcomes: Outcomes, margin: float
) -> tuple[Standing, ...]:
    order = sorted(scores, key=lambda method: (-scores[method], method))
    standings, letter = [], 0
    for place, method in enumerate(order, 1):
        if place > 1 and scores[order[place - 2]] - scores[method] > 2 * margin:
            letter += 1
        found = [v for (m, c), v in outcomes.values.items() if m == method and column in (None, c)]
        score = scores[method] if column else -scores[method]
        standings.append(
            Standing(
                method=method,
                column=column,
                score=Interval(score, score - 0.02, score + 0.02),
                rank=Interval(place, max(1, place - 1), min(len(order), place + 1)),
                tie_groups="abcdefghijklmnopqrstuvwxyz"[letter],
                p_better_than_next=0.97 if place < len(order) else None,
                seeds=min(len(v) for v in found),
                episodes=min(v.shape[1] for v in found),
                partial=()
                if column
                else tuple(
                    sorted({c for _, c in outcomes.values} - {c for m, c in outcomes.values if m == method})
                ),
            )
        )
    return tuple(standings)


def _compare(a: str, b: str, column: Column, outcomes: Outcomes, margin: float) -> Comparison:
    paired = outcomes.values[a, column].mean(0) - outcomes.values[b, column].mean(0)
    difference, half = float(paired.mean()), 2 * float(paired.std()) / math.sqrt(len(paired))
    verdict: Verdict = "undecided"
    if abs(difference) + half < margin:
        verdict = "equivalent"
    elif abs(difference) > half:
        verdict = "better" if difference > 0 else "worse"
    return Comparison(
        a=a,
        b=b,
        column=column,
        difference=Interval(difference, difference - half, difference + half),
        cohens_d=difference / float(paired.std()),
        p_better=float(np.mean(paired > 0)),
        p_value=0.03,
        p_holm=0.06,
        verdict=verdict,
        more_episodes=400 if verdict == "undecided" else None,
    )
