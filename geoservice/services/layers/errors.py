"""What stops whoever changes features of layers."""

from __future__ import annotations

from geoservice.errors import GeoserviceError


class LayerNotWritten(GeoserviceError):
    """Features of this layer are not written one by one: grids are drawn in drafts, reports come in by their doors."""


class FeatureUnknown(GeoserviceError):
    """The layer has no feature of this key, at least not at that time."""


class FeatureNotStored(GeoserviceError):
    """The feature is not as it must be."""

    def __init__(self, reason: str, **fields: object) -> None:
        super().__init__(reason=reason, **fields)
        #: A sentence: what is wrong with it.
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class FeatureTaken(GeoserviceError):
    """The layer has a feature of this key already: change that one, or give the new one another key."""


class FeatureEditedMeanwhile(GeoserviceError):
    """The feature is not as it was when that ETag was given out: look at it as it is now, then change it."""


class NotYourGrid(GeoserviceError):
    """An officer changes what stands in the grids that he is posted to today, with a key that names him."""


class ChangeUnknown(GeoserviceError):
    """There is no such change."""


class DifferenceOutdated(GeoserviceError):
    """What would change is not what was looked at: somebody changed the layer, or the file is another one."""


class MissingNotKnown(GeoserviceError):
    """Rows were refused, so that nobody knows what is missing: mend them, or keep what is missing."""


class RemovalNotConfirmed(GeoserviceError):
    """More than a tenth of what is stored would be removed."""

    advice = "confirm-removal"


class UploadGone(GeoserviceError):
    """The file that was brought is gone: it was written, or an hour has passed. Bring it again."""


class UploadNotKept(GeoserviceError):
    """The file could not be kept: the service can not write to its data directory, or its disk is full."""


class ReaderBusy(GeoserviceError):
    """Another file is being read at this moment; try again in a little while."""
