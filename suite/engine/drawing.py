"""A snapshot as something that rich draws: in as many lines and columns as there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from suite.engine.hosts import Host
from suite.engine.snapshot import Running, Snapshot
from suite.engine.words import amount, gib, parts

# Of the lines above the tables, the blank ones between, and one that the terminal keeps.
_AROUND = 7
_FEWEST_CELLS = 3
_MOST_CELLS, _MOST_HOSTS = 16, 24
_WIDE = 100


@dataclass(frozen=True)
class Picture:
    """Drawn when rich asks for it, which is a few times a second, however many events there are."""

    of: Callable[[], Snapshot]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield draw(self.of(), options.max_width, options.height or console.height)


def draw(snapshot: Snapshot, width: int, height: int) -> RenderableType:
    """Counts and rates; below, hosts where there are several; below, running cells: as many as there is room
    for, with a word of how many are left out.
    """
    if snapshot.phase in ("planning", "starting") and not snapshot.running:
        return Text("starting Ray" if snapshot.phase == "starting" else "", style="dim")
    room = max(0, min(height, 60) - _AROUND)
    shown: list[RenderableType] = [_whole(snapshot, width)]
    if len(snapshot.hosts) > 1 and room > _FEWEST_CELLS + 2:
        cells = min(len(snapshot.running), _FEWEST_CELLS + 1)
        most = max(1, min(_MOST_HOSTS, room - cells - 2))
        shown += [Text(""), _hosts(snapshot.hosts, most)]
        room -= 2 + min(most + 1, len(snapshot.hosts))
    if snapshot.running and room > 0:
        shown += [Text(""), _cells(snapshot.running, max(1, min(_MOST_CELLS, room - 1)), width)]
    return Group(*shown)


def _whole(snapshot: Snapshot, width: int) -> RenderableType:
    counts, rates = parts(snapshot)
    bar = Table.grid(padding=(0, 2))
    whole = ProgressBar(total=max(1, snapshot.total), completed=snapshot.done, width=max(10, width // 3))
    bar.add_row(whole, Text(f"{snapshot.done:,} of {snapshot.total:,} cells", style="bold"))
    lines = [_joined(counts, width)]
    if rates:
        lines.append(_joined(rates, width, style="dim"))
    return Group(bar, *lines)


def _joined(words: Sequence[str], width: int, style: str = "") -> Text:
    """Words with dots between, broken between words alone."""
    text, used = Text(style=style), 0
    for i, word in enumerate(words):
        gap = " · " if i and used + 3 + len(word) <= width else "\n" if i else ""
        used = len(word) if gap in ("", "\n") else used + len(gap) + len(word)
        text.append(gap)
        text.append(word, style="red" if word.endswith(" failed") else "")
    return text


def _hosts(hosts: Sequence[Host], most: int) -> RenderableType:
    """A row a host: those with failures first where not all can be shown."""
    chosen = list(hosts)
    if len(hosts) > most:
        chosen = sorted(hosts, key=lambda host: (-host.failures, host.name))[:most]
    columns: list[tuple[str, Callable[[Host], str]]] = [
        ("host", lambda host: host.name),
        ("cells", lambda host: f"{host.running}" if host.node else ""),
        ("CPUs", lambda host: f"{host.cpus_held:g}/{host.cpus:g}" if host.node else ""),
        ("GPUs", lambda host: f"{host.gpus_held:g}/{host.gpus:g}" if host.gpus else ""),
        ("busy", lambda host: "" if host.busy is None else f"{host.busy:.0%}"),
        ("GPU memory", _memory),
        ("done", lambda host: f"{host.finished:,}"),
        ("failures", lambda host: f"{host.failures:,}" if host.failures else ""),
    ]
    rows = [[text(host) for _, text in columns] for host in chosen]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    kept = [i for i in range(len(columns)) if i == 0 or any(row[i] for row in rows)]
    for i in kept:
        title = columns[i][0]
        justify = "right" if i else "left"
        table.add_column(title, justify=justify, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]
    for row, host in zip(rows, chosen, strict=True):
        table.add_row(*(Text(row[i], style=_style(columns[i][0], host)) for i in kept))
    left = len(hosts) - len(chosen)
    return Group(table, Text(f"and {left} more", style="dim")) if left else table


def _style(column: str, host: Host) -> str:
    if column == "failures":
        return "red"
    return "" if host.node else "dim"


def _memory(host: Host) -> str:
    if host.memory_mib is None or host.memory_of_mib is None:
        return ""
    return f"{gib(host.memory_mib)}/{gib(host.memory_of_mib)} GiB"


def _cells(running: Sequence[Running], most: int, width: int) -> RenderableType:
    shown = running[:most]
    table = Table.grid(padding=(0, 2), expand=False)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for _ in range(3):
        table.add_column(no_wrap=True, justify="right")
    for cell in shown:
        speed = f"{amount(cell.images_per_second)} images/s" if cell.images_per_second else ""
        bar = ProgressBar(total=1.0, completed=cell.share, width=24 if width >= _WIDE else 10)
        table.add_row(Text(cell.title), bar, f"{cell.share:.0%}", Text(speed, style="dim"))
    left = len(running) - len(shown)
    return Group(table, Text(f"and {left} more", style="dim")) if left else table
