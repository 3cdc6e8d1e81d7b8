"""A walled method gets the validation part of a support set, as one without walls does."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from suite.isolation import serving
from suite.isolation.walled import Walled
from suite.isolation.wire import Message
from tasks import Support

IMAGES, LABELS = torch.arange(8, dtype=torch.uint8).view(2, 1, 2, 2), torch.tensor([0, 1])


class Line:
    """Keeps what is told to the other side."""

    def __init__(self) -> None:
        self.told: list[Message] = []

    def ask(self, message: Message, *kinds: str) -> Message:
        return Message("opened", {"arguments": {}, "adaptation": []})

    def tell_later(self, message: Message) -> None:
        self.told.append(message)


def sent(support: Support, monkeypatch: pytest.MonkeyPatch) -> Support:
    """What arrives inside of a support set that is handed to a walled method."""
    monkeypatch.setattr("suite.isolation.walled.asdict", lambda code: {})
    line: Any = Line()
    walled = Walled(line, None, {}, seed=0, threads=1)  # type: ignore[arg-type]
    walled.adapt(support)
    return serving._support(line.told[0])


def test_images_to_choose_by_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    found = sent(Support(IMAGES, LABELS, Support(IMAGES + 8, 1 - LABELS)), monkeypatch)
    assert torch.equal(found.images, IMAGES) and found.labels is not None
    assert torch.equal(found.labels, LABELS)
    assert found.validation is not None and found.validation.labels is not None
    assert torch.equal(found.validation.images, IMAGES + 8)
    assert torch.equal(found.validation.labels, 1 - LABELS)


def test_where_there_are_none_none_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    found = sent(Support(IMAGES, LABELS), monkeypatch)
    assert found.labels is not None and found.validation is None
