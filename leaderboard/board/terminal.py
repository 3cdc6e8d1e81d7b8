"""The board in a terminal: at most 100 columns wide, and plain where there is no colour."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from leaderboard.board import figures, summary
from leaderboard.board.model import Board
from leaderboard.board.prediction import words
from leaderboard.board.prediction.model import Transfer
from leaderboard.board.tracks import TITLES
from leaderboard.ranking import Column, Standing

WIDTH = 100


def render_terminal(board: Board, measured: bool = True) -> RenderableType:
    """Headline, the overall table (where there are several columns), one table a column, holes and notes; and
    what predicts transfer. One track follows the other."""
    parts = _track(board, measured)
    for other in board.tracks:
        parts += ["", Text(f"{TITLES[other.track]} track", style="bold underline"), *_track(other, measured)]
    return Padding(Group(*parts), (0, 0))


def _track(board: Board, measured: bool) -> list[RenderableType]:
    ranking = board.computed.ranking
    parts: list[RenderableType] = [Text(summary.headline(board), style="bold")]
    parts += [Text(line, style="dim") for line in (summary.sureness(board), summary.basis(board)) if line]
    if len(ranking.columns) > 1:
        parts += ["", _standings(board, ranking.overall, None, measured)]
    for column in ranking.columns:
        parts += ["", _standings(board, ranking.by_column[column], column, measured)]
    if ranking.columns:
        parts += ["", Text(_legend(board), style="dim")]
    if board.transfer is not None and board.transfer.figures:
        parts += _prediction(board.transfer)
    parts += _missing(board)
    if board.computed.notes:
        parts += ["", _bulleted(board.computed.notes)]
    return parts


def _standings(board: Board, standings: tuple[Standing, ...], column: Column | None, measured: bool) -> Table:
    ranking = board.computed.ranking
    title = "Overall" if column is None else board.facts(column).title
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    table.add_column("Rank", justify="right", no_wrap=True)
    table.add_column("Method", overflow="fold", max_width=30)
    score_name = figures.overall_name(ranking.ordered_by) if column is None else "accuracy %"
    table.add_column(score_name.capitalize(), justify="right", no_wrap=True, max_width=22)
    table.add_column("Ties", no_wrap=True, max_width=8)
    table.add_column("P(>next)", justify="right", no_wrap=True)
    table.add_column("T", no_wrap=True)
    table.add_column("Images", justify="right", no_wrap=True)
    if board.transfer is not None:
        table.add_column("Tuned", justify="right", no_wrap=True)
    if measured:
        table.add_column("Training", justify="right", no_wrap=True)
    for standing in standings:
        table.add_row(*_row(board, standing, column, measured))
    for absence in board.computed.absences:
        if absence.column == column:
            table.add_row(figures.MISSING, Text(absence.method), Text("no result", style="red"))
    return table


def _row(board: Board, standing: Standing, column: Column | None, measured: bool) -> list[RenderableType]:
    facts = summary.of_method(board, standing.method, column)
    name = Text(standing.method)
    if standing.partial:
        name.append(" (partial)", style="yellow")
    score = figures.score(standing.score) if column is None else figures.accuracy(standing.score)
    row: list[RenderableType] = [
        figures.rank(standing.rank),
        name,
        Text(score),
        standing.tie_groups,
        figures.probability(standing.p_better_than_next),
        Text("T", style="yellow") if facts.transductive else "",
        figures.count(facts.images),
    ]
    if board.transfer is not None:
        row.append(figures.count(board.transfer.tuned(standing.method, column)))
    if measured:
        row.append(figures.seconds(summary.of_time(board, standing.method, column).train_wall))
    return row


def _prediction(transfer: Transfer) -> list[RenderableType]:
    """What predicts transfer: the figures shown first, over all columns."""
    said = transfer.silent or words.headline(transfer)
    parts: list[RenderableType] = ["", Text("What predicts transfer?", style="bold"), Text(said)]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("Figure", "Where", "ρ", "Verdict"):
        table.add_column(name, justify="right" if name == "ρ" else "left", no_wrap=name != "Figure")
    for found in transfer.predictors:
        if found.shown and found.pooled.rho is not None:
            rho = figures.effect_interval(found.pooled.rho)
            place = found.place
            table.add_row(words.name(place, transfer), words.where(place), rho, found.pooled.answer)
    return [*parts, table] if table.row_count else parts


def _legend(board: Board) -> str:
    lines = [
        "Rank: median and 95 % interval. Methods that share a letter under Ties are not separable (Holm)."
    ]
    if any(entry.transductive for entry in board.computed.entries):
        lines.append("T: transductive, predictions for a query depend on the other queries.")
    return "\n".join(lines)


def _bulleted(notes: tuple[str, ...]) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    for note in notes:
        grid.add_row("·", Text(note), style="dim")
    return grid


def _missing(board: Board) -> list[RenderableType]:
    holes = board.computed.holes
    if not holes:
        return []
    parts: list[RenderableType] = ["", Text(f"{len(holes)} without a result", style="bold red")]
    for hole in holes:
        who = [hole.kind or "", hole.method or f"cell {hole.key[:12]}", hole.benchmark or ""]
        who.append("" if hole.seed is None else f"seed {hole.seed}")
        parts.append(Text(f"  {' · '.join(part for part in who if part)}: {hole.reason}"))
    return parts
