"""What several verbs share: their common options, and how bad input ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

# Equal to SweepConfig's own default, which would cost an import of torch to read; a test compares them.
DEFAULT_STORE = "league-store"


class BadInput(click.ClickException):
    """What was asked for does not exist or cannot be: one or two sentences, exit code 2, no traceback."""

    exit_code = 2

    def __init__(self, error: object) -> None:
        said = str(error).strip()
        super().__init__(said if said.endswith((".", "!", "?")) else f"{said}.")


class Failed(click.ClickException):
    """What was asked for could not be done: one or two sentences, exit code 1, no traceback."""


@contextmanager
def bad_input(*errors: type[Exception]) -> Iterator[None]:
    """Turn ``errors`` into BadInput with their own words."""
    try:
        yield
    except errors as error:
        raise BadInput(error) from error


def show_json(value: Any) -> None:
    """Print ``value`` as indented JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


store_option = click.option(
    "--store",
    metavar="PATH",
    envvar="LEAGUE_STORE",
    default=DEFAULT_STORE,
    show_default=True,
    show_envvar=True,
    help="Folder or URL of the store.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
on_option = click.option(
    "--on",
    "--address",
    "address",
    metavar="ADDRESS",
    help="Where to run: auto, the cluster this machine is in; ray://HOST:10001, one to join; "
    "http://HEAD:8265, one to send a job to.  [default: a cluster of this machine's own]",
)
lines_option = click.option(
    "--json", "as_json", is_flag=True, help="Print events and, last, the result, as lines of JSON."
)
detach_option = click.option(
    "--detach", is_flag=True, help="With --on http://...: send the job and leave it."
)
events_option = click.option("--events", is_flag=True, hidden=True, help="Print events as lines of JSON.")


def web_address(address: str | None) -> bool:
    """Whether that is a job server's address, and not a cluster's to join."""
    return address is not None and address.startswith(("http://", "https://"))
