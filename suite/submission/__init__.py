"""A method that someone hands in as one Python file: read, checked, given its environment, and ranked.

>>> from suite import submission
>>> mine = submission.read("my_method.py")  # runs nothing of it
>>> mine.name, mine.version, mine.code.dependencies
('my_method', '1', ())
"""

from suite.submission.environment import Environment, prepare
from suite.submission.errors import SubmissionError
from suite.submission.loading import load_trusted, register
from suite.submission.reading import Submission, of_text, read
from suite.submission.template import template

__all__ = [
    "Environment",
    "Submission",
    "SubmissionError",
    "load_trusted",
    "of_text",
    "prepare",
    "read",
    "register",
    "template",
]
