"""The conformance suite where a submitted file may run: behind walls, and in a process for a trusted one."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.isolation import Code
from suite.isolation.errors import NoWalls
from suite.isolation.walls import find_walls
from suite.submission import Environment, of_text, prepare
from suite.submission.conformance import ConformanceError, Report, check, process
from suite.submission.conformance.finding import Finding

# The smallest method there is: most of the time goes into starting a process.
PIXELS = """
from dataclasses import dataclass
from typing import ClassVar
import torch
from torch import nn
from suite.methods import argument, check_arguments, method
from suite.models import as_float

@method("pixels_for_a_test", version="1")
@dataclass(frozen=True)
class Pixels:
    scale: float = argument(1.0, "multiplies the logits", above=0)
    adaptation: ClassVar = ("scale",)
    any_way: ClassVar = True

    def __post_init__(self):
        check_arguments(self)

    def build(self, shape, way):
        return nn.Flatten()

    def learner(self, network, source):
        return None

    def adapt(self, network, support):
        pixels = network(as_float(support.images))
        means = torch.stack([pixels[support.labels == c].mean(0) for c in range(support.way)])
        return lambda images: -self.scale * torch.cdist(network(as_float(images)), means)
"""


@pytest.fixture(params=[True, False], ids=["trusted", "walled"])
def trusted(request: pytest.FixtureRequest) -> bool:
    if not request.param:
        try:
            find_walls()
        except NoWalls as error:
            pytest.skip(str(error))
    return bool(request.param)


def examined(text: str, *, trusted: bool, **arguments: object) -> Report:
    code = of_text(text, Path("pixels.py")).code
    return check(code, prepare(code), arguments, trusted=trusted)


def test_a_method_is_examined_and_says_its_arguments(trusted: bool) -> None:
    report = examined(PIXELS, trusted=trusted, scale=2.0)
    assert report.conforms and report.arguments == {"scale": 1.0}
    assert {finding.state for finding in report.findings} == {"passed", "noted"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("return nn.Flatten()", "raise KeyError('oh')"), ""),
        (
            ("import torch\n", "import torch\nraise RuntimeError('at once')\n"),
            "its file raises RuntimeError: at once",
        ),
        (("import torch\n", "import os; os._exit(7)\n"), "pixels_for_a_test: its "),
    ],
    ids=["raises in training", "raises on import", "ends its process"],
)
def test_what_a_file_does_wrong_is_told(change: tuple[str, str], said: str, trusted: bool) -> None:
    text = PIXELS.replace(*change)
    if not said:
        line = PIXELS[: PIXELS.index("return nn.Flatten()")].count("\n") + 1
        told = [
            finding.told for finding in examined(text, trusted=trusted).findings if finding.state == "failed"
        ]
        assert any(f"raised KeyError: 'oh' (line {line} of its file)" in sentence for sentence in told)
        return
    with pytest.raises(ConformanceError) as caught:
        examined(text, trusted=trusted)
    assert said in str(caught.value) and str(caught.value).count("\n") == 0


def test_an_argument_out_of_range_is_told(trusted: bool) -> None:
    with pytest.raises(ConformanceError, match="pixels_for_a_test: scale must be above 0, not -1"):
        examined(PIXELS, trusted=trusted, scale=-1.0)


def test_checks_that_do_not_end_are_ended(trusted: bool) -> None:
    code = of_text(
        PIXELS.replace("import torch\n", "import torch\nwhile True: pass\n"), Path("pixels.py")
    ).code
    with pytest.raises(ConformanceError, match="its checks did not end within 6 s"):
        check(code, prepare(code), {}, trusted=trusted, seconds=6.0)


def test_without_walls_the_user_is_told_to_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NoWalls("no walls can be put up around a method on this host; --trust")

    monkeypatch.setattr(process, "examine", refuse)
    with pytest.raises(ConformanceError, match=r"mine is not trusted, and no walls can be put up.*--trust"):
        check(Code("mine", text=PIXELS), Environment(Path("python")), {}, trusted=False)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"findings": 3, "method": "m", "arguments": {}, "seconds": 0},
        {
            "findings": [{"check": "a", "state": "splendid", "told": ""}],
            "method": "",
            "arguments": {},
            "seconds": 0,
        },
        {"findings": [], "method": "m", "arguments": 3, "seconds": 0},
        {"findings": [], "method": "m", "arguments": {}, "seconds": "soon"},
    ],
)
def test_a_report_that_is_none_is_refused(told: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "examine", lambda *_, **__: told)
    with pytest.raises(ConformanceError, match="mine: it gave a report of itself that is none"):
        check(Code("mine", text=PIXELS), Environment(Path("python")), {}, trusted=False)


def test_a_report_cannot_command_the_terminal() -> None:
    report = Report("m", (Finding("shapes", "failed", "\x1b[2Jgone\nand more"),))
    assert Report.from_dict(report.to_dict()).findings[0].told == "?[2Jgone?and more"


def test_packages_where_walled_processes_cannot_see_them_are_refused() -> None:
    environment = Environment(Path("python"), Path("/tmp/cache/environments/key/lib/site-packages"))
    with pytest.raises(ConformanceError, match="set LEAGUE_CACHE to a folder elsewhere"):
        check(Code("mine", text=PIXELS), environment, {}, trusted=False)
