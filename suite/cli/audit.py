"""``league audit``: does a bundle's result come out here too?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from suite.cli.lines import plain
from suite.cli.shared import bad_input, json_option, show_json

if TYPE_CHECKING:
    from suite.bundle import Audit, Finding


@click.command(
    epilog="""\b
Exit codes: 0 all of them reproduced · 1 not all · 2 the bundle is refused

\b
Examples:
  league audit ours.zip
  league audit ours.zip --cells 20 --seed 7
  league audit ours.zip --cells 1 --deep      its training too
"""
)
@click.argument("bundle", metavar="BUNDLE")
@click.option(
    "--cells", type=click.IntRange(min=1), default=5, show_default=True, help="How many evaluations."
)
@click.option("--seed", type=click.IntRange(min=0), help="What draws them.  [default: unforeseeable]")
@click.option("--deep", is_flag=True, help="Compute their trainings again, too.")
@click.option("--store", "folder", metavar="PATH", help="Keep what is computed, in this new folder.")
@click.option("--trust", is_flag=True, help="Run a submission without walls: you vouch for its code.")
@json_option
@click.pass_context
def audit(
    ctx: click.Context,
    bundle: str,
    cells: int,
    seed: int | None,
    deep: bool,
    folder: str | None,
    trust: bool,
    as_json: bool,
) -> None:
    """Compute random cells of a bundle again and compare."""
    from leaderboard.store import StoreError
    from suite.bundle import BundleError
    from suite.bundle import audit as audited

    with bad_input(BundleError, StoreError):
        done = audited(
            bundle,
            cells=cells,
            seed=seed,
            deep=deep,
            trust=trust,
            folder=folder,
            on_finding=None if as_json else lambda finding: click.echo("\n".join(_told(finding))),
        )
    if as_json:
        show_json({**asdict(done), "reproduced": done.reproduced})
    else:
        click.echo("\n" + _conclusion(done))
    ctx.exit(0 if done.reproduced else 1)


def _told(finding: Finding) -> list[str]:
    head = f"{finding.key[:8]}  {finding.verdict:<10}  {finding.title}"
    return [plain(head), *(f"          {plain(line)}" for line in _details(finding))]


def _details(finding: Finding) -> list[str]:
    if finding.verdict == "not run":
        return [finding.reason]
    lines = []
    if finding.then is not None and finding.now is not None:
        now, then = 100 * finding.now, 100 * finding.then
        same = f"{now:.2f} % both times" if now == then else f"{now:.2f} % here, {then:.2f} % there"
        off = "" if now == then else f" ({now - then:+.2f})"
        over = f" over {finding.episodes} episodes" if finding.episodes else ""
        lines.append(f"{same}{off}{over}; {finding.seconds:.1f} s")
    if finding.differing:
        lines.append(
            f"{finding.differing} of {finding.episodes} episodes differ, by at most {finding.largest} queries"
        )
    if finding.results or finding.files:
        lines.append(f"not equal: {', '.join((*finding.results, *finding.files))}")
    if finding.verdict == "off":
        known = "; ".join(finding.environment)
        lines.append(f"may explain it: {known}" if known else "versions, platform and threads are the same")
    return lines


def _conclusion(done: Audit) -> str:
    counts = [f"{number} {verdict}" for verdict, number in done.counts.items()]
    scope = "" if done.deep else "; checkpoints were taken as given (--deep computes them too)"
    return f"{', '.join(counts)} (of {done.evaluations} evaluations, drawn with --seed {done.seed}){scope}."
