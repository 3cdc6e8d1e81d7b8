"""Figures of a sweep in words: what is not known is left out."""

from __future__ import annotations

from suite.engine.snapshot import Snapshot

_GIB = 1024


def parts(snapshot: Snapshot) -> tuple[list[str], list[str]]:
    """What is counted, beside what is done; and times, rates, GPUs and cost."""
    counts = [
        f"{count:,} {word}"
        for count, word in (
            (snapshot.running_cells, "running"),
            (snapshot.waiting, "waiting"),
            (snapshot.failed, "failed"),
            (snapshot.blocked, "blocked"),
        )
        if count
    ]
    counts.append(f"{clock(snapshot.seconds)} gone")
    if snapshot.seconds_left is not None:
        counts.append(f"about {clock(snapshot.seconds_left)} left")
    rates = []
    if snapshot.cells_a_minute is not None:
        rates.append(f"{amount(snapshot.cells_a_minute)} cells/min")
    if snapshot.images_per_second is not None:
        rates.append(f"{amount(snapshot.images_per_second)} images/s")
    if snapshot.gpus:
        rates.append(f"{snapshot.gpus_held:g} of {snapshot.gpus:g} GPUs held")
    if snapshot.gpus_busy is not None:
        rates.append(f"{snapshot.gpus_measured} measured {snapshot.gpus_busy:.0%} busy")
    if snapshot.spent is not None:
        rates.append(f"{money(snapshot.spent, snapshot.currency)} spent")
        if snapshot.spent_at_end is not None:
            rates.append(f"about {money(snapshot.spent_at_end, snapshot.currency)} in all")
    return counts, rates


def summary(snapshot: Snapshot) -> str:
    """All of it as one line."""
    counts, rates = parts(snapshot)
    return ", ".join([f"{snapshot.done} of {snapshot.total} cells", *counts, *rates])


def clock(seconds: float) -> str:
    """Such as 1:05, or 2:00:07."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def amount(value: float) -> str:
    """With a digit after the point where that tells something."""
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def money(value: float, currency: str) -> str:
    """A sign stands before, a word behind."""
    figure = f"{value:,.2f}"
    return f"{figure} {currency}" if currency.isalpha() else f"{currency}{figure}"


def gib(mib: float) -> str:
    """MiB as whole GiB."""
    return f"{mib / _GIB:.0f}"
