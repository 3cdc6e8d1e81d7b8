"""``league new``: a method to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from suite.cli.shared import BadInput, Failed, bad_input


@click.command(
    epilog="""\b
Examples:
  league new my_method.py           a small method that works as it is
  league new my_method.py --force   write over the file that is there
"""
)
@click.argument("path", metavar="FILE.py")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def new(path: str, force: bool) -> None:
    """Write a commented method that works as it is, to change into yours."""
    from suite.submission import SubmissionError, template

    place = Path(path)
    with bad_input(SubmissionError):
        name, text = template(place)
    try:
        with place.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise BadInput(
            f"{path} exists already; choose another name, or write over it with --force"
        ) from error
    except OSError as error:
        raise Failed(f"{path} was not written: {error.strerror or error}.") from error
    click.echo(
        f"{path} holds the method {name}, which works as it is. Next:\n\n"
        f"  league submit --check {path}   # does it keep the rules? in seconds\n"
        f"  league submit {path}           # where does it stand? a sweep beside the built-in methods\n"
    )
