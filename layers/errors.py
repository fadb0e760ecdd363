"""Facts about data that stop a caller. They know no HTTP; geoservice.web.problems maps them to a status."""

from __future__ import annotations


class LayerError(Exception):
    """The data do not allow it."""

    def __init__(self, **fields: object) -> None:
        super().__init__(type(self).__doc__)
        self.fields = fields


class RefusedByDatabase(LayerError):
    """The database refused the change."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message=message, hint=hint)
        #: A sentence for people: what is wrong, and where.
        self.message = message
        #: How to mend it, or None.
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class StepRefused(RefusedByDatabase):
    """The incident's lifecycle has no such step from where it is."""


class EditedMeanwhile(RefusedByDatabase):
    """Somebody edited the draft since the caller looked at it."""


class PublishedMeanwhile(RefusedByDatabase):
    """Somebody published another edition since the draft was drawn."""


class MovedMeanwhile(RefusedByDatabase):
    """The data moved since the preview was made."""


class TryAgain(LayerError):
    """Somebody else changed the same rows at the same moment; try again."""


class DatabaseUnavailable(LayerError):
    """The database does not answer; try again in a moment."""


class TooBusy(LayerError):
    """All database connections are in use; try again in a moment."""


class TookTooLong(LayerError):
    """The question took longer than allowed and was stopped."""


class SchemaMissing(LayerError):
    """The database has no geoservice tables, or older ones; run: geoservice db upgrade."""


class InvalidGeometry(LayerError):
    """The geometry is not valid."""


class NoRow(LayerError):
    """There is no such row."""
