"""Which cells are meant: a beginning of a key, or words that a row must answer to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from suite.nearest import nearest
from suite.runs.listing import Row

_SHORTEST = 8
_SHOWN = 4


class NoSuchRun(LookupError):
    """Nothing answers to what was asked for, or more than one cell does; the message says what would."""


def shortest(keys: Collection[str]) -> int:
    """How many digits tell every key from every other, at least 8."""
    ordered = sorted(set(keys))
    longest = max((_shared(a, b) for a, b in pairwise(ordered)), default=0)
    return max(_SHORTEST, longest + 1)


def resolve(prefix: str, keys: Iterable[str]) -> str:
    """The one key that begins with ``prefix``. Raises NoSuchRun where none does, or more than one."""
    wanted = prefix.lower()
    found = sorted({key for key in keys if key.startswith(wanted)}) if wanted else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise NoSuchRun(f"no cell's key begins with {prefix!r}; `league runs` lists them")
    digits = shortest(found)
    shown = ", ".join(key[:digits] for key in found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
    raise NoSuchRun(f"{len(found)} keys begin with {prefix!r}: {shown}; give more digits")


def chosen(rows: Sequence[Row], words: Iterable[str]) -> list[Row]:
    """The rows that answer to every word.

    A word is a value of a row (a method's name or label, a benchmark, ``5w1s``, ``seed=3``, a kind, a state,
    a host, a sweep) or the beginning of its key; where it is none of these in any row, a part of a value.
    Raises NoSuchRun for a word that no row answers to, with the nearest that one does.
    """
    left = list(rows)
    for word in words:
        exact = {row.key for row in rows if _equals(row, word.lower())}
        found = exact or {row.key for row in rows if _contains(row, word.lower())}
        if not found:
            known = sorted({value for row in rows for value in _values(row)})
            raise NoSuchRun(f"no run answers to {word!r}; {nearest(word, known)}")
        left = [row for row in left if row.key in found]
    return left


def _values(row: Row) -> list[str]:
    name = row.method.partition("(")[0] if row.method else None
    seed = None if row.seed is None else f"seed={row.seed}"
    told = (row.kind, row.state, row.method, name, row.benchmark, row.protocol, seed, row.host, row.sweep)
    return [value for value in told if value]


def _equals(row: Row, word: str) -> bool:
    is_key = len(word) >= 4 and row.key.startswith(word)
    return is_key or any(value.lower() == word for value in _values(row))


def _contains(row: Row, word: str) -> bool:
    return any(word in value.lower() for value in _values(row))


def _shared(one: str, other: str) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
