"""Write the grids of an edition, or a layer, to a file, whole or not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from geoservice.services.audit.traces import note_export
from geoservice.services.layers.staging import written_layer
from geoservice.services.lookups import get_edition, get_jurisdiction, get_layer
from geoservice.writing.export_errors import EditionEmpty, ExportFormatUnknown
from geoservice.writing.exported_file import exported_file, require_place
from geoservice.writing.format_names import FormatName
from geoservice.writing.formats import FORMATS
from geoservice.writing.tables import FeatureTable, area_remark, datum_remark, export_epsg, grid_table, layer_table
from layers.db.session import Database
from layers.features import feature_rows
from layers.grids import queries
from layers.grids.model import Edition, GridShape

#: Reading all grids of a city takes longer than a request's statement may.
TIMEOUT_S = 120.0


@dataclass(frozen=True)
class ExportResult:
    """What was written."""

    features: int
    epsg: int
    format: FormatName
    #: What the format could not hold, a sentence each.
    remarks: tuple[str, ...]


class ExportService:
    """The editions and layers of one database, as files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def export(
        self, edition_id: int, out: Path, *, crs: str = "wgs84", format_name: FormatName | None = None,
        allow_ballpark: bool = False, force: bool = False, timeout_s: float | None = TIMEOUT_S,
    ) -> ExportResult:  # fmt: skip
        """Write the grids of an edition: code, name, name_en, parent_code, properties and shape, by code.

        Parameters
        ----------
        out
            A file; or, with `shapefile`, a name without an ending: a new folder.
        crs
            `wgs84`, `cgcs2000` or `epsg:N`. Coordinates keep every digit; easting or longitude comes first.
        format_name
            None: by the end of the file's name.
        allow_ballpark
            Whether places may be as far off as an old datum is that no sure way leads to.
        force
            Replace a file that is there.
        timeout_s
            Longest time to read the grids; None: that of a request.

        Raises
        ------
        EditionUnknown, EditionEmpty
            There is none, or nothing in it.
        ExportFormatUnknown, ExportExists, ExportOntoFolder, ExportFolderMissing, ExportFolderClosed, ShapefileTooNarrow
            What is wrong with the output; nothing is written.
        ExportCrsUnknown, ExportCrsRefused, ExportCrsDoesNotFit, ExportDatumNotSure
            The CRS is not known, can not be told in a file, does not cover the grids, or is of an old datum.
        """
        epsg = _epsg_for(out, crs, force=force)
        edition, grids, attribution = self._grids(edition_id, timeout_s)
        name = f"{edition.jurisdiction_code}_edition_{edition.id}"
        table = grid_table(grids, epsg=epsg, attribution=attribution)
        geoms = [grid.geom for grid in grids]
        remarks = [*datum_remark(geoms, epsg, allow_ballpark=allow_ballpark), *area_remark(geoms, epsg)]
        return _written(table, out, name, format_name, remarks, force=force)

    def export_layer(
        self, jurisdiction_code: str, layer_id: str, out: Path, *, crs: str = "wgs84",
        format_name: FormatName | None = None, allow_ballpark: bool = False, force: bool = False,
        stored: bool = False,
    ) -> ExportResult:  # fmt: skip
        """Write the features of a layer, as they are now, by key; parameters and further errors as of `export`.

        One without features makes a file without features.

        Parameters
        ----------
        stored
            Write the columns that people write, so that the file can be edited and imported again. Of a personal layer
            these are its rows, which are for whoever runs the service; else the counts that its source makes.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown
            There is none.
        LayerNotWritten
            Nobody writes the features of the layer one by one.
        ShapefileOfOneType
            The layer has lines and areas.
        """
        layer = written_layer(layer_id) if stored else get_layer(layer_id)
        epsg = _epsg_for(out, crs, force=force)
        with self._database.transaction(timeout_s=TIMEOUT_S) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            rows, geoms = feature_rows(connection, layer, jurisdiction_id=jurisdiction.id, stored=stored)
            note_export(connection, jurisdiction.id, len(rows), layer=layer.id, stored=stored)
        table = layer_table(
            layer, rows, geoms, epsg=epsg, columns=layer.written if stored else None,
            time_zone=jurisdiction.time_zone, attribution=jurisdiction.attribution,
        )  # fmt: skip
        name = f"{jurisdiction.code}_{layer.id}"
        remarks = [*datum_remark(geoms, epsg, allow_ballpark=allow_ballpark), *area_remark(geoms, epsg)]
        return _written(table, out, name, format_name, remarks, force=force)

    def _grids(self, edition_id: int, timeout_s: float | None) -> tuple[Edition, tuple[GridShape, ...], str | None]:
        """Return an edition, its grids, and whom whoever shows them names."""
        with self._database.transaction(timeout_s=timeout_s) as connection:
            edition = get_edition(connection, edition_id)
            grids = queries.stored_grids_of(connection, edition_id)
            jurisdiction = get_jurisdiction(connection, edition.jurisdiction_code)
            note_export(connection, jurisdiction.id, len(grids), edition=edition_id)
        if not grids:
            raise EditionEmpty(edition=edition_id)
        return edition, grids, jurisdiction.attribution


def format_of(out: Path) -> FormatName:
    """Return the format that a file's name ends like; raise ExportFormatUnknown."""
    for name, form in FORMATS.items():
        if out.suffix and out.suffix.lower() in form.suffixes:
            return name
    raise ExportFormatUnknown(file=out.name)


def _epsg_for(out: Path, crs: str, *, force: bool) -> int:
    """Return the code of the CRS to write in, once there is a place to write to."""
    epsg = export_epsg(crs)
    require_place(out, force=force)
    return epsg


def _written(
    table: FeatureTable, out: Path, name: str, format_name: FormatName | None, remarks: list[str], *, force: bool
) -> ExportResult:
    form = format_name or format_of(out)
    # Plain letters only: it becomes the name of files and tables.
    layer_name = re.sub(r"[^A-Za-z0-9_]", "_", name)
    with exported_file(out, force=force) as unfinished:
        remarks = [*remarks, *FORMATS[form].write(table, unfinished, layer_name)]
    if table.attribution is not None:
        remarks.append(f"Whoever shows these data names: {table.attribution}")
    return ExportResult(table.columns.num_rows, table.epsg, form, tuple(remarks))
