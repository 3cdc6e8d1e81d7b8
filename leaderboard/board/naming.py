"""What benchmarks are called on the board: their own names, and what of their options tells them apart."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

from leaderboard.records import BenchmarkIdentity

# Longer lists are counted, and longer unions named by kind: nobody reads eight scripts in a heading.
_MOST_LISTED = 3
_LONGEST = 50
_PARTS = "of"


def own_name(name: str, options: Mapping[str, object]) -> str:
    """A benchmark and those of its options that are words: ``glyphs Georgian``, ``glyphs ∪ emoji``.

    It depends on the benchmark alone, whatever others a board has. Options that are numbers or flags are left
    to ``titled``.
    """
    parts = options.get(_PARTS)
    if isinstance(parts, Sequence) and not isinstance(parts, str):
        return _union([_part(part) for part in parts])
    said = [_said(key, value) for key, value in sorted(options.items())]
    return " ".join([name, *filter(None, said)])


def titled(benchmarks: Mapping[str, BenchmarkIdentity]) -> dict[str, str]:
    """Digest -> what the data are called among these: their own name, and in brackets the options in which
    they differ from others of that name. Equal ones are told by their digest."""
    groups: dict[str, list[str]] = defaultdict(list)
    for digest, identity in sorted(benchmarks.items()):
        groups[own_name(identity.name, identity.options)].append(digest)
    return {
        digest: title
        for own, digests in groups.items()
        for digest, title in _apart(own, {digest: benchmarks[digest].options for digest in digests}).items()
    }


def _apart(own: str, options: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    keys = sorted({key for each in options.values() for key in each})
    differing = [key for key in keys if len({_spelled(each.get(key)) for each in options.values()}) > 1]
    found = {
        digest: ", ".join(f"{key}={_spelled(each[key])}" for key in differing if key in each)
        for digest, each in options.items()
    }
    if len(found) > len(set(found.values())):
        found = {
            digest: ", ".join(filter(None, (said, f"data {digest[:8]}"))) for digest, said in found.items()
        }
    return {digest: f"{own} ({said})" if said and len(found) > 1 else own for digest, said in found.items()}


def _union(parts: Sequence[str]) -> str:
    whole = " ∪ ".join(parts)
    if len(parts) <= _MOST_LISTED and len(whole) <= _LONGEST:
        return whole
    kinds = [part.partition(" ")[0] for part in parts]
    counted = {kind: kinds.count(kind) for kind in kinds}
    return " ∪ ".join(f"{count} × {kind}" if count > 1 else kind for kind, count in counted.items())


def _part(part: object) -> str:
    """A part of a union: NAME, or {NAME: options}."""
    if isinstance(part, Mapping) and len(part) == 1:
        ((name, options),) = part.items()
        return own_name(str(name), options if isinstance(options, Mapping) else {})
    return str(part)


def _said(key: str, value: object) -> str:
    """An option in words; empty where it is none."""
    if isinstance(value, str):
        return value
    if not isinstance(value, Sequence) or not value or not all(isinstance(word, str) for word in value):
        return ""
    return " + ".join(value) if len(value) <= _MOST_LISTED else f"of {len(value)} {key}"


def _spelled(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
