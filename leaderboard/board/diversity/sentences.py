"""What the figures of the page say, in words: undecided results as plainly as others."""

from __future__ import annotations

import numpy as np

from leaderboard.board import figures
from leaderboard.board.diversity.model import Arm, Contest, Diversity, Gap, Grid, Panel, SizeLine
from leaderboard.board.model import Board
from leaderboard.ranking import Interval, Verdict
from leaderboard.statistics.trend import rank_correlation

# Slopes are told for so much more diversity: about the range that benchmarks span.
STEP = 0.1
CEILING = 0.95
_VERDICTS: tuple[Verdict, ...] = ("better", "worse", "equivalent", "undecided")


def arm(which: Arm | SizeLine) -> str:
    """``USL + head``, ``MAML, 5 steps``."""
    joint = " + " if which.adaptation == "head" else ", "
    return f"{which.initialisation}{joint}{which.adaptation}"


def title(contest: Contest) -> str:
    """``USL + head − MAML, 5 steps``."""
    return f"{arm(contest.transfer)} − {arm(contest.maml)}"


def counts(contest: Contest) -> list[tuple[Verdict, int]]:
    """How many columns have each verdict, those that occur."""
    verdicts = [gap.comparison.verdict for gap in contest.gaps]
    return [(verdict, verdicts.count(verdict)) for verdict in _VERDICTS if verdict in verdicts]


def headline(diversity: Diversity) -> str:
    """The answer, as far as there is one, from the panels that have a line."""
    lines = [panel.line for panel in diversity.panels if panel.line is not None]
    if not lines:
        return "Whether diversity decides between transfer and MAML cannot be told yet."
    told = [line.slope for line in lines if _decided(line.slope)]
    if not told:
        return "No change of the gap between transfer and MAML with diversity can be told."
    falls = sum(slope.estimate < 0 for slope in told)
    ways = []
    if falls:
        ways.append(f"falls with diversity in {_of(falls, len(lines))}")
    if len(told) > falls:
        ways.append(f"grows with diversity in {_of(len(told) - falls, len(lines))}")
    return f"Transfer's lead over MAML {' and '.join(ways)}."


def trend(panel: Panel) -> list[str]:
    """Does the gap change with diversity?"""
    said = [] if panel.line is None else _line(panel)
    if panel.silent:
        said.append(panel.silent)
    if panel.order is not None:
        rho = panel.order.rho
        p_value = figures.p_value(panel.order.p_value)
        said.append(f"Spearman's ρ {figures.effect(rho.estimate)}{_ends(rho)}, p = {p_value} by permutation.")
    if panel.mean_effect is not None:
        mean = panel.mean_effect
        said.append(f"Mean d over benchmarks {figures.effect(mean.estimate)}{_ends(mean)}.")
    return said


def _line(panel: Panel) -> list[str]:
    line = panel.line
    assert line is not None
    slope = Interval(
        STEP * line.slope.estimate, STEP * (line.slope.low or 0.0), STEP * (line.slope.high or 0.0)
    )
    verdict = "undecided"
    if _decided(line.slope):
        verdict = "it falls" if line.slope.estimate < 0 else "it grows"
    reach = ((slope.high or 0.0) - (slope.low or 0.0)) / 2
    said = [
        f"For each {STEP:g} of diversity the gap changes by {figures.signed_points(slope.estimate)} points "
        f"[{figures.signed_points(slope.low or 0.0)}, {figures.signed_points(slope.high or 0.0)}] over "
        f"{line.degrees + 2} benchmarks: {verdict}."
    ]
    if verdict == "undecided":
        said.append(
            f"A change of less than about {100 * reach:.1f} points could not have been told from none."
        )
    said.append(
        f"About the line benchmarks differ by {100 * line.between:.1f} points (standard deviation) beyond "
        "what seeds and episodes explain."
    )
    if line.without is not None:
        low, high = (figures.signed_points(STEP * end) for end in line.without)
        said.append(f"Without any one benchmark the change is between {low} and {high}.")
    return said


def rule(gap: Gap) -> str:
    """What the 1 % rule on d says."""
    if gap.effect is None:
        return figures.MISSING
    if gap.effect.negligible:
        return "no difference"
    return "transfer" if gap.effect.d.estimate > 0 else "MAML"


def confounds(board: Board, diversity: Diversity) -> list[str]:
    """What else than diversity differs between the benchmarks, and between the arms."""
    said = []
    known = {m.digest: m.classes_per_domain for m in diversity.measurements if m.classes_per_domain}
    if known:
        low, high = min(known.values()), max(known.values())
        said.append(
            f"Classes per domain: {figures.count(low)} everywhere."
            if high - low < 0.5
            else f"Classes per domain vary from {figures.count(low)} to {figures.count(high)}: what looks "
            "like diversity may be how much there is to learn from."
        )
    titles = {facts.digest: facts.title for facts in board.computed.benchmarks}
    for ruler in diversity.rulers:
        shallow = [
            titles[m.digest]
            for m in diversity.measurements
            if m.ruler == ruler.id and m.floor is not None and m.floor.estimate > m.mean.estimate / 2
        ]
        if shallow:
            said.append(
                f"By {ruler.label} the floor is more than half of the diversity, so that images and not "
                f"classes make most of it: {', '.join(shallow)}."
            )
    gaps = {gap.column: gap for contest in diversity.contests for gap in contest.gaps}
    chances = sorted({gap.chance for gap in gaps.values()})
    if len(chances) > 1:
        spelled = figures.listed([f"{figures.points(chance)} %" for chance in chances])
        said.append(
            f"Chance differs between columns ({spelled}): a gap of one point is not the same in each."
        )
    ceiling = [board.facts(gap.column).title for gap in gaps.values() if gap.best >= CEILING]
    if ceiling:
        said.append(
            f"Near the ceiling, the better arm at {100 * CEILING:g} % or more, so that no gap can be large: "
            f"{', '.join(ceiling)}."
        )
    said += [sentence for ruler in diversity.rulers if (sentence := _difficulty(diversity, ruler.id))]
    said += [
        f"{title(contest)}: the arms also differ in {figures.listed(list(contest.unlike))}."
        for contest in diversity.contests
        if contest.unlike
    ]
    return said


def _difficulty(diversity: Diversity, ruler: str) -> str:
    """Whether the more diverse benchmarks are also the harder ones."""
    best: dict[str, list[float]] = {}
    for contest in diversity.contests:
        for gap in contest.gaps:
            best.setdefault(gap.digest, []).append(gap.best)
    both = [
        (m.mean.estimate, best[m.digest])
        for m in diversity.measurements
        if m.ruler == ruler and m.digest in best
    ]
    found = rank_correlation(
        np.array([x for x, _ in both]), np.array([float(np.mean(values)) for _, values in both])
    )
    if found is None:
        return ""
    return (
        f"Diversity by {diversity.ruler(ruler).label} against the better arm's accuracy: Spearman's ρ "
        f"{figures.effect(found.rho.estimate)}{_ends(found.rho)}. The nearer to ±1, the less can the two be "
        "told apart as reasons."
    )


def averaged(grid: Grid, board: Board) -> str:
    """Over what a grid is averaged."""
    titles = [board.facts(column).title for column in grid.over]
    same = [
        column
        for column in board.computed.ranking.columns
        if (column.way, column.shot) == (grid.over[0].way, grid.over[0].shot)
    ]
    if len(titles) == len(same):
        shape = f"{grid.over[0].way}-way {grid.over[0].shot}-shot"
        return f"over all {len(same)} columns of {shape}. The interval speaks of these alone."
    return f"over {len(titles)} columns: {', '.join(titles)}. The interval speaks of these alone."


def _decided(slope: Interval) -> bool:
    return slope.low is not None and slope.high is not None and (slope.low > 0 or slope.high < 0)


def _of(some: int, every: int) -> str:
    return f"{some} of {every} panels" if every > 1 else "the one panel there is"


def _ends(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return ""
    return f" [{figures.effect(interval.low)}, {figures.effect(interval.high)}]"
