"""``league methods``: what can be entered, and with which arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from suite.cli.shared import BadInput, json_option, show_json
from suite.nearest import nearest

if TYPE_CHECKING:
    from suite.methods import Argument, MethodInfo


@click.command(
    epilog="""\b
Examples:
  league methods                   every method, in a line
  league methods maml transfer     these two, with their arguments
  league methods --json            all of it
"""
)
@click.argument("names", metavar="[METHOD]...", nargs=-1)
@json_option
def methods(names: tuple[str, ...], as_json: bool) -> None:
    """List the methods and their arguments."""
    import suite.methods
    from suite.config.check import SHARED

    known = suite.methods.names()
    for name in names:
        if name not in known:
            raise BadInput(f"no method is called {name!r}; {nearest(name, known)}")
    found = [suite.methods.describe(name) for name in names or known]
    if as_json:
        show_json({info.name: _told(info, SHARED) for info in found})
        return
    for info in found:
        click.echo(f"{info.name:<18}{info.doc.partition(chr(10))[0]}")
        if names:
            for argument in _own(info, SHARED):
                click.echo(f"    {argument.name}={argument.default}  {_meaning(argument)}")
    if names:
        click.echo(f"\nSet once for all methods of a sweep: {', '.join(SHARED.values())}, and the budget.")


def _own(info: MethodInfo, shared: dict[str, str]) -> list[Argument]:
    return [argument for argument in info.arguments if argument.name not in shared]


def _meaning(argument: Argument) -> str:
    return argument.doc + (f" ({', '.join(argument.choices)})" if argument.choices else "")


def _told(info: MethodInfo, shared: dict[str, str]) -> dict[str, Any]:
    arguments = {
        argument.name: {
            "default": argument.default,
            "meaning": argument.doc,
            "choices": list(argument.choices),
            "in_adaptation_only": argument.name in info.adaptation,
        }
        for argument in _own(info, shared)
    }
    return {"version": info.version, "doc": info.doc, "arguments": arguments}
