"""``league measure``: what tasks and trained networks are like, beside how well methods do on them."""

from __future__ import annotations

import click

from suite.cli.measure_diversity import diversity
from suite.cli.measure_similarity import similarity
from suite.cli.measure_trained import trained


class _Measures(click.Group):
    """What is no command of its own is a measure of trainings: ``league measure class_separation RUN``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            return "", trained, args
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Measures,
    subcommand_metavar="MEASURE | COMMAND [ARGS]...",
    epilog="""\b
Any other MEASURE is one of trained networks: class_separation,
cka_to_reference, effective_rank, geometric_complexity, label_alignment,
neural_collapse; or a file of yours. `league measure MEASURE --help` says
more.

\b
Examples:
  league measure diversity glyphs emoji    how much the tasks of each differ
  league measure similarity maml transfer  layer by layer, on the same tasks
  league measure class_separation pretrain of what was learned
""",
)
def measure() -> None:
    """Measure the diversity of benchmarks, and what trained networks are like."""


measure.add_command(diversity)
measure.add_command(similarity)
