"""Why a backup is not made, not believed, or not restored."""

from __future__ import annotations

from collections.abc import Mapping

from geoservice.errors import GeoserviceError


class BackupThere(GeoserviceError):
    """There is a file of this name already."""

    advice = "replace-file"


class BackupRuns(GeoserviceError):
    """Another backup is being made in this directory."""


class BackupNotByOwner(GeoserviceError):
    """The login may not read every row of the database, so it can make no backup."""

    advice = "name-owner"


class DumpFailed(GeoserviceError):
    """PostgreSQL's program could not copy the database."""


class BackupDamaged(GeoserviceError):
    """The file is no whole backup: nothing was restored from it."""


class BackupOfNewerVersion(GeoserviceError):
    """The backup was made by a newer version of the service: restore it with that one."""


class BackupOfNewerServer(GeoserviceError):
    """The backup was made of a newer PostgreSQL than this one: restore it into a server as new as that."""


class DatabaseNotEmpty(GeoserviceError):
    """The database holds tables already: make an empty one, and name that."""


class RestoreFailed(GeoserviceError):
    """The backup could not be brought in. The database is not to be used as it is: make an empty one and try again."""


class RestoreDiffers(GeoserviceError):
    """What was restored is not what the manifest says. The database is not to be used as it is."""

    def __init__(self, differences: Mapping[str, tuple[int | None, int | None]]) -> None:
        super().__init__(differences=differences)
        #: By table: rows in the manifest, and found; None: the table is not there.
        self.differences = dict(differences)

    def __str__(self) -> str:
        each = (f"{table}: {_rows(told)} in the manifest, {_rows(found)} restored"
                for table, (told, found) in sorted(self.differences.items()))  # fmt: skip
        return f"{type(self).__doc__} {'; '.join(each)}."


def _rows(count: int | None) -> str:
    return "none such" if count is None else f"{count:,} rows"
