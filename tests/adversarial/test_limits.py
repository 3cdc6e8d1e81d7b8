# ruff: noqa: E501 (hostile code is told in one line)
"""Ways around the walls' own bookkeeping: memory that nobody is charged for, and ends that blame the walls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hostile_cells import run

from suite.isolation import Code

Written = Callable[..., Code]

# What -> where the method does it, how, and a part of the sentence that it ends in.
ATTACKS = {
    # Such memory is no process's, so that no look at processes finds it. A little shows whether it is to be had.
    "memory in a file of no folder": (
        "train",
        "os.write(os.memfd_create('m'), bytes(2**20))",
        "raised PermissionError: [Errno 1] Operation not permitted",
    ),
    "memory of System V": (
        "train",
        "libc = ctypes.CDLL(None, use_errno=True)\nif libc.shmget(0, 2**20, 0o1600) < 0: raise OSError(ctypes.get_errno(), 'no segment')",
        "raised PermissionError: [Errno 1] no segment",
    ),
    # What is given up by madvise, or unmapped in part, would be charged to nobody.
    "shared memory of no file": (
        "train",
        "import mmap; mmap.mmap(-1, 2**20)",
        "raised PermissionError: [Errno 1] Operation not permitted",
    ),
    "shared memory of /dev/zero": (
        "train",
        "import mmap; mmap.mmap(os.open('/dev/zero', os.O_RDWR), 2**20)",
        "raised FileNotFoundError: [Errno 2] No such file or directory: '/dev/zero'",
    ),
    # As where the walls do not go up, which is nobody's fault and tried again.
    "the status of fallen walls": ("train", "os._exit(70)", "its process ended by itself (status 70)"),
    "the same before it is opened": ("adaptation", "os._exit(70)", "its process ended by itself (status 70)"),
    "the status that ends a warden": ("predict", "os._exit(1)", "its process ended by itself (status 1)"),
    "an early goodbye": (
        "predict",
        "line()._connection.shutdown(2); time.sleep(600)",
        "broke the protocol: it closed its line and went on",
    ),
    "half a message": (
        "predict",
        "line()._connection.send(struct.pack('<IQ', 900, 0) + b'{'); os._exit(0)",
        "its process ended by itself (status 0)",
    ),
    "a list as header": (
        "predict",
        "h = b'[1]'; line()._connection.send(struct.pack('<IQ', len(h), 0) + h); time.sleep(600)",
        "broke the protocol: a header without kind, data and tensors",
    ),
    "a number as kind": (
        "predict",
        'h = b\'{"kind": 1, "data": {}, "tensors": []}\'; line()._connection.send(struct.pack(\'<IQ\', len(h), 0) + h); time.sleep(600)',
        "broke the protocol: a header whose parts are of wrong types",
    ),
    "nests without end": (
        "predict",
        "h = b'[' * 2**16; line()._connection.send(struct.pack('<IQ', len(h), 0) + h); time.sleep(600)",
        "broke the protocol: a header that is no JSON",
    ),
    "a header without end": (
        "predict",
        "line()._connection.send(struct.pack('<IQ', 2**32 - 1, 0)); time.sleep(600)",
        "broke the protocol: a message of 4294967295 + 0 bytes",
    ),
    "a tensor of impossible shape": (
        "predict",
        'h = b\'{"kind": "logits", "data": {}, "tensors": [["uint8", [-1, -9]]]}\'; line()._connection.send(struct.pack(\'<IQ\', len(h), 9) + h + bytes(9)); time.sleep(600)',
        "broke the protocol: a tensor of an impossible shape",
    ),
    "counts that are words": (
        "train",
        "from suite.isolation.wire import Message; line().send(Message('batch', {'size': '9'})); time.sleep(600)",
        "broke the protocol: a count that is none",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_is_gained_but_a_sentence(name: str, written: Written, tmp_path: Path) -> None:
    part, body, sentence = ATTACKS[name]
    if part == "adaptation":
        plain = written()
        code = Code(plain.name, text=plain.text.replace("SEEN = []", f"SEEN = []\n{body}"))
    else:
        code = written(**{part: body})
    outcome = run(code, tmp_path, seconds=30).outcome
    assert outcome.fault == "method" and sentence in outcome.reason, outcome


def test_a_message_that_trickles_ends_with_the_time(written: Written, tmp_path: Path) -> None:
    trickle = (
        "s = line()._connection; s.send(struct.pack('<IQ', 10**6, 0))\n"
        "while True:\n    s.send(b' '); time.sleep(0.01)"
    )
    outcome = run(written(predict=trickle), tmp_path, seconds=3).outcome
    assert outcome.fault == "time" and "its time limit of 3 s" in outcome.reason
