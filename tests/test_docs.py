"""What the documentation shows is run, and what it links to exists."""

import re
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def _blocks(page: str, containing: str) -> str:
    found = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)
    (block,) = [text for text in found if containing in text]
    return str(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing


def test_the_method_of_the_documentation_adapts_saves_and_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "documented_pixels.py").write_text(_blocks("methods.md", '@method("pixels"'))
    import importlib

    import tasks
    from suite.methods import Budget, Source, get, score

    importlib.import_module("documented_pixels")
    emoji = tasks.load("emoji")
    pixels = get("pixels", scale=2.0)
    pixels.train(Source(emoji, Budget(images=20)), Budget(images=20))
    pixels.save(tmp_path / "saved")
    again = get("pixels")
    again.load(tmp_path / "saved")
    episodes = tasks.Episodes(emoji, "test", way=5, shot=1, query=3, seed=0, length=40)
    outcomes = [score(pixels.adapt(e.support), e) for e in episodes]
    assert sum(o.correct for o in outcomes) / sum(o.queries for o in outcomes) > 0.4
    one = episodes[0]
    assert torch.allclose(
        pixels.adapt(one.support)(one.query_images), 2 * again.adapt(one.support)(one.query_images)
    )


def test_the_python_example_of_the_documentation_runs(capsys: pytest.CaptureFixture[str]) -> None:
    block = _blocks("methods.md", "seed_everything(0)")
    exec(compile(block, "docs/methods.md", "exec"), {})
    assert "backward_passes" in capsys.readouterr().out


def test_the_ranking_example_of_the_documentation_runs(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(_blocks("ranking.md", "Outcomes({"), "docs/ranking.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_the_unions_of_the_documentation_can_be_swept_and_loaded(tmp_path: Path) -> None:
    import tasks
    from suite.config import load_sweep

    (block,) = re.findall(r"```yaml\n(benchmarks:.*?)```", (ROOT / "docs" / "data.md").read_text(), re.DOTALL)
    (tmp_path / "unions.yaml").write_text(f"methods: [protonet]\n{block}")
    one, other = (
        tasks.load(b.name, **b.options) for b in load_sweep(str(tmp_path / "unions.yaml")).benchmarks
    )
    assert [len(one.classes(split)) for split in tasks.SPLITS] == [80, 80, 80]
    assert [len(other.classes(split)) for split in tasks.SPLITS] == [60, 24, 24]


def test_the_diversity_example_of_the_documentation_runs() -> None:
    exec(compile(_blocks("data.md", "hellinger_diversity"), "docs/data.md", "exec"), {})
