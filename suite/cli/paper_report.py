"""Findings as text and JSON: the claim, every check, the figures and the verdict."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from leaderboard.board.papers import (
    SYMBOLS,
    TriedPaper,
    criterion,
    interval_of,
    outcome,
    spelled,
    tried_papers,
)
from leaderboard.board.papers_page import Block, blocks
from leaderboard.findings import Check, Figure, Finding, Verdict
from leaderboard.store import Store
from suite.cli.lines import Col, plain, table, terminal_width
from suite.papers import PaperInfo

_COLOURS: dict[Verdict, str] = {"reproduced": "green", "partly reproduced": "yellow", "not reproduced": "red"}


@dataclass(frozen=True)
class Listed:
    """A paper, and what the store knows of it (None: it was not run)."""

    info: PaperInfo
    tried: TriedPaper | None

    @property
    def state(self) -> str:
        """The verdict; whether other code than this one made it."""
        if self.tried is None:
            return "not run"
        older = "" if self.tried.source_hash == self.info.source_hash else ", other code"
        return f"{SYMBOLS[self.tried.verdict]} {self.tried.verdict}{older}"

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        info = self.info
        return {
            **{name: getattr(info, name) for name in ("name", "title", "year", "venue", "url", "claim")},
            "version": info.version,
            "parts": list(info.part_names),
            "seeds": list(info.seeds),
            "verdict": self.tried.verdict if self.tried else None,
            "tried_seeds": list(self.tried.account.seeds) if self.tried else [],
            "current_code": self.tried is not None and self.tried.source_hash == info.source_hash,
        }


def listed(store: Store, papers: Sequence[PaperInfo]) -> list[Listed]:
    """Each of ``papers`` with what ``store`` has of it."""
    found = {tried.finding.paper: tried for tried in tried_papers(store)}
    return [Listed(info, found.get(info.name)) for info in papers]


def listing(rows: Sequence[Listed]) -> Iterator[str]:
    """Names, titles and verdicts, each with its claim."""
    width = terminal_width()
    for row in rows:
        colour = _COLOURS[row.tried.verdict] if row.tried else None
        yield f"{click.style(row.info.name, bold=True)} · {click.style(row.state, fg=colour)}"
        yield from _wrapped(f"{row.info.title} ({row.info.venue}, {row.info.year})", width, "  ")
        yield from _wrapped(row.info.claim, width, "  ")
        yield ""
    yield "Try one with: league paper run NAME"


def report(tried: TriedPaper) -> Iterator[str]:
    """One paper, for a terminal."""
    width, finding = terminal_width(), tried.finding
    yield ""
    for line in _wrapped(f"{finding.title} ({', '.join(finding.authors)}, {finding.year})", width, ""):
        yield click.style(line, bold=True)
    yield from _wrapped(f"Claim: {finding.claim}", width, "")
    yield ""
    for role, heading in (("claim", "The claim"), ("context", "Context, which the verdict does not rest on")):
        checks = tried.checks(role)
        if checks:
            yield from table(checks, _checks(heading), width, lambda check: None if check.met else "yellow")
            yield ""
    yield from _figures(finding, width)
    if finding.reported:
        yield click.style("The paper reports, at another scale", bold=True)
        for item in finding.reported:
            checked = "looked up" if item.checked else "not checked"
            yield from _wrapped(f"{item.what}: {item.value} ({checked}: {item.source})", width, "  ")
        yield ""
    yield from _verdict(tried, width)


def _verdict(tried: TriedPaper, width: int) -> Iterator[str]:
    claims, seeds = tried.checks("claim"), tried.account.seeds
    words = f"{SYMBOLS[tried.verdict]} {tried.verdict}"
    yield f"Verdict: {click.style(words, fg=_COLOURS[tried.verdict], bold=True)}"
    over = f"{len(seeds)} seed{'s' * (len(seeds) != 1)}"
    told = f"{tried.met} of {len(claims)} checks of the claim are met, as means over {over}"
    each = ", ".join(f"{seed} {verdict}" for seed, verdict in tried.account.by_seed.items())
    yield from _wrapped(f"{told}; seed by seed: {each}." if len(seeds) > 1 else f"{told}.", width, "  ")
    missed = [check for check in claims if not check.met]
    for check in missed:
        at = f"{check.sentence}: {spelled(check.value)}, not {criterion(check)}"
        yield from _wrapped(f"Not met: {at}.", width, "  ")


def _checks(heading: str) -> list[Col[Check]]:
    return [
        Col(heading, lambda check: check.sentence, most=90, least=24),
        Col("Measured", lambda check: spelled(check.value), right=True),
        Col("95 % interval", lambda check: interval_of(check.interval), rank=1),
        Col("Criterion", criterion),
        Col("Outcome", outcome),
    ]


def _figures(finding: Finding, width: int) -> Iterator[str]:
    for found in finding.figures.values():
        yield click.style(found.title, bold=True)
        for block in blocks(found):
            yield from table(block.rows, _columns(block), width, lambda _: None)
        yield ""


Row = tuple[str, tuple[Figure, ...]]


def _columns(block: Block) -> list[Col[Row]]:
    def figure(place: int) -> Col[Row]:
        return Col(
            block.columns[place], lambda row: spelled(row[1][place].value), right=True, rank=place, most=60
        )

    return [Col("", lambda row: row[0], most=60, least=16), *map(figure, range(len(block.columns)))]


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(plain(text), width, initial_indent=indent, subsequent_indent=indent)
