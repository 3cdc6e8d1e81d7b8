"""The last kept figures in the documentation: its tables and its picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bench.figures import Kept
from bench.picture import picture
from bench.table import markdown

_DOCS = Path(__file__).parents[1] / "docs"
_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"


def renew(kept: Mapping[str, Kept], docs: Path = _DOCS) -> None:
    """Replace what stands between the marks in ``performance.md``, and draw ``performance.svg`` anew."""
    page = docs / "performance.md"
    text = page.read_text(encoding="utf-8")
    marked = re.compile(f"{re.escape(_BEGIN)}.*{re.escape(_END)}", re.DOTALL)
    if not marked.search(text):
        raise ValueError(f"{page} has no place for figures: it needs the lines {_BEGIN} and {_END}")
    body = f"{_BEGIN}\n\n{figures_text(kept)}\n\n{_END}"
    page.write_text(marked.sub(lambda _: body, text), encoding="utf-8")
    (docs / "performance.svg").write_text(picture({n: k.rows for n, k in kept.items()}), encoding="utf-8")


def figures_text(kept: Mapping[str, Kept]) -> str:
    """A heading, the machine and a table for each benchmark."""
    return "\n\n".join(
        f"### {name}\n\n{_machine(part.machine)}\n\n{markdown(part.rows)}{_notes(part)}"
        for name, part in kept.items()
    )


def _machine(told: Mapping[str, str]) -> str:
    return "*" + ", ".join(f"{key} {value}" for key, value in told.items()) + "*"


def _notes(part: Kept) -> str:
    notes = [f"- {row.case}: {row.note}" for row in part.rows if row.note]
    return "\n\n" + "\n".join(notes) if notes else ""
