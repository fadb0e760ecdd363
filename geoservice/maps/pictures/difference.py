"""A picture of what is different between two editions."""

from __future__ import annotations

from collections.abc import Sequence

from geoservice.domain.editing.diff import Difference
from geoservice.maps.pictures.sheet import Sheet, borders, colours_of, gaining, ground, labels, legend
from layers.grids.model import GridShape

#: Codes told in one line.
_NAMED_MAX = 8


def difference_picture(grids: Sequence[GridShape], found: Difference, *, title: str) -> str:
    """Return an SVG picture of the difference between two editions.

    Parameters
    ----------
    grids
        Of the later one, EPSG:4326.
    found
        What they have otherwise than those of the earlier one.

    Returns
    -------
    str
        Borders that both have in grey, those only the earlier one has dashed, those only the later one has thick;
        ground that has another grid in that grid's colour, with its square metres below; a grid that got another code
        has both.
    """
    shapes = [grid.geom for grid in grids if grid.geom is not None]
    sheet = Sheet(shapes)
    colours = colours_of(gaining(found), grids)
    gained = {one.code: one.gained_m2 for one in found.redrawn}
    entries = [
        (colour, f"{code}: {f'+{gained[code]:,.0f} m²' if code in gained else 'new'}")
        for code, colour in colours.items()
    ]
    was = {pair.new: pair.old for pair in found.recoded}
    lines = [_summary(found), "Thick: new borders. Dashed: borders that are gone."]
    return sheet.picture([
        ground(sheet, grids, found, colours), borders(sheet, shapes, found), labels(sheet, grids, was),
        legend(sheet, title, lines, entries),
    ])  # fmt: skip


def _summary(found: Difference) -> str:
    """Return in one line how many grids are otherwise, and which are gone: those can not be seen."""
    counts = {
        "new": len(found.added), "redrawn": len(found.redrawn), "with another code": len(found.recoded),
        "with another name": len(found.renamed), "gone": len(found.retired),
    }  # fmt: skip
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    if not told:
        return "Nothing is different."
    more = ", …" if len(found.retired) > _NAMED_MAX else ""
    gone = f" ({', '.join(found.retired[:_NAMED_MAX])}{more})" if found.retired else ""
    return f"Grids: {told}{gone}."
