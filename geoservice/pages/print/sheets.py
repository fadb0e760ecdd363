"""Which sheets a print has, and what each says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyproj
import shapely

from geoservice.errors import GridUnknown
from geoservice.maps.builders import NOT_TOLD
from geoservice.maps.sheets.contents import Said, SheetMap
from geoservice.maps.sheets.frame import MapFrame
from geoservice.maps.sheets.paper import Layout, layout
from geoservice.maps.sheets.sheet import sheet
from geoservice.maps.sheets.symbols import RINGS
from geoservice.maps.specs import style_title
from geoservice.pages.print.address import MOST_SHEETS, PrintAddress, PrintWords
from geoservice.pages.print.matters import IN_HAND, Matters, matters_within, narrowed_words
from geoservice.pages.words.catalogue import words
from geoservice.services.mapping import InHandPage
from geoservice.services.sheets import SheetService, Town
from layers.catalogue import Drawn
from layers.crs import OutsideCrs
from layers.grids.layer import GRIDS
from layers.incidents.layer import INCIDENTS

#: Features of one layer on one sheet; of more a printer makes a black stain, and a browser a long wait.
MOST_FEATURES = 20_000
#: Grids that touch a grid are told beside it, so many.
_NEIGHBOURS = 12


@dataclass(frozen=True)
class Print:
    """What is printed."""

    address: PrintAddress
    asked: PrintWords
    town: Town
    #: What may be drawn and is asked for, lowest first.
    styles: Sequence[Drawn]
    now: datetime
    #: All that is in hand, as whoever prints may know of it; None: it is not drawn.
    in_hand: InHandPage | None = None
    #: Login of who prints; empty: nobody is signed in.
    by: str = ""

    @property
    def numbers(self) -> range:
        """Return the numbers of the sheets that are made, from 1; an atlas is made in parts."""
        if not self.asked.atlas:
            return range(1, 2)
        first = min(self.asked.sheet, self.sheets)
        return range(first, min(first + MOST_SHEETS, self.sheets + 1))

    @property
    def sheets(self) -> int:
        """Return how many sheets there are in all."""
        return len(self.town.grids) + 1 if self.asked.atlas else 1

    def svgs(self, sheets: SheetService) -> Iterator[str]:
        """Yield the sheets as SVG."""
        page = layout(self.asked.paper, self.asked.orientation)
        for number in self.numbers:
            chosen = self._chosen(number)
            frame = self._frame(page, chosen)
            layers = {layer.id for layer, style in self.styles if style.id != IN_HAND or self.in_hand is None}
            ground = sheets.ground(self.town.jurisdiction, sorted(layers), frame.bbox, most=MOST_FEATURES)
            matters = self._matters(frame)
            left_out = {id_: one.matched for id_, one in ground.items() if not one.rows}
            if matters is not None and not matters.within.rows:
                left_out[INCIDENTS.id] = matters.within.matched
            said = self._said(number, chosen, frame, left_out, matters)
            own = {} if matters is None else {IN_HAND: matters.within}
            yield sheet(
                SheetMap(page, frame, self.styles, ground, self.town.geoms, self.town.grids, chosen,
                         self.address.language, said, own, self.asked.switched_off)
            )  # fmt: skip

    def _matters(self, frame: MapFrame) -> Matters | None:
        return None if self.in_hand is None else matters_within(
            self.in_hand, self.asked.narrowing, frame.bbox, self.now, most=MOST_FEATURES
        )  # fmt: skip

    def _chosen(self, number: int) -> int | None:
        """Return which grid a sheet is about."""
        if self.asked.atlas:
            return None if number == 1 else number - 2
        if self.asked.grid is None:
            return None
        codes = [grid["code"] for grid in self.town.grids]
        if self.asked.grid not in codes:
            raise GridUnknown(grid=self.asked.grid)
        return codes.index(self.asked.grid)

    def _frame(self, page: Layout, chosen: int | None) -> MapFrame:
        srid = self.town.jurisdiction.metric_srid
        if self.asked.map is not None and chosen is None and not self.asked.atlas:
            _, lon, lat = self.asked.map
            frame = MapFrame(page.map, srid, (lon, lat), self.asked.stated_scale or 1)
            if not frame.is_on_earth:
                raise OutsideCrs
            return frame
        whole = shapely.box(*self.town.jurisdiction.bbox) if chosen is None else self.town.geoms[chosen]
        scale = None if self.asked.atlas and chosen is None else self.asked.scale
        return MapFrame.around(page.map, srid, whole, scale=scale)

    def _said(self, number: int, chosen: int | None, frame: MapFrame, left_out: dict[str, int],
              matters: Matters | None) -> Said:  # fmt: skip
        language, said = self.address.language, words("print", self.address.language)
        one = self.town.jurisdiction
        zone = ZoneInfo(one.time_zone)
        name = (one.name_en or one.name) if language == "en" else (one.name or one.name_en or "")
        grid = None if chosen is None else self.town.grids[chosen]
        title = name if grid is None else f"{name} · {_grid_name(grid, language)}"
        printed_at = self.now.astimezone(zone).strftime("%Y-%m-%d %H:%M %z")
        printed = [said["printed"].format(at=f"{printed_at[:-2]}:{printed_at[-2:]}")]
        if self.by:
            printed.append(said["by"].format(login=self.by))
        printed.append(said["sheet_of"].format(number=number, total=self.sheets))
        return Said(
            title=title, subtitle=self._edition(said, zone), printed=tuple(printed), legend=said["legend"],
            key_map=said["key_map"], scale=f"1:{frame.scale:,}", crs=said["crs"].format(crs=_crs_name(frame.srid)),
            attribution=one.attribution or "", facts=() if chosen is None else tuple(self._facts(chosen, said)),
            missing=tuple(self._missing(left_out, said)), rings={due: said[f"ring.{due}"] for due in RINGS},
            narrowed=narrowed_words(self.asked, self.styles, matters, self.in_hand, language),
        )  # fmt: skip

    def _edition(self, said: dict[str, str], zone: ZoneInfo) -> str:
        if not self.town.grids:
            return said["no_edition"]
        first = self.town.grids[0]
        since = first["valid_from"].astimezone(zone).strftime("%Y-%m-%d")
        return said["edition"].format(number=first["edition"], since=since, grids=f"{self.town.matched:,}")

    def _facts(self, chosen: int, said: dict[str, str]) -> Iterator[tuple[str, str]]:
        grid, language = self.town.grids[chosen], self.address.language
        yield said["code"], str(grid["code"])
        for column in GRIDS.columns:
            if column.told and column.name != "code":
                value = grid[column.name]
                yield column.title.text(language), NOT_TOLD if value is None else _written(value)
        near = shapely.dwithin(self.town.geoms, self.town.geoms[chosen], 1e-7)
        beside = [self.town.grids[number] for number in np.flatnonzero(near).tolist() if number != chosen]
        names = [_grid_name(one, language) for one in beside[:_NEIGHBOURS]]
        more = f" +{len(beside) - _NEIGHBOURS}" if len(beside) > _NEIGHBOURS else ""
        yield said["neighbours"], said["and"].join(names) + more

    def _missing(self, left_out: dict[str, int], said: dict[str, str]) -> Iterator[str]:
        told = set()
        for layer, style in self.styles:
            count = left_out.get(layer.id, 0)
            if count and layer.id not in told:
                told.add(layer.id)
                yield said["too_many"].format(
                    layer=style_title(layer, style, self.address.language), count=f"{count:,}",
                    most=f"{MOST_FEATURES:,}",
                )  # fmt: skip


def _grid_name(grid: Any, language: str) -> str:
    return str((grid["name_en"] if language == "en" else None) or grid["name"] or grid["code"])


def _written(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _crs_name(srid: int) -> str:
    return f"{pyproj.CRS.from_epsg(srid).name} (EPSG:{srid})"
