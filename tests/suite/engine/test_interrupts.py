from __future__ import annotations

import os
import signal
import threading

import pytest

from suite.engine import interrupts
from suite.engine.interrupts import Interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_kills(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[str] = []
    codes: list[int] = []
    monkeypatch.setattr(interrupts.os, "_exit", codes.append)
    before = signal.getsignal(number)
    with Interrupts(lambda: killed.append("cluster")) as heard:
        assert not heard.asked()
        os.kill(os.getpid(), number)
        assert heard.asked() and not killed
        os.kill(os.getpid(), number)
        assert (killed, codes) == (["cluster"], [128 + number])
    assert signal.getsignal(number) == before


def test_signals_taken_by_others_are_taken_back() -> None:
    with Interrupts(lambda: None) as heard:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as Ray does when it starts
        heard.listen()
        os.kill(os.getpid(), signal.SIGTERM)
        assert heard.asked()


def test_outside_the_main_thread_signals_stay_as_they_are() -> None:
    before = signal.getsignal(signal.SIGINT)
    found: list[object] = []

    def elsewhere() -> None:
        with Interrupts(lambda: None) as heard:
            heard.listen()
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [before]
