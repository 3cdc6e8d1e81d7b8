"""A hostile submission beside an honest method in one sweep on Ray: nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from engine_sweeps import sweep

from leaderboard.store import Store
from suite.config import BenchmarkConfig, MethodConfig, SweepConfig
from suite.engine import run
from suite.isolation import Code

# What Ray's own interface, the store and a crash are good for, one after the other.
_ATTACK = (
    "try:\n    import ray; ray.init(address='auto'); ray.shutdown(); Path('/tmp/owned').touch()\n"
    "except Exception as error: print('Ray:', type(error).__name__, flush=True)\n"
    "for p in Path('/').rglob('records'): (p / 'planted').touch()\n"
    "os.kill(os.getpid(), 11) if os.path.exists('/tmp/owned') else os._exit(7)"
)


def test_the_honest_method_is_as_it_was_alone(written: Callable[..., Code], tmp_path: Path) -> None:
    file = tmp_path / "hostile.py"
    file.write_text(written(train=_ATTACK).text)
    alone = replace(
        sweep(tmp_path / "alone"),
        methods=(MethodConfig("untrained", {"width": 8}),),
        benchmarks=(BenchmarkConfig("gaussian"),),
    )
    together: SweepConfig = replace(
        alone,
        methods=(*alone.methods, MethodConfig("hostile")),
        store=str(tmp_path / "together"),
        submissions=(str(file),),
    )
    assert run(alone).exit_code == 0
    report = run(together)
    assert (report.done, report.failed, report.blocked) == (2, 1, 1)
    [failure] = Store(together.store).failures()
    assert "its process ended by itself (status 7)" in failure.reason
    assert "Ray: " in failure.traceback
    assert not list((tmp_path / "together").rglob("planted"))
    assert _results(together.store) == _results(alone.store)


def _results(store: str) -> dict[str, object]:
    return {record.key: record.results for record in Store(store).scan()}
