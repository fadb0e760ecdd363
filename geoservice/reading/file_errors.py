"""Why a file is not imported, or an edition not moved on: each class is one fact, its docstring the sentence."""

from __future__ import annotations

from geoservice.errors import GeoserviceError


class FileRefused(GeoserviceError):
    """The file can not be imported."""


class FileMissing(FileRefused):
    """There is no such file. Give the path of a file on this machine, not an address or a connection."""


class FileTooLarge(FileRefused):
    """The file is larger than one that is read may be."""

    advice = "raise-file-bytes"


class FileTypeUnknown(FileRefused):
    """The name does not end like a format that is read: .geojson .json .gpkg .shp .zip .fgb .parquet .geoparquet."""


class NotOpenStreetMap(FileRefused):
    """The file does not begin like OpenStreetMap data, which are .osm, .osm.gz, .osm.bz2 or .osm.pbf."""


class TableWithoutShapes(FileRefused):
    """A workbook or a CSV holds no shapes: join it to its shapes in QGIS by their code, and give what that exports."""


class FileInUse(FileRefused):
    """What was saved is not all in the GeoPackage yet, and can not be read beside it: close it in the other program."""


class FileNotWhatItSays(FileRefused):
    """The file does not hold what the end of its name says."""


class FileUnreadable(FileRefused):
    """The file is damaged, or not as its format demands."""


class ShapefileIncomplete(FileRefused):
    """A shapefile is several files with one name; the .shp, the .shx and the .dbf must all be there."""


class ArchiveRefused(FileRefused):
    """The archive is not a plain .zip of one shapefile."""


class LayerNotStated(FileRefused):
    """The file holds several layers; one must be named."""

    advice = "name-layer"


class LayerMissing(FileRefused):
    """The file holds no such layer."""


class WorkbookUnreadable(FileRefused):
    """The workbook is damaged, or not as its format demands; open it in a spreadsheet and save it once more."""


class WorkbookLocked(FileRefused):
    """The workbook can not be opened as it is: save it as .xlsx, without a password."""


class WorkbookTooLarge(FileRefused):
    """The workbook asks for more room than one may; save the sheet as CSV, which has no such limits."""


class NotCalculated(FileRefused):
    """Formulas of the sheet were never calculated; open the workbook in a spreadsheet and save it once."""


class CellNotExact(FileRefused):
    """A number has more digits than the 15 that spreadsheets keep; format the column as text and enter it anew."""


class SheetEmpty(FileRefused):
    """The workbook has no sheet with rows that can be read."""


class SheetNotStated(FileRefused):
    """Sheets of the workbook have different headers; one must be named."""

    advice = "name-sheet"


class HeaderAbsent(FileRefused):
    """No row has names of columns; write them above the first feature."""


class ColumnsNotClear(FileRefused):
    """Which column is which is not clear."""

    advice = "map-columns"


class ChoicesUnknown(FileRefused):
    """What is said of the file names fields or codes that the layer has not."""


class OldestNotTold(FileRefused):
    """The file tells how many are 60 and older, and not which of them are 80 and older, which nobody can guess."""

    advice = "tell-oldest"


class ColumnsUnknown(FileRefused):
    """The mapping names fields that the layer has not, or columns that the file has not."""


class LayerWithoutPlaces(FileRefused):
    """Nothing in the file says where its features are: a geometry, lon and lat, wkt, place or building."""

    advice = "map-columns"


class KeyAbsent(FileRefused):
    """No column is known to name the features, so that the same one could be found again."""

    advice = "name-key"


class FieldAbsent(FileRefused):
    """No column is known for something that every row must tell."""

    advice = "map-columns"


class LimitsNotClear(FileRefused):
    """Limits say no working time: days of the calendar, numbers without a unit, or at once."""

    advice = "say-limits"


class NotALedger(FileRefused):
    """A roster or a list of services is a workbook (.xlsx, .xls, .ods) or a CSV."""


class CoordinateAlone(FileRefused):
    """The file has one coordinate of its places and not the other."""

    advice = "map-columns"


class CoordinatesSwapped(FileRefused):
    """Longitude and latitude seem to stand in each other's place."""

    advice = "swap-coordinates"


class DegreesNotSure(FileRefused):
    """The decimals of all coordinates could be minutes and seconds: 29.1425 for 29 degrees 14 minutes 25 seconds."""

    advice = "state-degrees"


class NumbersNotSure(FileRefused):
    """The column holds numbers of a list and not values; those of GB/T 28181 are not used by every system."""

    advice = "confirm-numbers"


class NoFeatures(FileRefused):
    """The file holds no features."""


class TooManyFeatures(FileRefused):
    """The file holds more features than may be read; 100,000 areas more take about 1.5 GB and half a minute."""

    advice = "raise-features"


class FieldMissing(FileRefused):
    """The file holds no such field."""


class GridWithoutCode(FileRefused):
    """A grid has no code."""


class GridCodeNotExact(FileRefused):
    """A code is a number too large to be held exactly, or no text and no number; save the field as text."""


class GeometryTypeRefused(FileRefused):
    """Only polygons and multipolygons with straight edges are read; convert curves, and leave out the rest."""


class EncodingNotStated(FileRefused):
    """The shapefile does not say for certain how its text is encoded; say it, or add a .cpg file."""

    advice = "state-encoding"


class EncodingUnknown(FileRefused):
    """There is no such encoding; use a name such as gbk, gb18030 or utf-8."""


class EncodingWrong(FileRefused):
    """The text of the file is not in the encoding stated."""

    advice = "state-encoding"


class ReadingTookTooLong(FileRefused):
    """Reading the file took longer than allowed and was stopped."""


class ReaderDied(FileRefused):
    """The process that read the file died: the file is hostile, or needs more memory than allowed."""


class CrsNotStated(FileRefused):
    """The file does not say its CRS; look beside the file, or ask whoever made it."""

    advice = "state-crs"


class CrsNotSure(FileRefused):
    """The file says no more of its CRS than its format does, and lies in China."""

    advice = "state-wgs84-or-gcj02"


class CrsUnknown(FileRefused):
    """The file names a CRS that is not known."""

    advice = "state-true-crs"


class DatumNotSure(FileRefused):
    """No sure way is known from the file's datum to WGS 84; ask whoever made it for CGCS2000 or WGS 84."""

    advice = "allow-ballpark"


class CrsCanNotBeTrue(FileRefused):
    """The coordinates can not be in that CRS."""

    advice = "state-true-crs"


class OutlineNotValid(FileRefused):
    """The outline is not a valid area; mend it at the place named, nothing is repaired silently."""
