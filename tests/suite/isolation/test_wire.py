"""Messages arrive as they were sent; what is no message is refused before memory is taken for it."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.isolation import wire
from suite.isolation.channel import Channel, Closed
from suite.isolation.wire import LENGTHS, Message, NoMessage

_KINDS = [torch.uint8, torch.int64, torch.float16, torch.bfloat16, torch.float32, torch.float64]


def _arrived(message: Message) -> Message:
    data = b"".join(wire.encode(message))
    header, body = wire.lengths(data[: LENGTHS.size], 2**30)
    rest = data[LENGTHS.size :]
    assert len(rest) == header + body
    return wire.decode(rest[:header], bytearray(rest[header:]))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(_KINDS), st.lists(st.integers(0, 4), max_size=3)), max_size=4),
    st.dictionaries(st.text(), st.integers() | st.text() | st.booleans()),
)
def test_a_message_arrives_as_it_was_sent(
    shapes: list[tuple[torch.dtype, list[int]]], data: dict[str, Any]
) -> None:
    tensors = [torch.randint(0, 100, shape).to(dtype) for dtype, shape in shapes]
    found = _arrived(Message("kind", data, tensors))
    assert found.kind == "kind" and found.data == data
    for sent, got in zip(tensors, found.tensors, strict=True):
        assert got.dtype == sent.dtype and got.shape == sent.shape and torch.equal(got, sent)


def test_lengths_beyond_what_was_agreed_are_refused() -> None:
    with pytest.raises(NoMessage, match="where 4194304 \\+ 100 are the most"):
        wire.lengths(struct.pack("<IQ", 10, 101), 100)
    with pytest.raises(NoMessage):
        wire.lengths(struct.pack("<IQ", 2**32 - 1, 0), 100)


@pytest.mark.parametrize(
    "header",
    [
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b'{"kind": 1, "data": {}, "tensors": []}',
        b'{"kind": "a", "data": {"x": NaN}, "tensors": []}',
        json.dumps({"kind": "a", "data": {}, "tensors": [["object", [1]]]}).encode(),
        json.dumps({"kind": "a", "data": {}, "tensors": [["uint8", [-1]]]}).encode(),
        json.dumps({"kind": "a", "data": {}, "tensors": [["uint8", [True]]]}).encode(),
        json.dumps({"kind": "a", "data": {}, "tensors": [["uint8", [2**39, 2**39]]]}).encode(),
        json.dumps({"kind": "a", "data": {}, "tensors": [["uint8", [1] * 9]]}).encode(),
        json.dumps({"kind": "a", "data": {}, "tensors": [["float32", [2]]]}).encode(),
    ],
)
def test_a_header_that_is_none_is_refused(header: bytes) -> None:
    with pytest.raises(NoMessage):
        wire.decode(header, bytearray(4))


def test_messages_that_wait_come_first() -> None:
    near, far = socket.socketpair()
    with near, far:
        sender, receiver = Channel(near), Channel(far)
        sender.send_later(Message("first", {}, [torch.arange(3)]))
        sender.send(Message("second"))
        assert [receiver.receive(24).kind, receiver.receive(0).kind] == ["first", "second"]


def test_a_closed_line_is_told() -> None:
    near, far = socket.socketpair()
    with near:
        far.close()
        with pytest.raises(Closed):
            Channel(near).receive(0)
