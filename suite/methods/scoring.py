"""The scorer: it alone sees query labels, and checks what a predictor returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from tasks import Episode

if TYPE_CHECKING:
    from suite.methods.interface import Predictor


class MethodError(RuntimeError):
    """A method returned something that is no prediction; the message is one sentence that says what."""


@dataclass(frozen=True)
class Outcome:
    """``correct`` of ``queries`` images were classified correctly."""

    correct: int
    queries: int

    @property
    def accuracy(self) -> float:
        """Share of correct predictions, in 0..1."""
        return self.correct / self.queries


def score(predictor: Predictor, episode: Episode) -> Outcome:
    """Hand the episode's query images to ``predictor`` and compare with its labels.

    The largest logit of a row is the prediction (the first one where several are equal). Raises MethodError
    where the result is no finite real tensor [queries, way].
    """
    logits = checked_logits(predictor(episode.query_images), len(episode.query_labels), episode.support.way)
    correct = logits.argmax(dim=1).cpu() == episode.query_labels
    return Outcome(int(correct.sum()), len(episode.query_labels))


def checked_logits(logits: object, queries: int, way: int) -> torch.Tensor:
    """``logits`` as a detached tensor [queries, way], or MethodError."""
    if not isinstance(logits, torch.Tensor):
        raise MethodError(f"returned a {type(logits).__name__}; expected a torch.Tensor of logits")
    if list(logits.shape) != [queries, way]:
        raise MethodError(f"returned logits of shape {list(logits.shape)}; expected {[queries, way]}")
    if logits.is_complex() or logits.dtype == torch.bool:
        raise MethodError(f"returned logits of type {logits.dtype}; expected a real number type")
    logits = logits.detach()
    wrong = int((~torch.isfinite(logits)).sum())
    if wrong:
        raise MethodError(f"returned {wrong} of {logits.numel()} logits that are NaN or infinite")
    return logits
