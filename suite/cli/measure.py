"""``league measure``: what tasks and trained networks are like, beside how well methods do on them."""

from __future__ import annotations

import click

from suite.cli.measure_diversity import diversity


@click.group(
    epilog="""\b
Examples:
  league measure diversity glyphs emoji   how much the tasks of each differ
"""
)
def measure() -> None:
    """Measure the diversity of benchmarks and the similarity of networks."""


measure.add_command(diversity)
