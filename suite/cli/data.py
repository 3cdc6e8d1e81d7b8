"""``league data``: what is learned, where it comes from, and whether it is as it should be."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from suite.cli.shared import BadInput, Failed, bad_input, json_option, show_json

if TYPE_CHECKING:
    from tasks import Benchmark


@click.group(
    epilog="""\b
Examples:
  league data list
  league data card glyphs            licence, makers, splits and digest
  league data prepare                what a sweep needs, before the first one
  league data prepare emoji size=32
  league data verify                 build anew, compare with known digests
  league data verify glyph_scripts   a transfer task, too
"""
)
def data() -> None:
    """List, prepare and check the benchmarks' data."""


_names = click.argument("words", metavar="[BENCHMARK]... [KEY=VALUE]...", nargs=-1)


@data.command("list", epilog="\b\nExamples:\n  league data list\n  league data list --json\n")
@json_option
def list_(as_json: bool) -> None:
    """List the benchmarks and transfer tasks, and the options they take."""
    import tasks
    from tasks import transfers

    found = [tasks.describe(name) for name in tasks.names()]
    pairs = [transfers.describe(name) for name in transfers.names()]
    if as_json:
        told: dict[str, Any] = {info.name: _told(info.doc, info.options) for info in found}
        told |= {pair.name: {**_told(pair.doc, pair.options), "track": "transfer"} for pair in pairs}
        show_json(told)
        return
    for info in found:
        _line(info.name, info.doc, info.options, 12)
    click.echo("\nTransfer tasks, a source to pretrain on and a problem to adapt to (docs/transfers.md):\n")
    for pair in pairs:
        _line(pair.name, pair.doc, pair.options, 18)


def _told(doc: str, options: Mapping[str, object]) -> dict[str, object]:
    return {"doc": doc, "options": dict(options)}


def _line(name: str, doc: str, options: Mapping[str, object], width: int) -> None:
    click.echo(f"{name:<{width}}{doc.partition(chr(10))[0]}")
    click.echo(f"{'':<{width}}{'  '.join(f'{key}={value}' for key, value in options.items())}")


@data.command(epilog="\b\nExamples:\n  league data card glyphs\n  league data card emoji size=32 --json\n")
@click.argument("benchmark")
@click.argument("options", metavar="[KEY=VALUE]...", nargs=-1)
@json_option
def card(benchmark: str, options: tuple[str, ...], as_json: bool) -> None:
    """Show where a benchmark comes from, its licence and its splits."""
    import tasks

    with _explained():
        loaded = tasks.load(benchmark, **_options(options))
    if as_json:
        show_json({**_facts(loaded), **asdict(loaded.card)})
        return
    told = loaded.card
    click.echo(f"{told.title}\n\n{textwrap.fill(told.description, 100)}\n")
    for title, text in (
        ("Licence", told.licence),
        ("By", told.attribution),
        ("Splits", told.split_rule),
        ("Citation", told.citation),
    ):
        if text:
            indent = " " * 12
            click.echo(textwrap.fill(f"{title + ':':<12}{text}", 100, subsequent_indent=indent))
    for split, counts in _facts(loaded)["splits"].items():
        click.echo(f"{split + ':':<12}{counts['images']:>7,} images of {counts['classes']:>4,} classes")
    click.echo(f"{'Digest:':<12}{loaded.digest}")


@data.command(epilog="\b\nExamples:\n  league data prepare\n  league data prepare glyphs size=32\n")
@_names
@json_option
def prepare(words: tuple[str, ...], as_json: bool) -> None:
    """Fetch and build benchmarks now, so that a sweep starts at once.

    Without a name: those that need no download.
    """
    import tasks

    told = {}
    names, options = _split(words)
    for name in names:
        click.echo(f"preparing {name}", err=True)
        with _explained():
            prepared = tasks.prepare(name, **options)
        told[name] = _facts(prepared)
        if not as_json:
            images = sum(counts["images"] for counts in told[name]["splits"].values())
            click.echo(f"{name}: {images:,} images, digest {prepared.digest[:12]}")
    if as_json:
        show_json(told)


@data.command(epilog="\b\nExamples:\n  league data verify\n  league data verify emoji size=28 --json\n")
@_names
@json_option
@click.pass_context
def verify(ctx: click.Context, /, words: tuple[str, ...], as_json: bool) -> None:
    """Build benchmarks or transfer tasks anew and compare them with the recorded digests.

    Without a name: benchmarks that need no download. Exit code 1 where one differs.
    """
    import tasks
    from suite.config.check import is_transfer
    from tasks import transfers

    found = []
    names, options = _split(words)
    for name in names:
        click.echo(f"verifying {name}", err=True)
        with _explained():
            verify_one = transfers.verify if is_transfer(name) else tasks.verify
            found.append(verify_one(name, **options))
        if not as_json:
            click.echo(str(found[-1]))
    if as_json:
        show_json([{**asdict(verification), "matches": verification.matches} for verification in found])
    ctx.exit(1 if any(verification.matches is False for verification in found) else 0)


def _facts(benchmark: Benchmark) -> dict[str, Any]:
    from tasks import SPLITS

    counts = {
        split: {"images": len(benchmark.labels(split)), "classes": len(benchmark.classes(split))}
        for split in SPLITS
    }
    shape = list(benchmark.images("train").shape[1:])
    options = dict(benchmark.options)
    facts = {"name": benchmark.name, "options": options, "digest": benchmark.digest, "image_shape": shape}
    return {**facts, "domains": list(benchmark.domain_names), "splits": counts}


def _split(words: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """Names (if none, all that need no download) and options among the words of the command line."""
    import tasks

    names = [word for word in words if "=" not in word]
    if not names:
        names = [name for name in tasks.names() if not tasks.describe(name).downloaded]
    return names, _options([word for word in words if "=" in word])


def _options(words: Sequence[str]) -> dict[str, Any]:
    from suite.config import ConfigError
    from suite.config.layers import split

    with bad_input(ConfigError):
        pairs = [split(word) for word in words]
    for key, _ in pairs:
        if len(key) > 1:
            raise BadInput(f"{'.'.join(key)} is not an option; options have no dots")
    return {key[0]: value for key, value in pairs}


@contextmanager
def _explained() -> Iterator[None]:
    from tasks import DataError, UnknownBenchmark

    try:
        with bad_input(UnknownBenchmark, TypeError, ValueError):
            yield
    except DataError as error:
        raise Failed(str(error)) from error
