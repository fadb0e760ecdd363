"""Files of features brought into a layer: chosen, their columns named, what would change looked at, written, undone.

Each step is a page of its own; the file waits in the data directory, where only whoever brought it comes to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from flask import Blueprint, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from geoservice.errors import GeoserviceError, LayerUnknown
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.forms import AGREED
from geoservice.pages.admin.import_differences import difference_form, difference_tables, remarks_table, removal_costs
from geoservice.pages.admin.import_forms import choices_in, columns_form, crs_in, refused_columns, upload_form
from geoservice.pages.admin.import_refusals import offered_by, told_against
from geoservice.pages.admin.model import Refused, digest_of
from geoservice.pages.admin.rendering import form_page
from geoservice.pages.shell.choice import led_on
from geoservice.reading.file_errors import FileTooLarge, FileTypeUnknown
from geoservice.services.administration.service import Administration
from geoservice.services.layers.errors import (
    DifferenceOutdated,
    MissingNotKnown,
    RemovalNotConfirmed,
    UploadGone,
    UploadNotKept,
)
from geoservice.services.layers.upload_store import Upload
from geoservice.services.layers.uploads import UploadService
from geoservice.web.forms import FORM_TYPE, read_signed_form
from geoservice.web.guard import Guard
from geoservice.web.problems import wants_page
from geoservice.web.sessions import token_in_form
from geoservice.web.streaming import streams
from geoservice.web.uploads import UPLOAD_TYPE, read_upload
from layers.changes.model import Removed
from layers.errors import LayerError, TryAgain

#: Of the form of columns: what 500 of them say, and words.
_BYTES_MOST, _FIELDS_MOST = 200_000, 1_100
#: Does something with a file that was brought.
Step = Callable[[Here, Upload], Response]


def add_imports(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    """Add the pages, which belong to the area of layers."""
    uploads = administration.uploads

    @blueprint.get("/admin/<jurisdiction>/imports")
    @guard("undo_changes")
    def new_import(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "layers")
        return form_page(here, upload_form(here, uploads, {"layer": request.args.get("layer", "")}))

    @blueprint.post("/admin/<jurisdiction>/imports")
    @guard("undo_changes")
    @token_in_form
    @streams(UPLOAD_TYPE)
    def bring(jurisdiction: str) -> Response:
        return _brought(Here.of(administration, jurisdiction, "layers"), uploads)

    @blueprint.get("/admin/<jurisdiction>/imports/<id>")
    @guard("undo_changes")
    def columns(jurisdiction: str, id: str) -> Response:
        return _at(administration, jurisdiction, id, lambda here, upload: _columns(here, uploads, upload))

    @blueprint.post("/admin/<jurisdiction>/imports/<id>")
    @guard("undo_changes")
    @token_in_form
    @streams(FORM_TYPE)
    def choose_columns(jurisdiction: str, id: str) -> Response:
        form = read_signed_form(bytes_max=_BYTES_MOST, fields_max=_FIELDS_MOST)
        return _at(administration, jurisdiction, id, lambda here, upload: _chosen(here, uploads, upload, form))

    @blueprint.get("/admin/<jurisdiction>/imports/<id>/difference")
    @guard("undo_changes")
    def difference(jurisdiction: str, id: str) -> Response:
        return _at(administration, jurisdiction, id, lambda here, upload: _difference(here, uploads, upload))

    @blueprint.post("/admin/<jurisdiction>/imports/<id>/difference")
    @guard("undo_changes")
    @token_in_form
    @streams(FORM_TYPE)
    def write(jurisdiction: str, id: str) -> Response:
        form = read_signed_form()
        return _at(administration, jurisdiction, id, lambda here, upload: _written(here, uploads, upload, form))

    @blueprint.post("/admin/<jurisdiction>/imports/<id>/discard")
    @guard("undo_changes")
    @token_in_form
    @streams(FORM_TYPE)
    def discard(jurisdiction: str, id: str) -> Response:
        read_signed_form()
        return _at(administration, jurisdiction, id, lambda here, upload: _discarded(here, uploads, upload))


def _at(administration: Administration, jurisdiction: str, id: str, step: Step) -> Response:
    """Take a step with a file; where it was written lead to the change, where it is gone say so on the form."""
    here, uploads = Here.of(administration, jurisdiction, "layers"), administration.uploads
    try:
        return step(here, uploads.find(here.place.code, id, here.identity))
    except UploadGone:
        if not wants_page():
            raise
        change = uploads.change_of(here.place.code, id, here.identity)
        if change is not None:  # as after a double click, or back after it was left alone while it was written
            return led_on(here.url("changes", str(change), done="imported"))
        return form_page(here, replace(upload_form(here, uploads), errors={"": "error.upload_gone"}))


# --- The file ---------------------------------------------------------------------------------------------------------


def _brought(here: Here, uploads: UploadService) -> Response:
    """Keep the file of a form, and lead to its columns."""
    said: MultiDict[str, str] = MultiDict()

    def receive(fields: MultiDict[str, str], name: str, pieces: Iterator[bytes]) -> Upload:
        said.update(fields)
        return uploads.receive(here.place.code, fields.get("layer", ""), name, pieces, here.identity)

    try:
        fields, upload = read_upload(receive, bytes_max=uploads.limits.file_bytes)
        said.update(fields)
        errors = {"file": "error.file_none"} if upload is None else _read_as(uploads, upload, said)
    except LayerUnknown:
        errors = {"layer": "error.choose"}
    except FileTypeUnknown:
        errors = {"file": "error.file_kind"}
    except UploadNotKept:
        errors = {"file": "error.upload_not_kept"}
    except (FileTooLarge, RequestEntityTooLarge):
        errors = {"file": "error.upload_large"}
    if not errors:
        return led_on(here.url("imports", upload.id))
    values = {name: said.get(name, "") for name in ("layer", "crs", "epsg")}
    return form_page(here, replace(upload_form(here, uploads, values), errors=errors))


def _read_as(uploads: UploadService, upload: Upload, said: Mapping[str, str]) -> Mapping[str, str]:
    """Keep what a form says beside its file; return what stands against that, and keep nothing then."""
    try:
        uploads.say(upload, replace(upload.choices, crs=crs_in(said)))
    except Refused as exc:
        uploads.discard(upload)
        return exc.errors
    return {}


# --- Its columns ------------------------------------------------------------------------------------------------------


def _columns(
    here: Here, uploads: UploadService, upload: Upload, *, errors: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """Return the page on which it is said what columns of a file are; with what stands against it."""
    errors, offered = dict(errors or {}), dict[str, list[str]]()
    try:
        looked = uploads.look_at(upload, here.identity)
    except UploadGone:
        raise
    except (GeoserviceError, LayerError) as exc:
        looked, offered = None, offered_by(exc)
        errors = errors or dict(told_against(here, exc, upload, uploads.limits))
    headers = () if looked is None else tuple(one.header for one in looked.proposal.columns)
    upload = uploads.note_headers(upload, headers)
    form = columns_form(here, upload, looked, asked=errors, offered=offered)
    known = {one.name for one in form.fields}
    beside = {name if name in known else "": said for name, said in errors.items()}
    tables = [remarks_table(here, looked.remarks)] if looked is not None and looked.remarks else []
    return form_page(here, replace(form, values={**form.values, **(values or {})}, errors=beside), tables=tables)


def _chosen(here: Here, uploads: UploadService, upload: Upload, form: MultiDict[str, str]) -> Response:
    """Keep what is said of the columns, and lead to what would change."""
    if form.get("shown") != digest_of(upload.headers):  # it was read otherwise meanwhile
        return _columns(here, uploads, upload, errors={"": "error.columns_moved"})
    try:
        choices = choices_in(form, upload)
    except Refused as exc:
        return _columns(here, uploads, upload, errors=exc.errors, values=form)
    uploads.say(upload, choices)
    further = ["difference"] if choices.is_whole else []
    return led_on(here.url("imports", upload.id, *further))


# --- What would change ------------------------------------------------------------------------------------------------


def _difference(
    here: Here, uploads: UploadService, upload: Upload, *, errors: Mapping[str, str] | None = None,
    removes: bool = False,
) -> Response:  # fmt: skip
    """Return the page that tells what writing a file would change; that of its columns where it can not be read."""
    try:
        compared = uploads.compare(upload, here.identity)
    except UploadGone:
        raise
    except (GeoserviceError, LayerError) as exc:
        return _columns(here, uploads, upload, errors=told_against(here, exc, upload, uploads.limits))
    personal = refused_columns(upload, compared)
    if personal:
        errors = {f"column_{number}": "error.column_people" for number in personal}
        return _columns(here, uploads, upload, errors=errors)
    form = difference_form(here, upload, compared)
    values = {"removed": "yes"} if removes else {}
    return form_page(
        here, replace(form, values=values, errors=errors or {}), tables=difference_tables(here, upload, compared)
    )


def _written(here: Here, uploads: UploadService, upload: Upload, form: MultiDict[str, str]) -> Response:
    """Write a file, if what would change is what was shown; else show it anew."""
    removed: Removed = "delete" if form.get("removed") else "keep"
    keep, _, delete = form.get("shown", "").partition("/")
    agreed = form.get(AGREED, "")
    try:
        applied = uploads.write(
            upload, here.identity, token=delete if removed == "delete" else keep, removed=removed,
            confirmed=bool(agreed),
        )  # fmt: skip
    except (DifferenceOutdated, TryAgain):
        return _difference(here, uploads, upload, errors={"": "error.import_moved"})
    except MissingNotKnown:
        return _difference(here, uploads, upload, errors={"removed": "error.missing_not_known"}, removes=True)
    except RemovalNotConfirmed as exc:
        return _agreed(here, uploads, upload, exc)
    except UploadGone:
        raise
    except (GeoserviceError, LayerError) as exc:
        return _columns(here, uploads, upload, errors=told_against(here, exc, upload, uploads.limits))
    if applied.change is None:
        return led_on(here.url("layers", done="import_nothing"))
    return led_on(here.url("changes", str(applied.change.id), done="imported"))


def _agreed(here: Here, uploads: UploadService, upload: Upload, exc: RemovalNotConfirmed) -> Response:
    """Return the page anew with what it costs to remove so many."""
    compared = uploads.compare(upload, here.identity)
    costs = removal_costs(here, exc)
    form = difference_form(here, upload, compared)
    form = replace(form, values={"removed": "yes"}, costs=costs, agreed=digest_of(costs))
    return form_page(here, form, tables=difference_tables(here, upload, compared))


def _discarded(here: Here, uploads: UploadService, upload: Upload) -> Response:
    uploads.discard(upload)
    return led_on(here.url("layers", done="discarded"))
