"""The processes that share one training: who is who, what share is whose, and how they add up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
import torch.distributed as dist
from torch import Tensor


class MemberLost(RuntimeError):
    """Another member went away, or did not come to where this one waited for it."""


@dataclass
class Crew:
    """Process ``rank`` of ``size`` that share one training; alone where ``size`` is 1.

    With ``size`` > 1 the default process group of ``torch.distributed`` must be there, with a backend for
    CPU tensors; ``group`` is the one for tensors on a GPU, where that is another one. All members call the
    same functions in the same order. ``shares`` is false while members do different things, as in
    validation: nothing is averaged then. What one member wishes with ``wish``, all know in ``agreed`` after
    the next step.
    """

    rank: int = 0
    size: int = 1
    group: dist.ProcessGroup | None = None
    shares: bool = True
    wish: bool = False
    agreed: bool = False
    _own: int = field(default=1, init=False)
    _all: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.size:
            raise ValueError(f"a rank must be in 0..{self.size - 1}, not {self.rank}")

    @property
    def weight(self) -> float:
        """This member's share, in 0..1, of what was handed out last; the shares of all come to 1."""
        return self._own / self._all

    def hand_out(self, count: int) -> slice:
        """Which of ``count`` items are this member's: equal parts, in order, that differ by one at most.

        Where there are fewer items than members, one without a part gets an item that counts nothing, so that
        it takes part in each step.
        """
        first, end = (count * rank // self.size for rank in (self.rank, self.rank + 1))
        self._own, self._all = end - first, count
        return slice(first, end) if end > first else slice(0, 1)

    def hand_out_whole(self) -> None:
        """All members have the same items."""
        self._own, self._all = 1, self.size

    @contextmanager
    def apart(self) -> Iterator[None]:
        """In the block each member works for itself."""
        before, self.shares = self.shares, False
        try:
            yield
        finally:
            self.shares = before

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace each member's ``tensors``, means over its share, by the mean over what all were handed.

        A member whose item counts nothing adds nothing, not even what is not finite. Each type of number is
        sent as one message.
        """
        kinds: dict[torch.dtype, list[Tensor]] = {}
        for tensor in tensors:
            kinds.setdefault(tensor.dtype, []).append(tensor)
        for members in kinds.values():
            flat = torch.cat([tensor.reshape(-1) for tensor in members] + [members[0].new_zeros(1)])
            if self._own:
                flat.mul_(self.weight)
            else:
                flat.zero_()
            flat[-1] = float(self.wish)
            self.add_up(flat)
            self.agreed = self.agreed or bool(flat[-1] > 0)
            parts = torch.split(flat[:-1], [tensor.numel() for tensor in members])
            for tensor, mean in zip(members, parts, strict=True):
                tensor.copy_(mean.view_as(tensor))

    def add_up(self, tensor: Tensor) -> None:
        """Replace ``tensor`` by the sum over all members."""
        if self.size > 1:
            with _told():
                dist.all_reduce(tensor, group=self._group_of(tensor))

    def gather(self, tensor: Tensor) -> list[Tensor]:
        """The tensors, of equal shape, of all members, by rank."""
        if self.size == 1:
            return [tensor]
        found = [torch.empty_like(tensor) for _ in range(self.size)]
        with _told():
            dist.all_gather(found, tensor.contiguous(), group=self._group_of(tensor))
        return found

    def interleaved(self, own: Sequence[float], count: int) -> list[float]:
        """``count`` numbers in order, of which each member has every ``size``-th, from its rank on."""
        rows = torch.full((-(-count // self.size),), torch.nan, dtype=torch.float64)
        rows[: len(own)] = torch.tensor(own, dtype=torch.float64)
        found: list[float] = torch.stack(self.gather(rows), 1).flatten()[:count].tolist()
        return found

    def require_same(self, values: Tensor, what: str) -> None:
        """Raise RuntimeError, naming ``what``, where members have different ``values``."""
        found = self.gather(values)
        different = [rank for rank, other in enumerate(found) if not torch.equal(other, found[0])]
        if different:
            raise RuntimeError(
                f"processes that share a training must have the same {what}, and process {different[0]} of "
                f"{self.size} has another than the first: {found[different[0]].tolist()} instead of "
                f"{found[0].tolist()}"
            )

    def _group_of(self, tensor: Tensor) -> dist.ProcessGroup | None:
        return self.group if tensor.is_cuda else None


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # of torch's backends; what each of them says is its own
        raise MemberLost(f"a process that shares this training was lost: {error}") from error
