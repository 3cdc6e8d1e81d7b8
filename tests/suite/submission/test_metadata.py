"""Inline script metadata (PEP 723) of a submission."""

from __future__ import annotations

import pytest

from suite.submission.errors import SubmissionError
from suite.submission.metadata import Metadata, read_metadata

BLOCK = """\
# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "einops>=0.8",
#
#   "tiny @ file:///tmp/tiny-1.0-py3-none-any.whl",
# ]
# [tool.other]
# anything = 1
# ///
import einops
"""


def test_dependencies_and_python_are_read() -> None:
    found = read_metadata(f"# a comment before\n\n{BLOCK}")
    assert found.dependencies == ("einops>=0.8", "tiny @ file:///tmp/tiny-1.0-py3-none-any.whl")
    assert found.requires_python == ">=3.10"


@pytest.mark.parametrize(
    "text", ["", "import torch\n", "# /// other\n# a = 1\n# ///\n", "# /// script\n# ///\n"]
)
def test_a_file_may_have_none(text: str) -> None:
    if "script" in text:  # a block needs a line, by the PEP's own pattern
        with pytest.raises(SubmissionError, match="has no end"):
            read_metadata(text)
    else:
        assert read_metadata(text) == Metadata()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BLOCK + "\n" + BLOCK, "it has 2 `# /// script` blocks; there may be one"),
        (BLOCK.replace("# ///\n", ""), "has no end: begin each of its lines with '# '"),
        (BLOCK.replace("# dependencies", "dependencies"), "has no end"),
        (BLOCK.replace('"einops>=0.8"', "einops"), "is not valid TOML: "),
        (BLOCK.replace("dependencies", "dependancies"), "unknown key 'dependancies'; nearest: dependencies"),
        (
            BLOCK.replace('"einops>=0.8"', "1"),
            'dependencies must be a list of texts, such as ["einops>=0.8"]',
        ),
        (BLOCK.replace("einops>=0.8", "--index-url=http://x"), "is no requirement such as"),
        (BLOCK.replace("einops>=0.8", "einops=>0.8"), "the dependency 'einops=>0.8' is no requirement"),
        (BLOCK.replace(">=3.10", "three"), """requires-python must be like ">=3.10", not 'three'"""),
        (BLOCK.replace('">=3.10"', "3.10"), 'requires-python must be like ">=3.10", not 3.1'),
    ],
)
def test_what_is_malformed_is_said(text: str, said: str) -> None:
    with pytest.raises(SubmissionError) as caught:
        read_metadata(text)
    assert said in str(caught.value) and "\n" not in str(caught.value)
