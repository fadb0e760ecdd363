"""How monthly reports and their files are written: one template, in the frame of every page or alone."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response

from geoservice.domain.languages import HTML_LANG
from geoservice.domain.spans import Month
from geoservice.errors import MonthNotRecorded
from geoservice.maps.sheets.choropleth import choropleth, class_sample, classes_of
from geoservice.pages.desk.rendering import place_of
from geoservice.pages.figures import charts
from geoservice.pages.figures.rendering import compared_with, days_of
from geoservice.pages.monthly.contents import ReportContents
from geoservice.pages.print.letters import letters_of
from geoservice.pages.shell.files import PAGES
from geoservice.pages.shell.frame import TEMPLATES, page
from geoservice.pages.shell.spoken import with_languages
from geoservice.writing.chromium import find_chromium, pdf_of

#: Months that are offered, the latest first; older ones stand in the address.
_MOST_MONTHS = 60
_STYLES = ("figures/static/styles/charts.css", "monthly/static/styles/report.css")


def report_page(contents: ReportContents) -> Response:
    """Return the page: months to choose from, for the screen, and the report as it comes out of a printer."""
    report = contents.report
    return page(
        "monthly/templates/page.html", "monthly",
        place=place_of(report.figures.jurisdiction, contents.address.language), address_of=contents.address.url,
        months=_months(contents), has_files=find_chromium() is not None, figures_url=contents.of_days.url(),
        **_values(contents),
    )  # fmt: skip


def report_file(contents: ReportContents) -> Response:
    """Return the report as PDF; raise MonthNotRecorded, and what `pdf_of` raises."""
    report = contents.report
    if not report.is_known:
        first = None if report.earliest is None else report.earliest.name
        raise MonthNotRecorded(month=report.month.name, first=first)
    body = pdf_of(lambda: _document(contents))
    name = quote(f"{report.figures.jurisdiction.code}-{report.month.name}.pdf")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "no-store"}
    return Response(body, content_type="application/pdf", headers=headers)


def _document(contents: ReportContents) -> str:
    values, language = _values(contents), contents.address.language
    body = TEMPLATES.get_template("monthly/templates/report.html").render(words=contents.words, **values)
    style = "\n".join((PAGES / path).read_text(encoding="utf-8") for path in _STYLES)
    return TEMPLATES.get_template("monthly/templates/document.html").render(
        style=letters_of([body]) + style + _foot(values["title"]), lang=HTML_LANG[language], title=values["title"],
        body=with_languages(body, language),
    )  # fmt: skip


def _foot(title: str) -> str:
    """Return the rule that has every sheet of the file say what it is of; a browser's own print says it at its edge."""
    written = "".join(f"\\{ord(letter):x} " for letter in title)  # as code points: no name ends the rule
    look = 'font: 8pt "Noto Serif Tibetan", "Noto Sans CJK SC", sans-serif; color: #333;'
    return f'@page {{ @bottom-left {{ content: "{written}"; {look} }} }}'


def _values(contents: ReportContents) -> dict[str, Any]:
    """Return what the report itself is written from, on the page and in the file."""
    report, tell = contents.report, contents.tell
    told: dict[str, Any] = {
        "report": report, "contents": contents, "figures_said": tell.words, "empty": None,
        "title": f"{contents.place} · {contents.words['title']} · {contents.month(report.month)}",
        "days": days_of(report.figures.span), "compared": compared_with(report.figures, tell.words),
    }  # fmt: skip
    if not report.is_known:
        return told | {"empty": _empty(contents)}
    made = contents.tables
    return told | {
        "tables": made, "lines": charts.lines_of(made["time"]), "chart": charts, "shades": charts.shades(made["hours"]),
        "areas": _map(contents), "borders": list(contents.borders()),
    }  # fmt: skip


def _map(contents: ReportContents) -> dict[str, Any] | None:
    """Return the map with its legend; None: it can not be drawn."""
    areas, said = contents.areas, contents.words
    if not areas:
        return None
    told = sum(one.number for one in areas)
    svg = choropleth(areas, contents.report.figures.jurisdiction.metric_srid, title=said["map"],
                    description=said["map.desc"])  # fmt: skip
    legend = [
        {"sample": class_sample(one), "areas": one.areas,
         "range": f"{one.first:,}" if one.first == one.last else f"{one.first:,}–{one.last:,}"}
        for one in classes_of([area.number for area in areas])
    ]  # fmt: skip
    of_all = contents.report.figures.counts.of("all", None).received
    return {"svg": svg, "legend": legend, "x_of_y": said["map.x_of_y"].format(x=f"{told:,}", y=f"{of_all:,}")}


def _months(contents: ReportContents) -> list[dict[str, Any]]:
    """Return the months that can be chosen, the latest first."""
    report = contents.report
    first, one = report.earliest, report.latest
    months: list[Month] = []
    while first is not None and one >= first and len(months) < _MOST_MONTHS:
        months.append(one)
        one = one.before
    if report.month not in months:
        months.append(report.month)
    return [{"name": one.name, "word": contents.month(one), "here": one == report.month} for one in months]


def _empty(contents: ReportContents) -> str:
    """Return why nothing is told of a month."""
    report, said = contents.report, contents.words
    month = contents.month(report.month)
    if report.earliest is None:
        return said["empty.ever"]
    if report.month > report.latest:
        return said["empty.future"].format(month=month)
    return said["empty.before"].format(month=month, first=contents.month(report.earliest))
