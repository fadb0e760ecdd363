"""Jurisdictions: add one with its outline, say what it wants of its grids, list them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import shapely
from shapely import MultiPolygon
from sqlalchemy import Connection

from geoservice.domain.validating.soundness import outline_findings
from geoservice.errors import JurisdictionCodeRefused, JurisdictionCodeTaken
from geoservice.reading.crs import require_sure
from geoservice.reading.file_errors import OutlineNotValid
from geoservice.reading.grids import grids_of_file
from geoservice.reading.limits import Limits
from geoservice.reading.reader import read_features
from geoservice.reading.shapes import GridFields, holes_of, outline_of
from geoservice.services.children import OnProgress
from geoservice.services.importing import TIMEOUT_S, ImportResult, store_draft, with_own_outline
from geoservice.services.lookups import get_jurisdiction
from geoservice.services.metric import fitting_srid, require_metric
from layers.antimeridian import on_one_side
from layers.crs import Position
from layers.db.session import Database
from layers.jurisdictions.edits import (
    insert_jurisdiction,
    set_attribution,
    set_four_eyes,
    set_names,
    set_retention,
    set_time_zone,
    set_up,
    set_visitors,
)
from layers.jurisdictions.model import Jurisdiction, Reroute, Retention, Visitors
from layers.jurisdictions.queries import find_jurisdiction, jurisdictions

#: Between those whom the data of a jurisdiction name.
_BETWEEN = "; "
#: What an address can hold between two slashes without being changed on its way; letters of any script.
_CODE = re.compile(r"\w([\w.-]{0,62}\w)?")


@dataclass(frozen=True)
class NewJurisdiction:
    """A jurisdiction that was made of the grids of a file."""

    jurisdiction: Jurisdiction
    draft: ImportResult
    #: Square metres of the holes of its outline, the largest first: ground that no grid has.
    holes_m2: tuple[float, ...]


class _Place(NamedTuple):
    """Where a jurisdiction lies."""

    outline: MultiPolygon
    #: What is not sure of its datum, as was allowed; None: nothing.
    ballpark: str | None
    metric_srid: int
    time_zone: str


class JurisdictionService:
    """The jurisdictions of one database."""

    def __init__(self, database: Database, *, limits: Limits | None = None) -> None:
        self._database = database
        self._limits = limits or Limits()

    def add(
        self,
        code: str,
        *,
        name: str,
        outline_path: str,
        name_en: str | None = None,
        crs: str | None = None,
        encoding: str | None = None,
        layer: str | None = None,
        allow_ballpark: bool = False,
        metric_srid: int | None = None,
        time_zone: str = "Asia/Shanghai",
        actor: str = "",
    ) -> Jurisdiction:
        """Add a jurisdiction whose outline is all the polygons of a file; borders inside are dissolved.

        Parameters
        ----------
        crs
            Of the file: `wgs84`, `cgcs2000`, `gcj02`, `bd09` or `epsg:N`; None: what the file says.
        allow_ballpark
            See `read_features`.
        metric_srid
            EPSG code of its metric CRS; None chooses the Gauss-Kruger or UTM zone of its centre.
        time_zone
            IANA name.

        Raises
        ------
        JurisdictionCodeRefused, JurisdictionCodeTaken, OutlineNotValid, MetricCrsRefused, FileRefused
            Nothing is stored then.
        RefusedByDatabase
            Another guard says no: a name with invisible characters, an unknown time zone.
        """
        _require_code(code)
        features = read_features(
            outline_path, crs=crs, encoding=encoding, layer=layer, allow_ballpark=allow_ballpark, limits=self._limits
        )
        require_sure(features.crs, features.geoms)
        place = _place(outline_of(features), features.doubt, metric_srid, time_zone)
        with self._database.transaction(actor=actor) as connection:
            return _inserted(connection, code, name, name_en, place)

    def add_outlined(
        self, code: str, *, name: str, outline: MultiPolygon, name_en: str | None = None,
        metric_srid: int | None = None, time_zone: str = "Asia/Shanghai", actor: str = "",
    ) -> Jurisdiction:  # fmt: skip
        """Add a jurisdiction by an outline, EPSG:4326; see `add`.

        Raises
        ------
        JurisdictionCodeRefused, JurisdictionCodeTaken, OutlineNotValid, MetricCrsRefused, RefusedByDatabase
        """
        _require_code(code)
        place = _place(outline, None, metric_srid, time_zone)
        with self._database.transaction(actor=actor) as connection:
            return _inserted(connection, code, name, name_en, place)

    def add_from_grids(
        self,
        code: str,
        *,
        name: str,
        grids_path: str,
        fields: GridFields,
        name_en: str | None = None,
        crs: str | None = None,
        encoding: str | None = None,
        layer: str | None = None,
        allow_ballpark: bool = False,
        heal_m: float | None = None,
        title: str | None = None,
        metric_srid: int | None = None,
        time_zone: str = "Asia/Shanghai",
        on_progress: OnProgress = lambda share, what: None,
        actor: str = "",
    ) -> NewJurisdiction:
        """Add a jurisdiction whose outline is what the grids of a file cover, with a draft of those grids; see `add`.

        Parameters
        ----------
        fields, title
            See `EditionService.import_file`.
        heal_m
            First close gaps and overlaps between the grids that are narrower than this, in metres; None: they are taken
            as they are. Gaps that are left are holes of the outline.

        Raises
        ------
        JurisdictionCodeRefused, JurisdictionCodeTaken, OutlineNotValid, MetricCrsRefused, FileRefused
            Nothing is stored then.
        HealingRefused, HealingTookTooLong, HealerDied
            The grids can not be healed, or not with that tolerance.
        """
        _require_code(code)
        found = grids_of_file(
            grids_path, fields, crs=crs, encoding=encoding, layer=layer, allow_ballpark=allow_ballpark,
            limits=self._limits,
        )  # fmt: skip
        healing, outline = with_own_outline(found.grids, heal_m, on_progress)
        place = _place(outline, found.ballpark, metric_srid, time_zone)
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
            added = _inserted(connection, code, name, name_en, place)
            draft = store_draft(connection, added, grids_path, found, healing, title=title)
        return NewJurisdiction(added, draft, holes_of(outline))

    def set_up(
        self,
        code: str,
        *,
        households_min: int | None = None,
        households_max: int | None = None,
        grid_code_pattern: str | None = None,
        reroute: Reroute | None = None,
        snap_tolerance_m: float | None = None,
        accuracy_m: float | None = None,
        attribution: str | None = None,
        visitors: Visitors | None = None,
        four_eyes: bool | None = None,
        actor: str = "",
    ) -> Jurisdiction:
        """Change what a jurisdiction wants of its grids, of publications and of look-ups; None: as it is.

        Parameters
        ----------
        households_min, households_max
            Of a grid; the gate remarks on others.
        grid_code_pattern
            A regular expression of PostgreSQL for the whole of a code; empty: any code will do.
        reroute
            What becomes of open incidents whose place gets another grid.
        snap_tolerance_m, accuracy_m
            Metres, 0 to 1000. With another tolerance features and open incidents beside the grids get other ones.
        attribution
            Whom everything that shows its data names, one line of text; empty: nobody.
        visitors
            What it shows to whoever shows no key; see `Visitors`.
        four_eyes
            Whether who drew a draft can neither publish it nor confirm its outline.

        Raises
        ------
        JurisdictionUnknown
            There is none.
        RefusedByDatabase
            The most is below the fewest, the pattern can not be read, a distance is out of bounds, or the attribution
            can not be shown.
        """
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
            now = get_jurisdiction(connection, code)
            set_up(
                connection, now.id,
                households_min=now.households_min if households_min is None else households_min,
                households_max=now.households_max if households_max is None else households_max,
                grid_code_pattern=now.grid_code_pattern if grid_code_pattern is None else grid_code_pattern or None,
                reroute=reroute or now.reroute,
                snap_tolerance_m=now.snap_tolerance_m if snap_tolerance_m is None else snap_tolerance_m,
                accuracy_m=now.accuracy_m if accuracy_m is None else accuracy_m,
            )  # fmt: skip
            if visitors is not None:
                set_visitors(connection, now.id, visitors)
            if four_eyes is not None:
                set_four_eyes(connection, now.id, four_eyes=four_eyes)
            if attribution is not None:
                set_attribution(connection, now.id, attribution.strip() or None)
            return get_jurisdiction(connection, code)

    def keep(self, code: str, days: Mapping[str, int | None], *, actor: str = "") -> Retention:
        """Change for how many days some kinds are kept, None for good; the rest stays as it is.

        Raises
        ------
        JurisdictionUnknown
        RefusedByDatabase
            Out of bounds.
        """
        with self._database.transaction(actor=actor) as connection:
            jurisdiction = get_jurisdiction(connection, code)
            set_retention(connection, jurisdiction.id, replace(jurisdiction.retention, **days))
            return get_jurisdiction(connection, code).retention

    def credit(self, code: str, attribution: str, *, actor: str = "") -> str:
        """Have everything that shows a jurisdiction's data name somebody, after those whom it names already.

        Returns
        -------
        str
            All that it names, "; " between them.

        Raises
        ------
        JurisdictionUnknown
        RefusedByDatabase
            That is more than a line holds.
        """
        with self._database.transaction(actor=actor) as connection:
            jurisdiction = get_jurisdiction(connection, code)
            named = jurisdiction.attribution
            there = [] if named is None else named.split(_BETWEEN)
            wanted = [one for one in attribution.split(_BETWEEN) if one not in there]
            if not wanted and named is not None:
                return named
            both = _BETWEEN.join([*there, *wanted])
            set_attribution(connection, jurisdiction.id, both)
            return both

    def correct(
        self, code: str, *, name: str | None = None, name_en: str | None = None, time_zone: str | None = None,
        actor: str = "",
    ) -> Jurisdiction:  # fmt: skip
        """Put right how a jurisdiction is called, and by which zone its days and working hours are reckoned.

        Parameters
        ----------
        name, name_en
            None: as it is; an empty English name: none.
        time_zone
            IANA name; None: as it is. What has a limit already keeps it.

        Raises
        ------
        JurisdictionUnknown
            There is none.
        RefusedByDatabase
            A name can not be shown, or the zone is unknown.
        """
        with self._database.transaction(actor=actor) as connection:
            now = get_jurisdiction(connection, code)
            if name is not None or name_en is not None:
                other = now.name_en if name_en is None else name_en or None
                set_names(connection, now.id, name=now.name if name is None else name, name_en=other)
            if time_zone is not None:
                set_time_zone(connection, now.id, time_zone)
            return get_jurisdiction(connection, code)

    def jurisdictions(self) -> tuple[Jurisdiction, ...]:
        """Return every jurisdiction, by code."""
        with self._database.transaction() as connection:
            return jurisdictions(connection)


def _require_code(code: str) -> None:
    if _CODE.fullmatch(code) is None:
        raise JurisdictionCodeRefused(code=code)


def _place(outline: MultiPolygon, ballpark: str | None, metric_srid: int | None, time_zone: str) -> _Place:
    """Return where an outline lies, its metric CRS chosen unless stated; raise OutlineNotValid, MetricCrsRefused."""
    for fault in outline_findings(outline):
        raise OutlineNotValid(reason=fault.message)
    middle = shapely.box(*outline.bounds).centroid
    centre = Position(on_one_side(middle.x), middle.y)
    if metric_srid is not None:
        require_metric(metric_srid, centre)
    return _Place(outline, ballpark, metric_srid or fitting_srid(centre, time_zone=time_zone), time_zone)


def _inserted(connection: Connection, code: str, name: str, name_en: str | None, place: _Place) -> Jurisdiction:
    if find_jurisdiction(connection, code) is not None:
        raise JurisdictionCodeTaken(code=code)
    insert_jurisdiction(
        connection, code=code, name=name, name_en=name_en, outline=place.outline, ballpark=place.ballpark,
        metric_srid=place.metric_srid, time_zone=place.time_zone,
    )  # fmt: skip
    return get_jurisdiction(connection, code)
