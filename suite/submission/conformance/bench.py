"""The method on the bench: built, trained and used under watch, with what it raises told in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch

from suite.errors import first_line
from suite.methods import Method, MethodError, Predictor, Source, count_backward_passes, seed_everything
from suite.methods.scoring import checked_logits
from suite.submission.conformance import generators
from suite.submission.conformance.handing import Handing, handed
from suite.submission.conformance.pictures import Case, patterns
from suite.submission.conformance.watch import Watch
from suite.submission.loading import file_name
from tasks import Episode, Support


class Stumbled(Exception):
    """The method raised, or returned no prediction; the message is the sentence to tell."""


@dataclass(frozen=True)
class Training:
    """A trained method, what it was handed, and the generators' states when it was done."""

    method: Method
    source: Source
    images: int
    left: dict[str, bytes]


@dataclass
class Bench:
    """``make`` builds the method, by its arguments; ``name`` is what its file is called in tracebacks."""

    make: Callable[..., Method]
    name: str
    watch: Watch = field(default_factory=Watch)
    settings: dict[str, str] = field(default_factory=dict)
    _trained: dict[tuple[Case, int], Training] = field(default_factory=dict)

    def built(self, **arguments: Any) -> Method:
        """A new method."""
        with self._asked("building it"):
            return self.make(**arguments)

    def trained(self, case: Case, seed: int = 0, *, again: bool = False) -> Training:
        """The method trained on ``case``; the same one for all checks, unless ``again``."""
        if again or (case, seed) not in self._trained:
            method = self.built()
            source = Source(
                patterns(case.channels, case.size), case.budget, case.way, case.shot, case.query, seed
            )
            handing = Handing(source)
            seed_everything(seed)
            with self._asked(f"train (on {case})"), count_backward_passes(source.spent):
                method.train(cast(Source, handing), source.budget)
            training = Training(method, source, handed(handing), generators.states())
            if again:
                return training
            self._trained[case, seed] = training
        return self._trained[case, seed]

    def adapted(self, method: Method, support: Support, seed: int = 0) -> Predictor:
        """The predictor of ``adapt``, drawing from ``seed`` as in a sweep. Its logits are checked."""
        copy, way = support.images.clone(), support.way
        seed_everything(seed)
        with self._asked("adapt"):
            predictor = method.adapt(
                Support(copy, None if support.labels is None else support.labels.clone())
            )
        if not torch.equal(copy, support.images):
            raise Stumbled("adapt changes the support images in place; work on a copy of them")

        def predict(images: torch.Tensor) -> torch.Tensor:
            given = images.clone()
            with self._asked("the predictor"):
                logits = checked_logits(predictor(given), len(given), way).double().cpu()
            if not torch.equal(given, images):
                raise Stumbled("the predictor changes the query images in place; work on a copy of them")
            return logits

        return predict

    def logits(self, method: Method, episode: Episode, seed: int = 0) -> torch.Tensor:
        """Logits float64 [queries, way] of an episode."""
        return self.adapted(method, episode.support, seed)(episode.query_images)

    def save(self, method: Method, folder: Path) -> None:
        """Save into the new folder ``folder``."""
        folder.mkdir()
        with self._asked("save", folder):
            method.save(folder)

    def load(self, method: Method, folder: Path) -> None:
        """Load from ``folder``."""
        with self._asked("load", folder):
            method.load(folder)

    @contextmanager
    def _asked(self, doing: str, folder: Path | None = None) -> Iterator[None]:
        before = generators.settings()
        try:
            with self.watch.during(doing.partition(" (")[0], folder):
                yield
        except MethodError as error:
            raise Stumbled(f"{doing} {error}") from error
        except Exception as error:  # whatever a method raises: it is told
            raise Stumbled(
                f"{doing} raised {type(error).__name__}: {first_line(error)}{self._at(error)}"
            ) from error
        except SystemExit as error:
            raise Stumbled(
                f"{doing} ends the process (SystemExit{self._at(error)}); return instead"
            ) from error
        finally:
            for what, value in generators.settings().items():
                if value != before[what]:
                    self.settings.setdefault(
                        what, f"{doing.partition(' (')[0]} sets {what} from {before[what]} to {value}"
                    )

    def _at(self, error: BaseException) -> str:
        trace, line = error.__traceback__, None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == file_name(self.name):
                line = trace.tb_lineno
            trace = trace.tb_next
        return "" if line is None else f" (line {line} of its file)"
