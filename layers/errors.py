"""Facts about data that stop a caller. They know no HTTP; geoservice.web.problems maps them to a status."""

from __future__ import annotations

from collections.abc import Mapping


class LayerError(Exception):
    """The data do not allow it."""

    #: What may be done about it, as a code that each door has its own words for; None: the sentence says all.
    advice: str | None = None

    def __init__(self, **fields: object) -> None:
        super().__init__(type(self).__doc__)
        self.fields = fields


class RefusedByDatabase(LayerError):
    """The database refused the change.

    Parameters
    ----------
    message, hint
        Sentences for people: what is wrong, and where; how to mend it by the tables themselves, or None.
    advice
        How to mend it by a door of the service, as a code, or None.
    values
        What the words of the advice speak of.
    rule
        Which rule was broken, as `layers.db.sentences` calls it, or None.
    """

    def __init__(
        self, message: str, hint: str | None = None, *, advice: str | None = None,
        values: Mapping[str, object] | None = None, rule: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message=message, hint=hint, **(values or {}))
        self.rule = rule
        self.advice = advice
        #: A sentence for people: what is wrong, and where.
        self.message = message
        #: How to mend it, or None.
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class NotYours(RefusedByDatabase):
    """What was to be written belongs to another jurisdiction, or to another grid, than those of whoever asks."""


class StepRefused(RefusedByDatabase):
    """The incident's lifecycle has no such step from where it is."""


class EditedMeanwhile(RefusedByDatabase):
    """Somebody edited the draft since the caller looked at it."""


class PublishedMeanwhile(RefusedByDatabase):
    """Somebody published another edition since the draft was drawn."""


class MovedMeanwhile(RefusedByDatabase):
    """The data moved since the preview was made."""


class FourEyes(RefusedByDatabase):
    """Somebody else than who drew the draft has to do it: its jurisdiction wants four eyes."""


class LastAdministrator(RefusedByDatabase):
    """Somebody else has to administer every jurisdiction before the last who does so loses it."""


class OutlastsOwn(RefusedByDatabase):
    """Nobody gives what lasts longer than what he has himself."""


class TryAgain(LayerError):
    """Somebody else changed the same rows at the same moment; try again."""


class DatabaseUnavailable(LayerError):
    """The database does not answer; try again in a moment."""


class TooBusy(LayerError):
    """All database connections are in use; try again in a moment."""


class TookTooLong(LayerError):
    """The question took longer than allowed and was stopped."""


class SchemaMissing(LayerError):
    """The database has no geoservice tables, or older ones."""

    advice = "upgrade-database"


class InvalidGeometry(LayerError):
    """The geometry is not valid."""


class NoRow(LayerError):
    """There is no such row."""


class FilterRefused(LayerError):
    """The filter can not be understood."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        #: A sentence: what is wrong with it.
        self.reason = reason


class NotKnownThen(LayerError):
    """It is counted now, whatever instant is asked about, so it is told of no other one: leave out datetime, or it."""
