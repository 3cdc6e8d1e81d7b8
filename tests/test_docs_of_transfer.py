"""The Python of the pages on objectives, measures and transfer tasks runs as it is printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from suite.measures.registry import forget as forget_measure
from suite.objectives.registry import forget as forget_objective
from tasks.transfers.registry import forget as forget_transfer

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("page", ["objectives.md", "measures.md", "transfers.md"])
def test_every_example_of_the_page_runs(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    assert len(blocks) >= 2
    try:
        for block in blocks:
            exec(compile(block, f"docs/{page}", "exec"), {"__name__": "documented"})
    finally:
        forget_objective("margin")
        forget_measure("mean_length")
        forget_transfer("stripes")
    assert capsys.readouterr().out


def test_the_page_lists_every_objective_with_its_defaults() -> None:
    from suite import objectives

    table = (DOCS / "objectives.md").read_text()
    for name in objectives.names():
        (line,) = re.findall(rf"^\| `{name}` \|.*$", table, re.MULTILINE)
        for argument, default in objectives.describe(name).defaults.items():
            assert f"`{argument}`" in line
            numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?(?:e-\d+)?", line)]
            assert default in numbers


def test_the_page_lists_every_transfer_task() -> None:
    from tasks import transfers

    table = (DOCS / "transfers.md").read_text()
    for name in transfers.names():
        (line,) = re.findall(rf"^\| `{name}` \|.*$", table, re.MULTILINE)
        for option in set(transfers.describe(name).options) - {"seed", "size"}:
            assert f"`{option}`" in line
