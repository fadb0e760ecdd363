"""What can go wrong with erasing."""

from geoservice.errors import GeoserviceError


class ErasureListNotWritten(GeoserviceError):
    """Nothing was erased: the list of erasures, by which a restore erases again, can not be written."""


class ErasureListDamaged(GeoserviceError):
    """A line of the list of erasures can not be read; mend or remove it: nothing was erased again so far."""
