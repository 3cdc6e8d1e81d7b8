"""A model as sealed JSON: schema version, checksum, content; read back only if all three agree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from leaderboard.records import SCHEMA_VERSION
from leaderboard.store.errors import NewerSchema

Model = TypeVar("Model", bound=BaseModel)


class SealError(ValueError):
    """The bytes are not a sealed model; the message says what is wrong with them."""


def canonical(value: object) -> bytes:
    """The one JSON spelling of a value: sorted keys, no spaces, ASCII, no NaN or infinity (ValueError)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def seal(model: BaseModel) -> bytes:
    """The file of a model: readable JSON that carries the checksum of its canonical spelling.

    Raises ValueError, with the place, where the model holds NaN or an infinity.
    """
    for place, number in _numbers(model.model_dump()):  # in JSON mode pydantic would write NaN as null
        if number != number or number in (float("inf"), float("-inf")):
            raise ValueError(f"{place} is {number}: a record holds finite numbers only (use null for none)")
    content = model.model_dump(mode="json")
    envelope = {
        "schema_version": SCHEMA_VERSION,
        "checksum": _checksum(SCHEMA_VERSION, content),
        "content": content,
    }
    return (json.dumps(envelope, sort_keys=True, indent=1, allow_nan=False) + "\n").encode("ascii")


def unseal(raw: bytes, model: type[Model], path: str) -> Model:
    """The model that ``seal`` wrote into ``raw``; ``path`` is for messages only.

    Raises NewerSchema before anything else is looked at, and SealError where the bytes were cut or edited.
    """
    try:
        envelope = json.loads(raw)
    except ValueError as error:
        raise SealError(f"not JSON, cut short or overwritten ({error})") from error
    if not isinstance(envelope, dict) or not {"schema_version", "checksum", "content"} <= envelope.keys():
        raise SealError("not a sealed record: schema_version, checksum or content is missing")
    version = envelope["schema_version"]
    if not isinstance(version, int) or version < 1:
        raise SealError(f"schema_version is {version!r}, not a positive whole number")
    if version > SCHEMA_VERSION:
        raise NewerSchema(path, version, SCHEMA_VERSION)
    if _checksum(version, envelope["content"]) != envelope["checksum"]:
        raise SealError("its checksum does not fit its content: it was edited")
    try:
        return model.model_validate(envelope["content"])
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SealError(f"not a {model.__name__}: {place}: {first['msg']}") from error


def _checksum(version: int, content: object) -> str:
    try:
        spelled = canonical({"schema_version": version, "content": content})
    except ValueError as error:  # NaN or an infinity: nothing that was sealed holds one
        raise SealError(f"it holds a number that is not finite ({error})") from error
    return "sha256:" + hashlib.sha256(spelled).hexdigest()


def _numbers(value: Any, place: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, float):
        yield place, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _numbers(part, f"{place}.{key}" if place else str(key))
    elif isinstance(value, (list, tuple)):
        for i, part in enumerate(value):
            yield from _numbers(part, f"{place}[{i}]")
