"""From a board and the diversity of its data to what the page of that name shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leaderboard.board import figures
from leaderboard.board.diversity.arms import arms_of, is_maml, is_transfer
from leaderboard.board.diversity.grids import grids, scores, sizes
from leaderboard.board.diversity.model import Arm, Contest, Diversity, Fit, Measurement, Ruler
from leaderboard.board.diversity.verdict import contests, panels
from leaderboard.board.model import Board, Entry
from leaderboard.ranking import Interval


def assess(
    board: Board, rulers: tuple[Ruler, ...], measurements: tuple[Measurement, ...]
) -> Diversity | None:
    """Diversity, gaps and what follows; None where neither diversity was measured nor two arms meet."""
    arms = arms_of(board.computed.methods)
    met = contests(board, arms)
    if not met and not measurements:
        return None
    level, known = board.computed.ranking.level, scores(board)
    measured = {(m.digest, m.ruler): m for m in measurements}
    order = _order(board, rulers, measured)
    return Diversity(
        rulers=rulers,
        measurements=measurements,
        order=order,
        contests=met,
        panels=panels(met, rulers, measured, level),
        grids=grids(board, arms, known),
        sizes=sizes(board, arms, met, known),
        fits=_fits(board, met, order),
        missing=_missing(board, arms, met, rulers, measured),
    )


def _order(
    board: Board, rulers: Sequence[Ruler], measured: Mapping[tuple[str, str], Measurement]
) -> tuple[str, ...]:
    """Digests of data, the least diverse first by the first ruler that has them; unmeasured ones last."""

    def place(digest: str) -> tuple[int, float, str]:
        for number, ruler in enumerate(rulers):
            if (digest, ruler.id) in measured:
                return number, measured[digest, ruler.id].mean.estimate, digest
        return len(rulers), 0.0, digest

    return tuple(sorted((facts.digest for facts in board.computed.benchmarks), key=place))


def _fits(board: Board, met: Sequence[Contest], order: Sequence[str]) -> tuple[Fit, ...]:
    """How far each arm's trainings went; arms that adapt one checkpoint in several ways have one row."""
    rows: dict[tuple[str | None, ...], Fit] = {}
    for method in dict.fromkeys(arm.method for contest in met for arm in (contest.transfer, contest.maml)):
        for entry in board.entries(method):
            rows.setdefault(tuple(seed.train_key for seed in entry.seeds), _fit(entry))
    number = {digest: place for place, digest in enumerate(order)}
    # By benchmark, so that both arms stand side by side.
    return tuple(sorted(rows.values(), key=lambda fit: (number[fit.column.digest], fit.column)))


def _fit(entry: Entry) -> Fit:
    accuracies = [seed.train_accuracy for seed in entry.seeds if seed.train_accuracy is not None]
    reached = [seed.plateau for seed in entry.seeds if seed.plateau is not None]
    return Fit(
        method=entry.method,
        column=entry.column,
        seeds=len(entry.seeds),
        accuracy=Interval(sum(accuracies) / len(accuracies), min(accuracies), max(accuracies))
        if accuracies
        else None,
        plateau=sum(reached) if reached else None,
        images=figures.mean([seed.images for seed in entry.seeds if seed.images is not None]),
        criterion="; ".join(sorted({seed.criterion for seed in entry.seeds if seed.criterion})),
    )


def _missing(
    board: Board,
    arms: Sequence[Arm],
    met: Sequence[Contest],
    rulers: Sequence[Ruler],
    measured: Mapping[tuple[str, str], Measurement],
) -> tuple[str, ...]:
    """What keeps the page from being whole, and what to do, in sentences."""
    said, sweep = [], board.computed.sweep
    titles = {facts.digest: facts.title for facts in board.computed.benchmarks}
    scored = [facts.digest for facts in board.computed.benchmarks if facts.columns]
    if not rulers:
        said.append(
            f"No diversity was measured{' by this sweep' * (sweep is not None)}, so there is nothing to hold "
            "the gaps against. A sweep whose `diversity:` names probes measures it, and so does `league "
            "measure diversity BENCHMARK…`, whose figures are on the whole store's board: `league board` "
            "without `--sweep`."
        )
    for ruler in rulers:
        lacking = [titles[digest] for digest in scored if (digest, ruler.id) not in measured]
        if lacking:
            said.append(f"Not measured by {ruler.label}: {', '.join(sorted(lacking))}.")
    if not met:
        transfer, maml = any(map(is_transfer, arms)), any(map(is_maml, arms))
        if transfer and maml:
            said.append("No transfer arm and MAML arm share backbone and width, so that there is no gap.")
        else:
            lack = [
                name
                for name, there in (
                    ("`transfer` with a head", transfer),
                    ("`maml` or `fomaml` with an inner loop", maml),
                )
                if not there
            ]
            said.append(f"No gap between transfer and MAML: the board has no {' and no '.join(lack)}.")
    return tuple(said)
