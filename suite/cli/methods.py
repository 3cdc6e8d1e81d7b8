"""``league methods``: what can be entered, and with which arguments."""

from __future__ import annotations

import click

from suite.cli.shared import BadInput, json_option, show_json


@click.command(
    epilog="""\b
Examples:
  league methods                   every method and its arguments
  league methods maml transfer     these two
  league methods --json
"""
)
@click.argument("names", metavar="[METHOD]...", nargs=-1)
@json_option
def methods(names: tuple[str, ...], as_json: bool) -> None:
    """List the methods, with their arguments and defaults."""
    import suite.methods
    from suite.config.names import nearest

    known = suite.methods.names()
    for name in names:
        if name not in known:
            raise BadInput(f"no method is called {name!r}; {nearest(name, known)}")
    found = {name: dict(suite.methods.describe(name)) for name in names or known}
    if as_json:
        show_json(found)
        return
    for name, arguments in found.items():
        spelled = "  ".join(f"{key}={value}" for key, value in arguments.items())
        click.echo(f"{name}\n    {spelled or 'no arguments'}")
