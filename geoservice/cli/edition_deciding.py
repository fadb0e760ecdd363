"""edition decide, decisions, disown, own: gaps and overlaps given away by name, and ground that belongs to nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
import orjson

from geoservice.cli.actor import actor
from geoservice.cli.database import open_database
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.services.drafting import deciding as deciding_services
    from geoservice.services.drafting import model
    from layers import crs, geometry

reason_option = click.option("--reason", required=True, help="Why; it is kept with the edition.")


class Place(click.ParamType["crs.Position"]):
    """A position as findings tell it: longitude and latitude with a comma between, WGS 84."""

    name = "LON,LAT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> crs.Position:
        """Return the position."""
        if isinstance(value, crs.Position):
            return value
        try:
            lon, lat = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value} is not a place: write longitude,latitude, such as 91.7712345,29.2401234.", param, ctx)
        if not crs.is_on_earth(lon, lat):
            self.fail(f"{value} is not on the earth: write longitude, then latitude.", param, ctx)
        return crs.Position(lon, lat)


@contextmanager
def _deciding() -> Iterator[deciding_services.DecidingService]:
    with open_database() as database:
        yield deciding_services.DecidingService(database)


@click.command()
@click.argument("edition_id", type=int)
@click.option("--near", "place", type=Place(), required=True, help="In the gap or overlap, as its finding tells it.")
@click.option("--to", "to_grid", help="Code of the grid that gets it.")
@click.option("--nobody", "to_nobody", help="Instead: it belongs to nobody, under this code.")
@reason_option
def decide(*, edition_id: int, place: crs.Position, to_grid: str | None, to_nobody: str | None, reason: str) -> None:
    """Give a gap or an overlap of the draft EDITION_ID to a grid, or leave it to nobody.

    What healing does not close, being wider, is decided so, one by one. For ground of nobody look-ups answer that no
    grid owns it, and why.

    \b
        geoservice edition decide 7 --near 91.7712345,29.2401234 --to 540502001 --reason "as the fence stands"
        geoservice edition decide 7 --near 91.7712345,29.2401234 --nobody park --reason "the city's park"
    """  # noqa: D301  click's mark: lines stay as they are
    if (to_grid is None) == (to_nobody is None):
        raise click.UsageError("Say who gets it: --to CODE, or --nobody CODE.")
    with _deciding() as deciding:
        if to_grid is not None:
            edited = deciding.give(edition_id, place, to=to_grid, reason=reason, revision=None, actor=actor())
        else:
            code = str(to_nobody)
            edited = deciding.leave(edition_id, place, code=code, reason=reason, revision=None, actor=actor())
    _tell(edited)


@click.command()
@click.argument("edition_id", type=int)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def decisions(*, edition_id: int, as_json: bool) -> None:
    """List the gaps and overlaps of the edition EDITION_ID that were given away, by whom and why.

    Those of a draft that it was made of, or that was merged into it, are among them.
    """
    with _deciding() as deciding:
        found = deciding.decisions(edition_id)
    if as_json:
        click.echo(orjson.dumps({"decisions": [_fields(one) for one in found]}))
        return
    if not found:
        click.echo("Nothing was decided in it.")
    for one in found:
        told = one.decision
        moved = "" if told.to in one.held_by else f" (by now: {', '.join(one.held_by) or 'no grid'})"
        click.echo(
            f"{told.at:%Y-%m-%d %H:%M}  {told.kind:7} {geometry.square_metres(told.area_m2):>15}"
            f"  {told.lon:.7f},{told.lat:.7f}  to {told.to}{moved}  by {told.actor}: {told.reason}"
        )


@click.command()
@click.argument("edition_id", type=int)
@click.argument("code")
@reason_option
def disown(*, edition_id: int, code: str, reason: str) -> None:
    """Leave the ground of grid CODE of the draft EDITION_ID to nobody, such as a park that the city runs."""
    with _deciding() as deciding:
        _tell(deciding.disown(edition_id, code, reason=reason, revision=None, actor=actor()))


@click.command()
@click.argument("edition_id", type=int)
@click.argument("code")
def own(*, edition_id: int, code: str) -> None:
    """Make a grid of the ground CODE of the draft EDITION_ID, which belonged to nobody."""
    with _deciding() as deciding:
        _tell(deciding.own(edition_id, code, revision=None, actor=actor()))


COMMANDS = (decide, decisions, disown, own)


def _tell(edited: model.Edited) -> None:
    codes = ", ".join(grid.code for grid in edited.put)
    draft = edited.edition
    click.echo(f"Changed: {codes}. Draft {draft.id} is at revision {draft.revision}.")
    click.echo(f"Look at it as it stands: geoservice edition validate {draft.id}")


def _fields(one: model.KeptDecision) -> dict[str, object]:
    return {**one.decision._asdict(), "held_by": one.held_by}
