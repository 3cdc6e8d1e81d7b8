"""How the board calls a method: its name, and what sets it apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def label(name: str, arguments: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """``transfer(head=ridge)``: the name, and only the arguments that differ from ``defaults``.

    Both mappings are complete, so two methods of one name share a label only if they are the same method.

    >>> label("transfer", {"head": "ridge", "width": 32}, {"head": "logistic", "width": 32})
    'transfer(head=ridge)'
    """
    apart = [
        f"{key}={_spelled(value)}"
        for key, value in arguments.items()
        if key not in defaults or defaults[key] != value
    ]
    return f"{name}({', '.join(apart)})" if apart else name


def _spelled(value: object) -> str:
    """In one line; a text of several is told by the beginning of its sha256."""
    if isinstance(value, str) and "\n" in value:
        return hashlib.sha256(value.encode()).hexdigest()[:8]
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
