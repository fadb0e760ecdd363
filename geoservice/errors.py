"""Rules that stop a caller: the ground that every room of the service stands on.

They carry fields and know no door: the docstring is the sentence for people, and what may be done about it is a code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from layers.errors import LayerError


class GeoserviceError(Exception):
    """The service can not do it."""

    #: What may be done about it, as a code that each door has its own words for; None: the sentence says all.
    advice: str | None = None

    def __init__(self, **fields: object) -> None:
        super().__init__(type(self).__doc__)
        self.fields = fields

    def __str__(self) -> str:
        """Return the sentence with the fields that say which."""
        which = ", ".join(f"{name}: {value}" for name, value in self.fields.items() if value is not None)
        return f"{type(self).__doc__} ({which})" if which else str(type(self).__doc__)


class RefusedWithHint(GeoserviceError):
    """Something is not as it must be."""

    def __init__(self, message: str, hint: str, **fields: object) -> None:
        super().__init__(message=message, hint=hint, **fields)
        #: A sentence for people: what is wrong, and where.
        self.message = message
        #: How to mend it.
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"


def in_words(error: GeoserviceError | LayerError, words: Mapping[str, str]) -> str | None:
    """Return the advice of an error in the words of a door, with the error's fields filled in; None without either."""
    said = None if error.advice is None else words.get(error.advice)
    return None if said is None else said.format_map(error.fields)


class NoDatabase(GeoserviceError):
    """No database is named and the embedded one does not run."""

    advice = "name-database"


class SchemaDiffers(GeoserviceError):
    """The database differs from what this version declares: what is named would have to be done to it."""


class LayerNotAsDescribed(GeoserviceError):
    """A layer is described with columns that its relation has not: mend its layer.py, or add a revision with them."""


class OwnLayerNotAsDescribed(GeoserviceError):
    """An own layer is not as its description says: somebody changed its table or its row. Mend that as told."""


class NothingLoaded(GeoserviceError):
    """Nothing is held in memory: the grids in force were not read yet, or are asked of the database each time."""


class JurisdictionUnknown(GeoserviceError):
    """There is no such jurisdiction."""


class JurisdictionNotStated(GeoserviceError):
    """Say which jurisdiction is meant: there are several, or the position lies in none."""


class GridUnknown(GeoserviceError):
    """There is no such grid in the edition in force."""


class TownFileWrong(GeoserviceError):
    """The description of a town is not as it must be."""

    def __str__(self) -> str:
        return f"{self.fields['file']} is not as it must be. {str(self.fields['what']).rstrip('.')}."


class OwnLayerRefused(GeoserviceError):
    """The layer can not be made so."""

    def __init__(self, reason: str, **fields: object) -> None:
        super().__init__(reason=reason, **fields)
        #: A sentence: what is wrong, and how it may be.
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class LayerTaken(GeoserviceError):
    """There is a layer of this name already: import into it, or give the new one another name."""


class LayerBuiltIn(GeoserviceError):
    """The layer is built in: it can not be dropped."""


class OwnLayersTooMany(GeoserviceError):
    """There are as many own layers as there may be."""

    advice = "raise-own-layers"


class OwnLayerTooWide(GeoserviceError):
    """The layer would have more columns than one may have."""

    advice = "raise-own-columns"


class PostedToNoGrid(GeoserviceError):
    """There is no such grid in force to post somebody to."""


class EditionUnknown(GeoserviceError):
    """There is no such edition."""


class IncidentUnknown(GeoserviceError):
    """There is no such incident."""


class ReportUnknown(GeoserviceError):
    """No report has this token. It was given out once, with the report."""


class PublicReportsOff(GeoserviceError):
    """Reports without a key are not taken here; GEOSERVICE_PUBLIC_REPORTS=true switches them on."""


class ActionUnknown(GeoserviceError):
    """There is no such action."""


class StepNotAllowed(GeoserviceError):
    """The incident is not where this action may be taken from, or not by you."""

    def __init__(self, *, status: str, legal: Sequence[str], **fields: object) -> None:
        super().__init__(status=status, legal=", ".join(legal) or "none", **fields)
        self.status = status
        #: Actions that may be taken instead.
        self.legal = tuple(legal)


class IncidentChanged(GeoserviceError):
    """The incident is not as it was when that ETag was given out; look at what changed, then decide again."""

    def __init__(self, *, version: int, status: str, changes: Sequence[object], legal: Sequence[str]) -> None:
        super().__init__(version=version, status=status)
        self.version = version
        self.status = status
        #: Lines of its history (layers.incidents.model.IncidentEvent) since then, first things first.
        self.changes = tuple(changes)
        #: Actions that may be taken now.
        self.legal = tuple(legal)


class NotYourIncident(GeoserviceError):
    """An officer acts on incidents of the grids that he is posted to, with a key that names him."""


class StepWants(GeoserviceError):
    """The action needs something that was not given, or was given something that it has no use for."""


class PlaceWanted(StepWants):
    """The action needs a place."""

    advice = "name-coordinates"


class PlaceUnknown(GeoserviceError):
    """The place is exactly 0, 0, as a device writes it that does not know where it is: give the place itself."""


class NobodyOnDuty(GeoserviceError):
    """Nobody is posted to the grid today: name an officer."""


class DayToCome(GeoserviceError):
    """Nothing is known of a day to come: ask for one up to today, by the clocks of the jurisdiction."""


class MonthNotRecorded(GeoserviceError):
    """Nothing is recorded of that month: choose one from the first record to this month."""


class PeriodTooLong(GeoserviceError):
    """The period has more months than one answer tells: ask for a shorter one."""


class VisitOfNobody(GeoserviceError):
    """Whose visit it was is not said: the key names nobody, so the request has to."""


class PostingUnknown(GeoserviceError):
    """There is no such posting in this jurisdiction."""


class PostingBegun(GeoserviceError):
    """The posting has begun, so that somebody served by it: end it, it can not be taken back."""


class StaffNotStored(GeoserviceError):
    """The member of staff, or the posting, is not as it must be."""

    def __init__(self, reason: str, **fields: object) -> None:
        super().__init__(reason=reason, **fields)
        #: A sentence: what is wrong with it.
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class StaffMemberUnknown(GeoserviceError):
    """There is no member of staff of this code in this jurisdiction."""


class StaffUnknown(GeoserviceError):
    """There is no such member of staff in this jurisdiction."""


class NotServed(GeoserviceError):
    """No grid owns this place: it is not served from here."""


class CameraUnknown(GeoserviceError):
    """There is no such camera in this jurisdiction."""


class AlertNotTaken(GeoserviceError):
    """No service here takes this alert: name one as service_code, or give a service the alert's kind as a keyword."""


class ReportKeyUsed(GeoserviceError):
    """Another report or step came with this Idempotency-Key: give each a key of its own, a random UUID."""


class ServiceUnknown(GeoserviceError):
    """There is no such service in this jurisdiction."""


class WebhookUnknown(GeoserviceError):
    """There is no such webhook."""


class EventUnknown(GeoserviceError):
    """No event of this number was sent to the webhook yet: name one up to the last."""


class LayerUnknown(GeoserviceError):
    """There is no such layer; those that are there are named."""


class BasemapUnknown(GeoserviceError):
    """There is no base map of pictures of that number: basemaps.json beside the map lists them."""


class TileUnknown(GeoserviceError):
    """There is no such tile, or no such version of it: the layer's TileJSON names zooms and the version in force."""


class CalendarRefused(GeoserviceError):
    """The working hours or days can not be read."""


class AnswersUnfit(GeoserviceError):
    """The service asks for something else; see `errors`."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__()
        #: Each with the place in the report, as problems tell them.
        self.errors = [
            {"pointer": f"#/attributes/{code}", "code": "unfit", "detail": fault} for code, fault in faults.items()
        ]


class PersonalNumberRefused(GeoserviceError):
    """Leave out what looks like a telephone or identity number, a number plate, an e-mail address or a messenger id."""


class EditionNotDraft(GeoserviceError):
    """Only a draft can be validated; what is published was validated before and does not change."""


class InstantWithoutZone(GeoserviceError):
    """An instant must carry a zone, as in 2026-03-01T00:00:00+08:00."""


class MetricCrsRefused(GeoserviceError):
    """The metric CRS must be a projected one that covers the outline, named by its EPSG number."""


class JurisdictionCodeRefused(GeoserviceError):
    """The code stands in addresses: write 1 to 64 letters and digits, with hyphens, dots and underscores between."""


class JurisdictionCodeTaken(GeoserviceError):
    """There is a jurisdiction of this code already."""


class EditionNotEditable(GeoserviceError):
    """Only a draft can be edited; make a draft from it and edit that."""


class CodeNotReused(GeoserviceError):
    """The code names no other place than before: there is nothing to accept."""


class OutlineAsBefore(GeoserviceError):
    """The outline is the one before: there is nothing to confirm."""


class OutlinesDiffer(GeoserviceError):
    """Both drafts have another outline than their base, and not the same; give one of them that of the other first."""


class ReasonMissing(GeoserviceError):
    """Say why, in one line of at most 200 characters; blanks are no reason."""


class NothingToUndo(GeoserviceError):
    """No step of this draft is left to be undone."""


class NothingToRedo(GeoserviceError):
    """No step of this draft waits to be redone."""


class DraftsOfDifferentBases(GeoserviceError):
    """The two drafts were drawn from different editions; rebase the older one, then merge them."""


class NotTwoDrafts(DraftsOfDifferentBases):
    """Two different drafts of one jurisdiction can be merged; what was published is taken in by a rebase."""


class MergeConflict(GeoserviceError):
    """Both sides changed the same border, name or code; say for each grid whose version counts."""

    def __init__(self, conflicts: Sequence[Any], **fields: object) -> None:
        super().__init__(**fields)
        #: geoservice.domain.editing.merging.Conflict: what each side has.
        self.conflicts = tuple(conflicts)


class PreviewUnknown(GeoserviceError):
    """There is no such preview of this draft; ask for a new one."""


class PreviewOutdated(GeoserviceError):
    """What publishing would move is no longer what the preview showed; look at a new one, then publish."""

    def __init__(self, *, appeared: Sequence[Any], gone: Sequence[Any], counted: bool, **fields: object) -> None:
        super().__init__(appeared=len(appeared), gone=len(gone), **fields)
        #: Whether it may be told how many households they are.
        self.counted = counted
        #: Moves that the preview did not show, and those that it showed and that are no more.
        self.appeared = tuple(appeared)
        self.gone = tuple(gone)


class LiesAcross180(GeoserviceError):
    """The jurisdiction lies across 180 degrees, where this is not done: look at it on its map, or in QGIS."""
