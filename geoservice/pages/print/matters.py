"""What is in hand on paper: as the map shows it, narrowed as the map is, and said in the head of the sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely

from geoservice.domain.languages import Language
from geoservice.maps.specs import style_title
from geoservice.pages.print.address import PrintWords
from geoservice.pages.words.catalogue import words
from geoservice.services.mapping import InHandPage
from geoservice.services.narrowing import Narrowing, due_of
from layers.catalogue import Drawn
from layers.crs import Bbox
from layers.features import FeaturesWithin
from layers.incidents.layer import SOURCES, STATUSES

#: The style that draws it.
IN_HAND = "incidents_in_hand"


@dataclass(frozen=True)
class Matters:
    """What is in hand within a sheet."""

    #: What is drawn, each with its `status` and how it is `due`.
    within: FeaturesWithin
    #: How many there are within, drawn or not.
    total: int


def matters_within(every: InHandPage, narrowing: Narrowing, bbox: Bbox, now: datetime, *, most: int) -> Matters:
    """Return what is in hand in a box; where more than `most` are to be drawn, only how many."""
    west, south, east, north = bbox
    rows, places, total = [], [], 0
    for one in every.matters:
        if one.lon is None or one.lat is None or not (west <= one.lon <= east and south <= one.lat <= north):
            continue
        total += 1
        due = due_of(one, now, every.soon_before)
        if narrowing.lets(one, due, now):
            rows.append({"status": one.status, "due": due})
            places.append((one.lon, one.lat))
    if len(rows) > most:
        return Matters(FeaturesWithin(len(rows), (), np.array([], dtype=object)), total)
    geoms = shapely.points(np.array(places)) if places else np.array([], dtype=object)
    return Matters(FeaturesWithin(len(rows), tuple(rows), geoms), total)


def narrowed_words(
    asked: PrintWords, styles: Sequence[Drawn], matters: Matters | None, every: InHandPage | None, language: Language
) -> str:
    """Return what a sheet shows less of than there is, with x of y; empty: it shows all."""
    said = words("print", language)
    told = []
    if matters is not None and every is not None and asked.narrowing.is_any:
        filters = said["and"].join(_filters(asked.narrowing, every, language))
        told.append(said["narrowed"].format(filters=filters, x=f"{matters.within.matched:,}", y=f"{matters.total:,}"))
    off = list(_switched_off(asked, styles, language))
    if off:
        told.append(said["off"].format(lines=said["and"].join(off)))
    return said["then"].join(told)


def _filters(narrowing: Narrowing, every: InHandPage, language: Language) -> Iterator[str]:
    """Yield each filter with what it is set to; a code that nothing has is told as it is."""
    said = words("maps", language)
    services = {one.code: one for one in every.legend.services} if every.legend else {}
    if narrowing.statuses is not None:
        names = [title.text(language) for code, title in STATUSES.items() if code in narrowing.statuses]
        yield f"{words('print', language)['status']} {' / '.join(names) or words('print', language)['none']}"
    if narrowing.service:
        one = services.get(narrowing.service)
        name = narrowing.service if one is None else (one.name_en if language == "en" else None) or one.name
        yield f"{said['filter.service']} {name}"
    if narrowing.source:
        title = SOURCES.get(narrowing.source)
        yield f"{said['filter.source']} {narrowing.source if title is None else title.text(language)}"
    if narrowing.officer:
        signs = {one.code: one.call_sign for one in every.legend.staff} if every.legend else {}
        yield f"{said['filter.officer']} {signs.get(narrowing.officer, narrowing.officer)}"
    if narrowing.age_days is not None:
        yield f"{said['filter.age']} {words('print', language)['days'].format(n=narrowing.age_days)}"
    if narrowing.late or narrowing.soon:
        both = narrowing.late and narrowing.soon
        yield said["filter.late_or_soon" if both else "filter.late" if narrowing.late else "filter.soon"]


def _switched_off(asked: PrintWords, styles: Sequence[Drawn], language: Language) -> Iterator[str]:
    """Yield the lines of the legend of what is drawn that are switched off."""
    for layer, style in styles:
        codes = layer.column(style.by).codes if style.by else {}
        for value in sorted(asked.switched_off.get(style.id, ())):
            if value in codes:
                yield f"{style_title(layer, style, language)}: {codes[value].text(language)}"
