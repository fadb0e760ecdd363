"""What stands against cutting, keeping and writing tiles at the command line."""

from __future__ import annotations

from geoservice.errors import GeoserviceError


class TilesNotKept(GeoserviceError):
    """No tiles are kept here."""

    advice = "keep-tiles"


class TilesMissing(GeoserviceError):
    """Not all tiles were cut."""

    advice = "build-tiles"


class TilesDamaged(GeoserviceError):
    """A kept tile can not be read."""

    advice = "verify-tiles"


class TilesEmpty(GeoserviceError):
    """There is nothing of the layer here, so there are no tiles to write."""


class TilesBrokenOff(GeoserviceError):
    """A process that cut tiles was killed, perhaps for want of memory. What was cut until then is kept."""

    advice = "build-on-fewer"


class TilesUnwritable(GeoserviceError):
    """The file's name says no kind of file that tiles are written into: .pmtiles or .mbtiles."""
