"""What of a store was mirrored, and where to: ``wandb/mirror.json``. Losing it loses nothing but time."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from suite.mirror.place import FOLDER

_FILE = "mirror.json"


class Sent(BaseModel):
    """A run that reached a W&B project: the digest of what was sent, when (UTC), and its address."""

    model_config = ConfigDict(frozen=True)

    content: str
    when: str
    url: str


class Mirrored(BaseModel):
    """A run that was written: its folder below the store, digests of its content and of the run file.

    ``root`` is where the store lay then, since W&B notes absolute paths of artifacts, and ``project`` what
    the run names. ``sent`` is by target, the address of a W&B project.
    """

    model_config = ConfigDict(frozen=True)

    folder: str
    content: str
    file: str
    root: str
    project: str
    sent: dict[str, Sent] = Field(default_factory=dict)


class Marker(BaseModel):
    """Every run that was mirrored, by its id."""

    version: int = 1
    runs: dict[str, Mirrored] = Field(default_factory=dict)

    @classmethod
    def read(cls, root: Path) -> Marker:
        """The marker of the store at ``root``; an empty one where there is none that can be read."""
        try:
            found = cls.model_validate_json((root / FOLDER / _FILE).read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return cls()
        return found if found.version == cls().version else cls()

    def write(self, root: Path) -> None:
        """Keep it, in one step."""
        path = root / FOLDER / _FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(self.model_dump_json(indent=1) + "\n")
        temporary.replace(path)
