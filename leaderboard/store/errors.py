"""What can go wrong with a store, said in one sentence each."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class StoreError(RuntimeError):
    """The store cannot do what was asked; nothing was left half-written."""


class NewerSchema(StoreError):
    """The store, or a record in it, was written by a newer version of the project; it is left untouched."""

    def __init__(self, path: str, found: int, known: int) -> None:
        super().__init__(
            f"{path} has schema version {found}, this version reads up to {known}: "
            "upgrade transfer-league to use it (nothing was touched)"
        )
        self.path, self.found, self.known = path, found, known


class CorruptRecord(StoreError):
    """A record, or a file beside it, is not what was committed."""

    def __init__(self, key: str, path: str, reason: str) -> None:
        super().__init__(f"cell {key[:12]} is corrupt: {path}: {reason}")
        self.key, self.path, self.reason = key, path, reason


@dataclass(frozen=True)
class Problem:
    """A corrupt cell that was found, and where it was set aside (None: it is still in its place)."""

    key: str
    path: str
    reason: str
    set_aside: str | None = None

    def __str__(self) -> str:
        moved = f"; set aside in {self.set_aside}, to be computed again" if self.set_aside else ""
        return f"cell {self.key[:12]} is corrupt: {self.path}: {self.reason}{moved}"


_CAUSES = {
    errno.ENOSPC: "no space is left on its disk; free some and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EROFS: "it lies on a read-only file system; choose a {place} that can be written to",
    errno.EACCES: "permission was denied; choose a {place} that can be written to, or mend its permissions",
    errno.EPERM: "permission was denied; choose a {place} that can be written to, or mend its permissions",
    errno.ENOTDIR: "a part of its path is a file, not a folder; choose a folder",
}


# Packages whose errors are not OSErrors: the clients of S3, Google Cloud Storage and Azure.
_CLIENTS = frozenset({"aiobotocore", "aiohttp", "azure", "botocore", "gcsfs", "google", "s3fs"})


@contextmanager
def explained(url: str, what: str, place: str = "store") -> Iterator[None]:
    """Turn an OSError into a StoreError that says in one sentence ``what`` was not done, and why.

    So are the errors that clients of cloud storage raise. ``place``: what is at ``url``, in a word.
    """
    try:
        yield
    except OSError as error:
        known = _CAUSES.get(error.errno or 0)
        cause = known.format(place=place) if known else _sentence(error)
        raise StoreError(f"{what} in the {place} {url}: {cause}") from error
    except Exception as error:
        if type(error).__module__.split(".")[0] not in _CLIENTS:
            raise
        raise StoreError(f"{what} in the {place} {url}: {_sentence(error)}") from error


def _sentence(error: Exception) -> str:
    name = type(error).__name__
    if "Credential" in name or "credential" in str(error):
        return (
            "no credentials for it were found; for s3:// set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
            "(or run `aws configure`), for gs:// set GOOGLE_APPLICATION_CREDENTIALS (or run `gcloud auth "
            "application-default login`)"
        )
    if isinstance(error, PermissionError):
        return f"permission was denied ({error}); its credentials must allow to list, read, write and delete"
    return getattr(error, "strerror", None) or str(error) or name
