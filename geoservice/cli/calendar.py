"""Commands about working time: calendar show, hours, import, due."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from geoservice.cli.actor import actor
from geoservice.cli.database import open_database
from geoservice.cli.instant import Instant
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.services import calendars as working

of_jurisdiction = click.option("--jurisdiction", required=True, help="Code of the jurisdiction.")


@contextmanager
def _calendars() -> Iterator[working.CalendarService]:
    with open_database() as database:
        yield working.CalendarService(database)


@click.group()
def calendar() -> None:
    """Working hours and holidays, which limits are reckoned in."""


@calendar.command()
@of_jurisdiction
@click.option("--year", type=click.IntRange(2000, 2200), help="This year when absent.")
def show(jurisdiction: str, year: int | None) -> None:
    """Show when is worked in a week, and the days of a year that are different."""
    with _calendars() as calendars:
        for stretch in calendars.hours(jurisdiction):
            closes = "24:00" if stretch.closes is None else f"{stretch.closes:%H:%M}"
            click.echo(f"{working.WEEKDAYS[stretch.weekday - 1]}  {stretch.opens:%H:%M}-{closes}")
        for day in calendars.days(jurisdiction, year=year or datetime.now(UTC).year):
            works = "holiday" if day.works_like is None else f"works like {working.WEEKDAYS[day.works_like - 1]}"
            click.echo(f"{day.day} {working.WEEKDAYS[day.day.weekday()]}  {works:14}  {day.label}")


@calendar.command()
@of_jurisdiction
@click.argument("lines", nargs=-1, required=True)
def hours(jurisdiction: str, lines: tuple[str, ...]) -> None:
    """Replace when is worked in a week: "mon-fri 08:30-12:30 14:00-18:00" "sat 09:00-12:00"."""
    with _calendars() as calendars:
        read = [stretch for line in lines for stretch in working.parse_hours(line)]
        calendars.set_hours(jurisdiction, read, actor=actor())
    click.echo("Limits of reports that come in from now on are reckoned with these hours.")


@calendar.command("import")
@of_jurisdiction
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--encoding", help="Of the text of a CSV, such as gbk; UTF-8 when absent.")
@click.option("--layer", help="Sheet of a workbook with several.")
def import_days(jurisdiction: str, file: Path, encoding: str | None, layer: str | None) -> None:
    """Write holidays and make-up days from FILE: columns day, works_like (empty, or mon to sun) and label.

    FILE is a CSV or an Excel workbook (.xlsx).
    """
    remarks: tuple[str, ...] = ()
    if file.suffix.lower().startswith(".xls"):
        if encoding is not None:
            raise click.UsageError("--encoding goes with a CSV; a workbook says it itself.")
        days, remarks = working.read_sheet_of_days(file, sheet=layer)
    elif layer is not None:
        raise click.UsageError("--layer goes with a workbook.")
    else:
        days = working.read_days(_text_of(file, encoding).splitlines())
    with _calendars() as calendars:
        calendars.add_days(jurisdiction, days, actor=actor())
    for remark in remarks:
        click.echo(remark, err=True)
    off = sum(day.works_like is None for day in days)
    click.echo(f"{off} holidays and {len(days) - off} days of work were written; other days stay as they were.")


def _text_of(file: Path, encoding: str | None) -> str:
    try:
        return file.read_text(encoding=encoding or "utf-8-sig")
    except (ValueError, LookupError) as exc:  # a codec refuses in several ways, and not every name is one
        said = f"The text of {file.name} is not {encoding or 'UTF-8'}: say --encoding, such as gbk."
        raise click.UsageError(said) from exc


@calendar.command()
@of_jurisdiction
@click.option("--from", "begins", type=Instant(), help="Now when absent.")
@click.argument("work_hours", type=click.FloatRange(0, 10_000, min_open=True))
def due(jurisdiction: str, begins: datetime | None, work_hours: float) -> None:
    """Tell when so many HOURS of work are done."""
    with _calendars() as calendars:
        done = calendars.due(jurisdiction, begins or datetime.now(UTC), work_hours)
    if done is None:
        raise click.ClickException("That is beyond the calendar: three months back, two years ahead.")
    click.echo(done.astimezone(None if begins is None else begins.tzinfo).isoformat())
