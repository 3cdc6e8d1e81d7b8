# ruff: noqa: E501 (hostile code is told in one line)
"""Methods that break the rules: each fails with a sentence of its own, or gains nothing by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hostile_cells import CHANCE, run

from suite.isolation import Code

Written = Callable[..., Code]


@dataclass(frozen=True)
class Case:
    """Parts of a method, the fault that they end in, and a part of the sentence that tells it."""

    fault: str
    reason: str
    parts: dict[str, str]
    options: dict[str, float] = field(default_factory=dict)


CASES = {
    # Answers that are none
    "nan": Case("method", "logits that are NaN or infinite", {"predict": "logits[0, 0] = float('nan')"}),
    "infinite": Case("method", "logits that are NaN or infinite", {"predict": "logits[0] = float('inf')"}),
    "shape": Case(
        "method", "logits of shape [9, 4]; expected [9, 3]", {"predict": "return torch.zeros(9, 4)"}
    ),
    "no tensor": Case("method", "returned a list", {"predict": "return [0] * len(images)"}),
    "complex": Case("method", "of type torch.complex64", {"predict": "return logits + 0j"}),
    # Memory of what came before
    "earlier episodes": Case(
        "method",
        "saw no episodes before",
        {"adapt": "SEEN.append(1); n = len(SEEN)", "predict": "logits[:, n % 3] += 1"},
    ),
    "files of earlier episodes": Case(
        "method",
        "saw no episodes before",
        {
            "adapt": "Path('/dev/shm/seen').open('a').write('x'); n = Path('/dev/shm/seen').stat().st_size",
            "predict": "logits[:, n % 3] += 1",
        },
    ),
    "episodes asked beside it": Case(
        "method",
        "saw no episodes before",
        # Those that are asked at one time lie in frames above.
        {
            "adapt": "f = sys._getframe()\n"
            "while f and 'queries' not in f.f_locals: f = f.f_back\n"
            "n = float(f.f_locals['queries'].sum()) if f else 0.0",
            "predict": "logits[:, 0] += n",
        },
    ),
    "the query batch": Case(
        "method",
        "depend on the queries beside them",
        # Answers from the first, whole batch ever after, so that no later question tells.
        {
            "adapt": "first = {}",
            "predict": (
                "if not first: first.update({i.numpy().tobytes(): float(len(images)) for i in images})\n"
                "logits[:, 0] = torch.tensor([first.get(i.numpy().tobytes(), 0.0) for i in images])"
            ),
        },
    ),
    # Greed
    "time": Case("time", "its time limit of 2 s", {"adapt": "time.sleep(600)"}, {"seconds": 2}),
    "a loop": Case("time", "its time limit of 2 s", {"train": "while True: pass"}, {"seconds": 2}),
    "memory at once": Case("memory", "1536 MiB", {"train": "bytearray(2**32)"}),
    "memory by and by": Case(
        "memory",
        "it was refused more memory than 1536 MiB",
        {"train": "kept = []\nwhile True: kept.append(b'x' * 2**25)"},
    ),
    # Each has less than a process may have.
    "memory of children": Case(
        "memory",
        "may use 1536 MiB",
        {"train": "if os.fork() and os.fork(): time.sleep(600)\nkept = b'x' * 2**30; time.sleep(600)"},
    ),
    "disk": Case(
        "method",
        "No space left on device",
        {"train": "for i in range(10): Path(f'/tmp/{i}').write_bytes(bytes(2**26))"},
    ),
    "a large file": Case("method", "File too large", {"train": "os.truncate(os.open('/tmp/f', 66), 2**40)"}),
    "output": Case("method", "it printed more than 1024 KiB", {"train": "while True: print('x' * 10_000)"}),
    "forks": Case(
        "method",
        "Resource temporarily unavailable",
        {"train": "while True:\n    if os.fork() == 0: time.sleep(600)"},
    ),
    "images": Case("method", "BudgetExceeded", {"train": "while True: source.batch(64)"}),
    "scores": Case("method", "no validation is due", {"train": "source.validate(self.adapt)"}),
    # Checkpoints
    "a pickle": Case(
        "method",
        "plain names that end in .safetensors",
        {"save": "import pickle; (path / 'a.pkl').write_bytes(pickle.dumps(self.__dict__))"},
    ),
    "a disguised pickle": Case(
        "method",
        "'a.safetensors' is not of the safetensors format",
        {"save": "import pickle; (path / 'a.safetensors').write_bytes(pickle.dumps([1, 2, 3]))"},
    ),
    "a symlink": Case("method", "a link or no file", {"save": "(path / 'a.json').symlink_to('/etc/passwd')"}),
    "a hard link": Case(
        "method", "a link or no file", {"save": "os.link(path / 'it.json', path / 'a.json')"}
    ),
    "a pipe": Case("method", "a link or no file", {"save": "os.mkfifo(path / 'a.json')"}),
    "a way out": Case(
        "method",
        "allowed are plain names",
        {
            "save": "from suite.isolation.wire import Message\n"
            "line().send(Message('file', {'name': '../../../evil.json'}, [torch.zeros(2, dtype=torch.uint8)]))"
        },
    ),
    # Forged messages
    "garbage": Case("method", "broke the protocol", {"train": "line()._connection.send(b'\\xff' * 64)"}),
    "huge lengths": Case(
        "method",
        "broke the protocol: a message of",
        {"predict": "line()._connection.send(struct.pack('<IQ', 2, 2**60))"},
    ),
    "a pickle as message": Case(
        "method",
        "broke the protocol: a header that is no JSON",
        {
            "predict": "import pickle; p = pickle.dumps({}); line()._connection.send(struct.pack('<IQ', len(p), 0) + p)"
        },
    ),
    "out of turn": Case(
        "method",
        "it sent 'trained' where logits was due",
        {"predict": "from suite.isolation.wire import Message; line().send(Message('trained'))"},
    ),
    "a lie": Case("method", "a count that is none", {"train": "pass", "parameters": "-5"}),
    "a word for a count": Case("method", "a count that is none", {"parameters": "'many'"}),
    # Ends
    "an exit": Case("method", "ended by itself (status 3)", {"adapt": "os._exit(3)"}),
    "a crash": Case("method", "crashed (SIGSEGV)", {"adapt": "ctypes.string_at(0)"}),
    "an error": Case("method", "raised ZeroDivisionError: division by zero", {"adapt": "1 / 0"}),
    "SystemExit": Case("method", "raised SystemExit", {"adapt": "sys.exit('done')"}),
}


@pytest.mark.parametrize("name", CASES)
def test_it_fails_with_its_own_sentence(name: str, written: Written, tmp_path: Path) -> None:
    case = CASES[name]
    outcome = run(written(**case.parts), tmp_path, **case.options).outcome  # type: ignore[arg-type]
    assert outcome.fault == case.fault and case.reason in outcome.reason, outcome
    assert not list(tmp_path.rglob("evil*"))


def test_the_end_of_what_it_printed_is_told(written: Written, tmp_path: Path) -> None:
    code = written(train="print('my last \\x1b[31mwords', flush=True); os._exit(1)")
    outcome = run(code, tmp_path).outcome
    assert "my last ?[31mwords" in outcome.traceback


def test_patching_the_scorer_gains_nothing(written: Written, tmp_path: Path) -> None:
    code = written(
        adapt="import suite.methods, suite.methods.scoring as s, suite.methods.source as v\n"
        "for m in (suite.methods, s, v): m.score = lambda *a: s.Outcome(9, 9)"
    )
    assert run(code, tmp_path).accuracy == pytest.approx(CHANCE)


def test_a_submission_that_keeps_the_rules_is_scored(written: Written, tmp_path: Path) -> None:
    result = run(written(), tmp_path)
    assert result.outcome.fault is None and result.accuracy == pytest.approx(CHANCE)
