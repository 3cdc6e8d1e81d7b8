"""``league data``: what is learned, where it comes from, and whether it is as it should be."""

from __future__ import annotations

import click


@click.group()
def data() -> None:
    """List, prepare and check the benchmarks' data."""
