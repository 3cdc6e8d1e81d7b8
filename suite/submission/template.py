"""A method to begin with, complete and commented."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

import suite.methods
from suite.submission.errors import SubmissionError


def template(path: Path) -> tuple[str, str]:
    """Name and text of a new method's file at ``path``, the name made of the file's.

    Raises SubmissionError where the file's name does not end in ``.py``.
    """
    if path.suffix != ".py":
        raise SubmissionError(f"{path}: a method is a Python file; name it {path.stem or 'my_method'}.py")
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", path.stem).strip("_-")[:40] or "my_method"
    if name in suite.methods.names():
        name = f"my_{name}"
    words = "".join(word[:1].upper() + word[1:] for word in re.split(r"[_-]+", name))
    class_name = words if words[:1].isalpha() else f"Method{words}"
    text = Template((Path(__file__).parent / "template.txt").read_text(encoding="utf-8"))
    return name, text.substitute(name=name, file=path.name, class_name=class_name)
