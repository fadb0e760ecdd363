"""How the desk and its parts are written, all from the same templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request

from geoservice.api.incidents import next_of
from geoservice.auth.permissions import Permission, permitted
from geoservice.domain.languages import Language
from geoservice.pages.desk.address import COUNTED, FILTERS, ROWS_OF_FILE, VIEWS, DeskAddress
from geoservice.pages.desk.detail import detail_of
from geoservice.pages.desk.rows import Row, Speaker, rows_of, speaker_of
from geoservice.pages.desk.steps import BULK, KEYS, Form, offered, sentence
from geoservice.pages.shell.frame import Place, fragment, page
from geoservice.pages.shell.telling import clock
from geoservice.pages.words.catalogue import words
from geoservice.services.desk import DeskDetail, DeskList, Mark, Outcome
from geoservice.web.guard import current_identity
from geoservice.web.language import asked_language
from geoservice.web.problems import KINDS
from geoservice.writing.number_tables import CSV_TYPE, XLSX_TYPE, NumberTable, number_table_csv, number_tables_xlsx
from layers.incidents.layer import SOURCES
from layers.incidents.model import Incident
from layers.jurisdictions.model import Jurisdiction

#: Columns of the list as a file.
FILE_COLUMNS = (
    "number", "service", "status", "grid", "officer", "source", "reported", "due", "late", "closed", "rating", "words",
    "lon", "lat",
)  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """What whoever put the desk together told it."""

    #: Returns the address of the events for the page that is asked for.
    stream_url: Callable[[], str]

    def speaker(self, whole: DeskDetail) -> Speaker:
        """Return who tells of an incident."""
        language = asked_language()
        return detail_of(whole, language, words("desk", language))[1]

    def status_of(self, error: Exception) -> int:
        """Return with which status an error is answered everywhere."""
        kind = KINDS.get(type(error))
        return 422 if kind is None else kind.status


def whole_page(
    shown: Shown, asked: DeskAddress, told: DeskList, whole: DeskDetail | None, form: Form | None, *, status: int = 200
) -> Response:  # fmt: skip
    """Return the page: the list, and beside it the incident that is open."""
    language = asked_language()
    said = words("desk", language)
    values = _list_values(asked, told, language, said)
    values |= {"detail": None} if whole is None else _detail_values(asked, whole, form, language, said)
    return page(
        "desk/templates/desk.html", "desk", title=said["title"], place=place_of(told.jurisdiction, language),
        stream=shown.stream_url(), status=status, bbox=list(told.bbox),
        attribution=told.jurisdiction.attribution or "", keys=KEYS, done=_done(), **values,
    )  # fmt: skip


def list_part(asked: DeskAddress, told: DeskList) -> Response:
    """Return the views with their counts, the filters and the rows."""
    language = asked_language()
    return fragment("desk/templates/list.html", "desk", **_list_values(asked, told, language, words("desk", language)))


def list_csv(told: DeskList) -> Response:
    """Return the list as CSV."""
    table = _table_of(told, words("desk", asked_language()))
    return _list_file(number_table_csv(table), CSV_TYPE, told, "csv")


def list_workbook(asked: DeskAddress, told: DeskList) -> Response:
    """Return the list as a workbook; below it stands what it was narrowed by, and as of when it is."""
    language = asked_language()
    said = words("desk", language)
    speaker = speaker_of(told, language, said)
    about = (
        *_meant(asked, speaker, said),
        *(f"{one['word']}: {one['value']}" for one in _chips(asked, speaker, said)),
        said["as_of"].format(time=f"{told.now.astimezone(ZoneInfo(told.jurisdiction.time_zone)):%Y-%m-%d %H:%M}"),
    )
    book = number_tables_xlsx([_table_of(told, said)], title=said["list"], remarks=about)
    return _list_file(book, XLSX_TYPE, told, "xlsx")


def _meant(asked: DeskAddress, speaker: Speaker, said: Mapping[str, str]) -> list[str]:
    """Return the view by its name; of a list that is no view, what it says in place of one."""
    if asked.view:
        return [said[f"view.{asked.view}"]]
    query = asked.query
    statuses = ", ".join(speaker.status(one) for one in asked.said.get("status", "").split(",") if one)
    flags = (("view.late", query.overdue), ("view.border", query.near_border))
    return [f"{said['file.status']}: {statuses}"] * bool(statuses) + [
        f"{said[word]}: {said['file.yes' if is_so else 'file.no']}" for word, is_so in flags if is_so is not None
    ]


def _table_of(told: DeskList, said: Mapping[str, str]) -> NumberTable:
    """Return as many rows as a file holds; where there are more, the last line says so."""
    speaker = speaker_of(told, asked_language(), said)
    zone = ZoneInfo(told.jurisdiction.time_zone)
    rows: list[list[str | float | None]] = [_line_of_file(one, speaker, zone) for one in told.page.incidents]
    if len(rows) == ROWS_OF_FILE and told.page.total != len(rows):
        rows.append([said["file.more"].format(n=f"{len(rows):,}"), *[None] * (len(FILE_COLUMNS) - 1)])
    return NumberTable(said["list"], [said[f"file.{name}"] for name in FILE_COLUMNS], rows)


def _list_file(body: bytes, media_type: str, told: DeskList, ending: str) -> Response:
    at = told.now.astimezone(ZoneInfo(told.jurisdiction.time_zone))
    name = f"{told.jurisdiction.code}-{at:%Y%m%d-%H%M}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, content_type=media_type, headers=headers)


def _line_of_file(one: Incident, speaker: Speaker, zone: ZoneInfo) -> list[str | float | None]:
    def at(instant: datetime | None) -> str | None:
        return None if instant is None else instant.astimezone(zone).strftime("%Y-%m-%d %H:%M")

    return [
        str(one.id), speaker.service(one.service_code), speaker.status(one.status), speaker.grid(one.grid_code),
        speaker.officer(one.officer_code), speaker.source(one.source), at(one.reported_at), at(one.expected_at),
        at(one.overdue_at), at(one.closed_at), one.rating, one.description, one.position.lon, one.position.lat,
    ]  # fmt: skip


def rows_part(asked: DeskAddress, told: DeskList) -> Response:
    """Return some rows as they are now, and the views with their counts."""
    language = asked_language()
    return fragment("desk/templates/rows.html", "desk", **_list_values(asked, told, language, words("desk", language)))


def detail_part(
    asked: DeskAddress, whole: DeskDetail, form: Form | None, *, status: int = 200, done: str | None = None
) -> Response:  # fmt: skip
    """Return all that is told of an incident."""
    language = asked_language()
    values = _detail_values(asked, whole, form, language, words("desk", language))
    return fragment("desk/templates/detail.html", "desk", status=status, done=done, **values)


def bulk_page(
    asked: DeskAddress, told: DeskList | None, action: str, meant: Sequence[Mark], outcomes: tuple[Outcome, ...] | None
) -> Response:  # fmt: skip
    """Return the page that asks whether several are meant, and then tells what became of each."""
    language = asked_language()
    said = words("desk", language)
    reasons: dict[str, str] = {}
    rows: list[Row] = []
    if told is not None:
        speaker = speaker_of(told, language, said)
        rows = rows_of(told, speaker)
        reasons = {str(one.incident_id): sentence(one.error, said) for one in outcomes or () if one.error is not None}
    done = sum(one.incident is not None for one in outcomes or ())
    return page(
        "desk/templates/bulk.html", "desk", title=said["bulk"],
        place=None if told is None else place_of(told.jurisdiction, language), asked=asked, action=action, meant=meant,
        rows=rows, outcomes=outcomes, reasons=reasons, done=done, not_done=len(meant) - done,
    )  # fmt: skip


def place_of(jurisdiction: Jurisdiction, language: Language) -> Place:
    """Return where the page is."""
    name = jurisdiction.name_en if language == "en" and jurisdiction.name_en else jurisdiction.name
    return Place(jurisdiction.code, name, jurisdiction.time_zone)


def _done() -> str | None:
    done = request.args.get("done")
    return done if done in KEYS else None


def _list_values(asked: DeskAddress, told: DeskList, language: Language, said: dict[str, str]) -> dict[str, Any]:
    speaker = speaker_of(told, language, said)
    query, page_ = asked.query, told.page
    view = asked.view
    return {
        "asked": asked,
        "view": view,
        "views": [
            {"name": name, "word": said[f"view.{name}"], "url": asked.url_of_view(name), "here": name == view,
             "count": told.counts.get(name) if name in COUNTED else None}
            for name in VIEWS
        ],
        "rows": rows_of(told, speaker),
        "shown_words": _shown(len(page_.incidents), page_.total, said, exact=page_.total_is_exact),
        "more_url": _more(asked, told),
        "as_of": clock(told.now, ZoneInfo(told.jurisdiction.time_zone)),
        "as_of_instant": _instant(told.now),
        "csv_url": asked.url("/list.csv", limit=None, after=None),
        "workbook_url": asked.url("/list.xlsx", limit=None, after=None),
        "day": asked.day(ZoneInfo(told.jurisdiction.time_zone)),
        "chips": _chips(asked, speaker, said),
        "choices": _choices(asked, speaker),
        "counts": told.counts,
        "sort": query.sort,
        "may_act": permitted(current_identity(), Permission.HANDLE_INCIDENT),
        "bulk": BULK,
    }  # fmt: skip


def _instant(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")


def _shown(count: int, total: int | None, said: dict[str, str], *, exact: bool) -> str:
    if total is None:
        return said["shown.after"].format(x=count)
    return said["shown" if exact else "shown.more_than"].format(x=count, y=f"{total:,}")


def _more(asked: DeskAddress, told: DeskList) -> str | None:
    after = next_of(told.page, asked.query)
    return None if after is None else asked.url(after=after)


def _names_of(speaker: Speaker) -> dict[str, Callable[[str], str]]:
    return {"grid": speaker.grid, "service": speaker.service, "source": speaker.source, "officer": speaker.officer}


def _chips(asked: DeskAddress, speaker: Speaker, said: dict[str, str]) -> list[dict[str, str]]:
    """Return what narrows the list, each with the address without it."""
    return [
        {"word": said[f"filter.{word}"], "value": _names_of(speaker)[word](value), "url": asked.without(word, value)}
        for word, values in asked.filters.items()
        for value in values
    ] + [
        {"word": said["filter.words"], "value": one, "url": asked.url("", words=None, after=None)}
        for one in [asked.said.get("words")] if one
    ] + [
        {"word": said[f"period.{name}"], "value": " – ".join(_moments(speaker, *ends)),
         "url": asked.without_period(name)}
        for name, ends in asked.periods.items()
    ]  # fmt: skip


def _moments(speaker: Speaker, *instants: str) -> list[str]:
    """Return instants as an address has them, as the jurisdiction's clocks show them."""
    return [speaker.moment(datetime.fromisoformat(one)) if one else "…" for one in instants]


def _choices(asked: DeskAddress, speaker: Speaker) -> list[dict[str, Any]]:
    """Return what the list can be narrowed by, and by what it is."""
    names = speaker.names
    codes = {"grid": names.grids, "service": names.services, "source": SOURCES, "officer": names.staff}
    return [
        {"word": word, "chosen": ",".join(asked.filters.get(word, ())),
         "options": [(code, _names_of(speaker)[word](code)) for code in codes[word]]}
        for word in FILTERS
    ]  # fmt: skip


def _detail_values(
    asked: DeskAddress, whole: DeskDetail, form: Form | None, language: Language, said: dict[str, str]
) -> dict[str, Any]:  # fmt: skip
    detail, speaker = detail_of(whole, language, said)
    may_act = permitted(current_identity(), Permission.HANDLE_INCIDENT)
    on_duty = {one.code for one in whole.on_duty}
    return {
        "detail": detail,
        "asked": asked,
        "steps": offered(whole) if may_act else (),
        "form": form if may_act else None,
        "may_act": may_act,
        "on_duty": [(one.code, speaker.officer(one.code)) for one in whole.on_duty],
        "others": [
            (one.code, speaker.officer(one.code)) for one in whole.names.staff.values()
            if one.code not in on_duty and one.role != "dispatcher"
        ],
        "grids": [(code, speaker.grid(code)) for code in whole.names.grids],
    }  # fmt: skip
