"""``league measure``: what tasks and trained networks are like, beside how well methods do on them."""

from __future__ import annotations

import click

from suite.cli.measure_diversity import diversity
from suite.cli.measure_similarity import similarity


@click.group(
    epilog="""\b
Examples:
  league measure diversity glyphs emoji    how much the tasks of each differ
  league measure similarity maml transfer  layer by layer, on the same tasks
"""
)
def measure() -> None:
    """Measure the diversity of benchmarks and the similarity of networks."""


measure.add_command(diversity)
measure.add_command(similarity)
