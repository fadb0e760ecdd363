"""How the figures and their files are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response

from geoservice.auth.permissions import Permission, permitted
from geoservice.domain.spans import Month, Span
from geoservice.pages.desk.rendering import place_of
from geoservice.pages.figures import charts
from geoservice.pages.figures.address import SCOPE, SPANS, FiguresAddress
from geoservice.pages.figures.links import Links
from geoservice.pages.figures.tables import NumberSpeaker, Table, numbers, tables
from geoservice.pages.shell.frame import page
from geoservice.pages.shell.telling import clock
from geoservice.pages.words.catalogue import words
from geoservice.services.figures import Figures
from geoservice.web.guard import current_identity
from geoservice.web.language import page_address
from geoservice.writing.number_tables import CSV_TYPE, XLSX_TYPE, NumberTable, number_table_csv, number_tables_xlsx
from layers.incidents.layer import SOURCES

#: Tables that can be had as files.
TABLES = ("numbers", "grids", "services", "sources", "time", "hours")
#: Numbers that are told large; the others stand in the table below.
FIRST = ("received", "closed", "in_hand", "late", "resolve")


def figures_page(asked: FiguresAddress, figures: Figures) -> Response:
    """Return the page."""
    said, tell = words("figures", asked.language), speaker_of(asked, figures)
    every = numbers(tell)
    made = tables(tell, every)
    return page(
        "figures/templates/figures.html", "figures", title=said["title"],
        place=place_of(figures.jurisdiction, asked.language), asked=asked, figures=figures,
        spans=[{"name": name, "word": said[f"span.{name}"], "url": asked.url_of_span(name),
                "here": asked.named == name} for name in SPANS],
        first=[one for one in every if one.name in FIRST], others=[one for one in every if one.name not in FIRST],
        tables=made, bars=charts.bars_of(made["grids"]), lines=charts.lines_of(made["time"]),
        shades=charts.shades(made["hours"]), chart=charts, choices=_choices(asked, tell), table_names=TABLES,
        empty=_empty(figures, said), borders=_days(figures, figures.borders_changed),
        span_words=days_of(figures.span), compared=compared_with(figures, said),
        reports=_reports(asked, figures, said), as_of=clock(figures.now, _zone(figures)),
        as_of_instant=figures.now.isoformat(timespec="seconds"),
    )  # fmt: skip


def figures_csv(asked: FiguresAddress, figures: Figures, name: str) -> Response:
    """Return a table as CSV, with the numbers that the page shows."""
    tell = speaker_of(asked, figures)
    table = tables(tell, numbers(tell))[name]
    return _file(number_table_csv(_numbers_of(table)), CSV_TYPE, asked, figures, f"{name}.csv")


def figures_workbook(asked: FiguresAddress, figures: Figures) -> Response:
    """Return all tables as a workbook."""
    tell = speaker_of(asked, figures)
    every = [_numbers_of(one) for one in tables(tell, numbers(tell)).values()]
    said = tell.words
    told_at = figures.now.astimezone(_zone(figures)).strftime("%Y-%m-%d %H:%M")
    about = (days_of(figures.span), *_scope_words(asked, tell), said["as_of"].format(time=told_at))
    book = number_tables_xlsx(every, title=said["title"], remarks=about)
    return _file(book, XLSX_TYPE, asked, figures, "figures.xlsx")


def speaker_of(asked: FiguresAddress, figures: Figures) -> NumberSpeaker:
    """Return what makes the cells, with links for those who may follow them."""
    links = Links(asked, figures, permitted(current_identity(), Permission.USE_DESK))
    return NumberSpeaker(figures, links, words("figures", asked.language), asked.language)


def days_of(span: Span) -> str:
    """Return the days of a span, as people read them."""
    first, last = span.first, span.last
    if first == last:
        return first.isoformat()
    return f"{first.isoformat()} – {last.strftime('%m-%d') if last.year == first.year else last.isoformat()}"


def compared_with(figures: Figures, said: Mapping[str, str]) -> str:
    """Return with which days a span is compared, and until when of the last of them."""
    before = figures.span.before
    if figures.before.until == before.period(_zone(figures)).until:
        return said["compared"].format(span=days_of(before))
    return said["compared.until"].format(span=days_of(before), time=clock(figures.before.until, _zone(figures)))


def _numbers_of(table: Table) -> NumberTable:
    return NumberTable(table.title, table.header, [[cell.value for cell in row] for row in table.rows])


def _file(body: bytes, media_type: str, asked: FiguresAddress, figures: Figures, name: str) -> Response:
    days = f"{figures.span.first:%Y%m%d}-{figures.span.last:%Y%m%d}"
    headers = {"Content-Disposition": f'attachment; filename="figures-{days}-{name}"', "Cache-Control": "no-store"}
    return Response(body, content_type=media_type, headers=headers)


def _choices(asked: FiguresAddress, tell: NumberSpeaker) -> list[dict[str, Any]]:
    """Return what the figures can be narrowed by, and by what they are."""
    names = tell.figures.names
    options = {
        "grid": [(code, tell.grid(code)) for code in names.grids],
        "service": [(code, tell.service(code)) for code in names.services],
        "source": [(code, tell.source(code)) for code in SOURCES],
    }
    return [{"word": word, "chosen": ",".join(asked.chosen(word)), "options": options[word],
             "several": len(asked.chosen(word)), "known": asked.said.get(word) in dict(options[word])}
            for word in SCOPE]  # fmt: skip


def _scope_words(asked: FiguresAddress, tell: NumberSpeaker) -> tuple[str, ...]:
    tellers = {"grid": tell.grid, "service": tell.service, "source": tell.source}
    return tuple(
        f"{tell.words[f'scope.{word}']}: {', '.join(tellers[word](one) for one in asked.chosen(word))}"
        for word in SCOPE if asked.chosen(word)
    )  # fmt: skip


def _empty(figures: Figures, said: dict[str, str]) -> str | None:
    """Return why nothing is told of a span; None: something is."""
    if figures.is_known(figures.period):
        return None
    if figures.began is None:
        return said["empty.ever"]
    if figures.period.since >= figures.period.until:
        return said["empty.future"]
    return said["empty"].format(day=figures.began.astimezone(_zone(figures)).date().isoformat())


def _reports(asked: FiguresAddress, figures: Figures, said: dict[str, str]) -> list[dict[str, str]]:
    """Return the ways to the reports of this month and of the one before, which are of all incidents."""
    this = Month.of(figures.now.astimezone(_zone(figures)).date())
    months = {"report.now": this, "report.last": this.before}
    path = f"/figures/{asked.jurisdiction}/report"
    return [
        {"word": said[word], "url": page_address(path, asked.language, month=one.name)} for word, one in months.items()
    ]


def _days(figures: Figures, instants: tuple[datetime, ...]) -> str:
    return ", ".join(dict.fromkeys(one.astimezone(_zone(figures)).date().isoformat() for one in instants))


def _zone(figures: Figures) -> ZoneInfo:
    return ZoneInfo(figures.jurisdiction.time_zone)
