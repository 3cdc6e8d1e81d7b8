"""From a resolved sweep to its ranking: run, tell how it ended, and how to go on."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from suite.cli import show
from suite.cli.shared import BadInput, show_json

if TYPE_CHECKING:
    from leaderboard.board import Board
    from suite.config import SweepConfig
    from suite.engine import SweepReport

INTERRUPTED = 130


@dataclass(frozen=True)
class Wishes:
    """What was asked on the command line beside the sweep; ``words`` are the verb and its arguments."""

    words: tuple[str, ...]
    store: str | None = None
    dry_run: bool = False
    retry: bool = False
    address: str | None = None
    html: str | None = None
    as_json: bool = False

    def over(self, settings: Sequence[str]) -> list[str]:
        """Settings in the order in which they count."""
        return [*settings, *([] if self.store is None else [f"store={self.store}"])]

    def command(self, *extra: str) -> str:
        """The command that goes on where this one stopped."""
        options = {"--store": self.store, "--address": self.address, "--html": self.html}
        given = [word for option, value in options.items() if value for word in (option, value)]
        return shlex.join(["league", *self.words, *given, *(["--json"] if self.as_json else []), *extra])
