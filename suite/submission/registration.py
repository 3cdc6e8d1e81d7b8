"""What a file registers: the name and version in ``@method(...)``, read from its syntax."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from suite.submission.errors import SubmissionError

_HOMES = ("suite.methods", "suite.methods.registry")
_EXAMPLE = '@method("my_method", version="1")'
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def registration(tree: ast.Module) -> tuple[str, str]:
    """Name and version of the one method that a file registers.

    Raises SubmissionError where it registers none or several, where name or version are no plain texts, or
    where they are not made of letters, digits, ``-``, ``_`` and ``.``.
    """
    calls = list(_calls(tree))
    if not calls:
        raise SubmissionError(
            f"it registers no method: put {_EXAMPLE} above its class, after importing `method`"
        )
    if len(calls) > 1:
        lines = " and ".join(str(call.lineno) for call in calls)
        raise SubmissionError(f"it registers {len(calls)} methods (lines {lines}); submit one in a file")
    [call] = calls
    given = dict(zip(("name", "version"), call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    return _literal("name", given.get("name"), call), _literal("version", given.get("version"), call)


def _literal(part: str, node: ast.expr | None, call: ast.Call) -> str:
    where = f"line {call.lineno}"
    if node is None:
        raise SubmissionError(f"{where}: @method is given no {part}; right would be {_EXAMPLE}")
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        raise SubmissionError(
            f"{where}: the {part} must be written out as a text, as in {_EXAMPLE}, not {ast.unparse(node)}"
        )
    if not _PLAIN.fullmatch(node.value) or ".." in node.value:
        raise SubmissionError(
            f"{where}: the {part} {node.value!r} must be 1 to 64 letters, digits, '-', '_' and single '.', "
            "beginning with a letter or digit"
        )
    return node.value


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    direct, modules = _bound(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            for decorator in node.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                spelled = ast.unparse(called)
                if spelled in direct or spelled in modules:
                    if not isinstance(decorator, ast.Call):
                        raise SubmissionError(
                            f"line {decorator.lineno}: @{spelled} lacks name and version; right is {_EXAMPLE}"
                        )
                    yield decorator


def _bound(tree: ast.Module) -> tuple[set[str], set[str]]:
    """How the file spells ``suite.methods.method``: names bound to it, and dotted ways to it."""
    direct: set[str] = set()
    dotted: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if node.module in _HOMES and alias.name in ("method", "*"):
                    direct.add("method" if alias.name == "*" else alias.asname or alias.name)
                elif f"{node.module}.{alias.name}" in _HOMES:
                    dotted.add(f"{alias.asname or alias.name}.method")
        elif isinstance(node, ast.Import):
            dotted |= {f"{alias.asname or alias.name}.method" for alias in node.names if alias.name in _HOMES}
    return direct, dotted
