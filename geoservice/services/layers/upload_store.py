"""Files that were brought on a page, kept in the data directory until they are written: an hour, and no name of theirs.

Each has a directory with a random name, the file in it and, once all of it arrived, a note of what it is.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from geoservice.domain.importing.choices import Choices
from geoservice.services.layers.errors import UploadNotKept

#: So long is a file kept that nobody writes.
KEPT_S = 3600.0
#: So many has somebody at once: the oldest goes.
_EACH = 3
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NOTE = "upload.json"
#: Choices that the note keeps: the others follow from where the features are.
_KEPT = (
    "mapping", "is_whole", "crs", "encoding", "layer", "sheet", "swapped", "degrees", "gbt28181", "words",
    "drop_heights", "allow_ballpark",
)  # fmt: skip


@dataclass(frozen=True)
class Upload:
    """A file that was brought, and what is said of it."""

    id: str
    #: Code.
    jurisdiction: str
    layer: str
    #: As whoever brought it called it, without the folders.
    name: str
    #: Who brought it.
    actor: str
    #: How the name ends, in small letters.
    suffix: str
    choices: Choices = field(default_factory=Choices)
    #: Of its columns, as they were shown last; none: it could not be read.
    headers: tuple[str, ...] = ()
    #: As which it was written; its file is gone then.
    change: int | None = None


class UploadStore:
    """Keeps files that were brought.

    Parameters
    ----------
    directory
        Made when it is first needed. Whatever lies in it may be removed.
    """

    def __init__(self, directory: Path, *, kept_s: float = KEPT_S) -> None:
        self._directory = directory
        self._kept_s = kept_s

    @contextmanager
    def receiving(self, upload: Upload) -> Iterator[IO[bytes]]:
        """Yield a file to write to; keep it when the block ends in order, remove it at once when not.

        Raises
        ------
        UploadNotKept
            The disk does not take it.
        """
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._directory / upload.id).mkdir(mode=0o700)
            with self.file(upload).open("xb") as file:
                yield file
            self.note(upload)
        except OSError as exc:
            self.drop(upload.id)
            raise UploadNotKept(reason=exc.strerror) from exc
        except BaseException:  # whoever sent it went away, or what else: no part of a file stays; it is raised again
            self.drop(upload.id)
            raise
        for older in [one for one in self._of(upload.actor) if one.change is None][_EACH:]:
            self.drop(older.id)

    def file(self, upload: Upload) -> Path:
        """Return where a file is."""
        return self._directory / upload.id / f"file{upload.suffix}"

    def note(self, upload: Upload) -> None:
        """Keep what is said of a file, in place of what was said before."""
        told = asdict(upload) | {"choices": _told(upload.choices)}
        place = self._directory / upload.id
        with suppress(FileNotFoundError):  # it was removed meanwhile, which whoever asks next is told
            new = place / f"{secrets.token_hex(8)}.json"
            new.write_text(json.dumps(told), encoding="utf-8")
            new.replace(place / _NOTE)

    def find(self, id: str) -> Upload | None:
        """Return a file that is kept."""
        if not _ID.fullmatch(id):
            return None
        try:
            told = json.loads((self._directory / id / _NOTE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        found = Upload(**told | {"choices": _as_choices(told["choices"]), "headers": tuple(told["headers"])})
        return None if self._is_old(self._directory / id) else found

    def end(self, upload: Upload, change: int) -> None:
        """Remove a file that was written; as which change is told for as long as it would have been kept."""
        self.note(replace(upload, change=change))
        for file in (self._directory / upload.id).glob("file.*"):
            file.unlink(missing_ok=True)

    def drop(self, id: str) -> None:
        """Remove a file; nothing happens where it is gone."""
        shutil.rmtree(self._directory / id, ignore_errors=True)

    def drop_old(self) -> int:
        """Remove what nobody wrote in time, that of which a part arrived among it; return how many."""
        old = [place for place in self._places() if self._is_old(place)]
        for place in old:
            self.drop(place.name)
        return len(old)

    def _places(self) -> list[Path]:
        try:
            return [place for place in self._directory.iterdir() if _ID.fullmatch(place.name)]
        except OSError:  # nobody brought any, or none can be kept there
            return []

    def _of(self, actor: str) -> list[Upload]:
        """Return what somebody brought, the latest first."""
        found = [one for place in self._places() if (one := self.find(place.name)) is not None and one.actor == actor]
        return sorted(found, key=lambda one: -(_arrived_at(self._directory / one.id) or 0.0))

    def _is_old(self, place: Path) -> bool:
        arrived_at = _arrived_at(place)
        return arrived_at is not None and abs(time.time() - arrived_at) > self._kept_s


def new_id() -> str:
    """Return a name that nobody guesses."""
    return secrets.token_hex(16)


def _arrived_at(place: Path) -> float | None:
    """Return when the last of a file came, as Unix time; of one that did not begin to come when it was expected."""
    try:
        return next(place.glob("file.*"), place).stat().st_mtime
    except OSError:
        return None


def _told(choices: Choices) -> dict[str, Any]:
    told = asdict(choices)
    return {name: told[name] for name in _KEPT} | {"no_persons": sorted(choices.no_persons)}


def _as_choices(told: dict[str, Any]) -> Choices:
    return replace(Choices(), **told | {"no_persons": frozenset(told["no_persons"])})
