"""The one table from error to status, and how an error is written: RFC 9457 problem+json, or a page for a browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from flask import Flask, Response, current_app, g, render_template, request
from pydantic import BaseModel, Field, ValidationError
from werkzeug.exceptions import HTTPException

from geoservice import errors as rules
from geoservice.assigning import point_errors
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.proposing.proposal import ProposalImpossible
from geoservice.reading import csv_errors
from geoservice.services import grants, keys
from geoservice.services.accounts import account_errors as account_rules
from geoservice.services.administration import accounts as own_accounts
from geoservice.services.administration import own
from geoservice.services.drafting import proposals
from geoservice.services.healing import heal
from geoservice.services.layers import errors as layer_rules
from geoservice.services.retention.errors import ErasureListNotWritten
from geoservice.web import nesting, parsing, preconditions, rate_limits, sessions, streaming, uploads
from geoservice.web.advice import ADVICE
from geoservice.web.conflicts import members_of
from geoservice.web.json import dumps
from geoservice.web.traces import request_id
from geoservice.webhooks.webhook_errors import WebhookRefused
from geoservice.writing import export_errors
from geoservice.writing.chromium import PrinterFailed, PrinterMissing
from layers import crs, datum
from layers import errors as facts

log = structlog.get_logger()

Model = TypeVar("Model", bound=BaseModel)

PROBLEM_JSON = "application/problem+json"
#: Told with every 503: the database restarts in a few seconds.
RETRY_AFTER_S = 2


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its anchor in the documents, its status, its title."""

    slug: str
    status: int
    title: str


#: What may be wrong with CSV, whether it comes in a file or in a request.
ROWS_REFUSED = (
    csv_errors.HeaderMissing, csv_errors.EncodingNotUtf8, csv_errors.TextNotInEncoding, csv_errors.QuotesBroken,
    csv_errors.LineEndsMixed, csv_errors.RowTooWide, csv_errors.RowTooLong, point_errors.PointsUnreadable,
    point_errors.ColumnTaken, point_errors.CoordinatesNotFound, point_errors.CoordinatesAmbiguous,
)  # fmt: skip
KINDS: dict[type[Exception], Kind] = {
    parsing.InvalidJson: Kind("invalid-json", 400, "The body is not JSON that can be read"),
    nesting.TooDeep: Kind("too-deep", 400, "The body is nested too deeply"),
    streaming.WrongMediaType: Kind("wrong-media-type", 415, "The body is of a kind that this address does not read"),
    parsing.InvalidInput: Kind("invalid-input", 422, "Something in the request is not as it must be"),
    streaming.TooManySenders: Kind("too-many-senders", 503, "The service is busy reading"),
    uploads.UploadBroken: Kind("upload-broken", 400, "The form that brings the file can not be read"),
    streaming.BrokeOff: Kind("broke-off", 400, "Not all of the body arrived"),
    streaming.BrokenRows: Kind("broken-rows", 422, "The rows can not be read"),
    **dict.fromkeys(ROWS_REFUSED, Kind("broken-rows", 422, "The rows can not be read")),
    streaming.TooManyRows: Kind("too-many-rows", 413, "There are too many rows"),
    parsing.InvalidCursor: Kind("invalid-cursor", 400, "The cursor is not one that was given out"),
    parsing.Unauthorised: Kind("unauthorised", 401, "A key is needed, or somebody who is signed in"),
    rate_limits.TooManyRequests: Kind("too-many-requests", 429, "That was asked too often"),
    parsing.Forbidden: Kind("forbidden", 403, "This key or account may not do that"),
    parsing.NotHere: Kind("not-here", 403, "This key or account is for another jurisdiction"),
    sessions.ForeignPage: Kind("foreign-page", 403, "No page of this service sent that"),
    sessions.TokenMissing: Kind("token-missing", 403, "The token of the session is needed"),
    sessions.SessionRenewed: Kind("session-renewed", 403, "Somebody signed in anew since that was loaded"),
    sessions.PasswordToChange: Kind("password-to-change", 403, "The password has to be changed first"),
    sessions.SecondFactorWanted: Kind("second-factor-wanted", 403, "A second factor has to be set up first"),
    keys.KeyUnknown: Kind("key-unknown", 404, "There is no such key in use"),
    keys.KeyElsewhere: Kind("key-elsewhere", 403, "This key is not good where it was shown"),
    own.RoleAboveOwn: Kind("above-own", 403, "Nobody gives more than he has"),
    own.PlaceAboveOwn: Kind("above-own", 403, "Nobody gives more than he has"),
    own.OwnGrants: Kind("own-account", 409, "Somebody else does that to one's own account"),
    grants.GrantUnknown: Kind("grant-unknown", 404, "There is no such grant"),
    grants.GrantHeldAlready: Kind("grant-held", 409, "That is granted already"),
    grants.OfficerElsewhere: Kind("officer-elsewhere", 409, "An officer is of one jurisdiction"),
    facts.OutlastsOwn: Kind("above-own", 403, "Nobody gives more than he has"),
    facts.LastAdministrator: Kind("last-administrator", 409, "Somebody has to administer every jurisdiction"),
    own_accounts.OwnAccount: Kind("own-account", 409, "Somebody else does that to one's own account"),
    account_rules.AccountUnknown: Kind("account-unknown", 404, "There is no such account"),
    facts.NotYours: Kind("not-yours", 403, "That belongs to another jurisdiction, or to another grid"),
    crs.OffTheEarth: Kind("out-of-range", 422, "The coordinates are not on the earth"),
    crs.UnknownCrs: Kind("unknown-crs", 422, "The coordinate reference system is not known"),
    crs.OutsideCrs: Kind("outside-crs", 422, "The coordinates lie outside the coordinate reference system"),
    crs.OutsideMainland: Kind("outside-mainland", 422, "The place lies where this coordinate system is not used"),
    datum.DatumUnsure: Kind("datum-not-sure", 422, "No sure way leads from or to the datum of that coordinate system"),
    export_errors.ExportDatumNotSure: Kind(
        "datum-not-sure", 422, "No sure way leads from or to the datum of that coordinate system"
    ),
    export_errors.ExportCrsDoesNotFit: Kind(
        "outside-crs", 422, "The coordinates lie outside the coordinate reference system"
    ),
    export_errors.ExportCrsRefused: Kind("crs-not-exported", 422, "A file can not tell that coordinate system"),
    export_errors.ExportCrsUnknown: Kind("unknown-crs", 422, "The coordinate reference system is not known"),
    export_errors.EditionEmpty: Kind("edition-empty", 422, "The edition has no grids"),
    export_errors.ShapefileTooNarrow: Kind("shapefile-too-narrow", 422, "A shapefile can not hold a code"),
    PrinterMissing: Kind("printer-missing", 503, "No printer is installed"),
    PrinterFailed: Kind("printer-failed", 503, "The document could not be made"),
    rules.NothingLoaded: Kind("nothing-held", 503, "Nothing is held in memory"),
    rules.JurisdictionUnknown: Kind("jurisdiction-unknown", 404, "There is no such jurisdiction"),
    rules.JurisdictionNotStated: Kind("jurisdiction-not-stated", 422, "Which jurisdiction is meant is not clear"),
    rules.GridUnknown: Kind("grid-unknown", 404, "There is no such grid"),
    rules.PostedToNoGrid: Kind("posted-to-no-grid", 422, "There is no such grid to post somebody to"),
    rules.EditionUnknown: Kind("edition-unknown", 404, "There is no such edition"),
    rules.EditionNotEditable: Kind("not-a-draft", 409, "Only a draft can be edited"),
    rules.EditionNotDraft: Kind("not-a-draft", 409, "Only a draft can be edited"),
    rules.CodeNotReused: Kind("code-not-reused", 409, "The code names no other place than before"),
    rules.OutlineAsBefore: Kind("outline-as-before", 409, "The outline is the one before"),
    rules.OutlinesDiffer: Kind("outlines-differ", 409, "Both drafts have another outline"),
    rules.ReasonMissing: Kind("invalid-input", 422, "Something in the request is not as it must be"),
    rules.NothingToUndo: Kind("nothing-to-undo", 409, "There is nothing to undo"),
    rules.NothingToRedo: Kind("nothing-to-redo", 409, "There is nothing to redo"),
    rules.DraftsOfDifferentBases: Kind("different-bases", 409, "The drafts were drawn from different editions"),
    rules.MergeConflict: Kind("merge-conflict", 409, "Both sides changed the same"),
    rules.PreviewUnknown: Kind("preview-unknown", 404, "There is no such preview"),
    rules.PreviewOutdated: Kind("preview-outdated", 409, "Publishing would move something else than was shown"),
    rules.InstantWithoutZone: Kind("invalid-input", 422, "Something in the request is not as it must be"),
    EditRefused: Kind("edit-refused", 422, "The grids do not allow the edit"),
    heal.HealingRefused: Kind("healing-refused", 422, "Gaps of that width are not closed by themselves"),
    heal.HealingTookTooLong: Kind("healing-too-long", 422, "Healing takes longer than a request may wait"),
    heal.HealerDied: Kind("healing-refused", 422, "The shapes can not be healed"),
    proposals.ProposalTooLarge: Kind("proposal-too-large", 422, "That takes longer than a request may wait"),
    layer_rules.UploadGone: Kind("upload-gone", 404, "The file is gone"),
    layer_rules.UploadNotKept: Kind("upload-not-kept", 503, "The file could not be kept"),
    layer_rules.ReaderBusy: Kind("reader-busy", 503, "Another file is being read"),
    proposals.ProposerBusy: Kind("proposer-busy", 503, "Another proposal is being reckoned"),
    proposals.ProposalOutdated: Kind("proposal-outdated", 409, "It would be another proposal by now"),
    ProposalImpossible: Kind("proposal-impossible", 422, "It can not be cut so"),
    heal.HealerBusy: Kind("healer-busy", 503, "Other grids are being healed"),
    preconditions.PreconditionMissing: Kind("precondition-missing", 428, "Say which state of the draft you mean"),
    preconditions.PreconditionFailed: Kind("edited-meanwhile", 412, "The draft was edited meanwhile"),
    preconditions.PreconditionUnreadable: Kind("precondition-unreadable", 412, "If-Match can not be read"),
    facts.EditedMeanwhile: Kind("edited-meanwhile", 412, "The draft was edited meanwhile"),
    facts.PublishedMeanwhile: Kind("published-meanwhile", 409, "Another edition was published meanwhile"),
    facts.MovedMeanwhile: Kind("preview-outdated", 409, "Publishing would move something else than was shown"),
    facts.TryAgain: Kind("try-again", 503, "Somebody else changed the same at the same moment"),
    rules.IncidentUnknown: Kind("incident-unknown", 404, "There is no such incident"),
    rules.ReportUnknown: Kind("report-unknown", 404, "No report has this token"),
    ErasureListNotWritten: Kind("erasure-list-not-written", 503, "Nothing was erased"),
    rules.PublicReportsOff: Kind("public-reports-off", 403, "Reports without a key are not taken here"),
    rules.ActionUnknown: Kind("action-unknown", 404, "There is no such action"),
    rules.StepNotAllowed: Kind("step-not-allowed", 409, "The incident can not take this step"),
    rules.IncidentChanged: Kind("incident-changed", 412, "The incident was changed meanwhile"),
    rules.NotYourIncident: Kind("not-your-incident", 403, "The incident is in other hands"),
    rules.StepWants: Kind("step-wants", 422, "The step needs something else"),
    rules.PlaceUnknown: Kind("place-unknown", 422, "The place is not known"),
    rules.NobodyOnDuty: Kind("nobody-on-duty", 409, "Nobody is on duty"),
    rules.StaffUnknown: Kind("staff-unknown", 422, "There is no such member of staff"),
    rules.StaffMemberUnknown: Kind("staff-member-unknown", 404, "There is no such member of staff"),
    rules.StaffNotStored: Kind("invalid-staff", 422, "The member of staff or the posting is not as it must be"),
    rules.VisitOfNobody: Kind("visit-of-nobody", 422, "Whose visit it was is not said"),
    rules.BasemapUnknown: Kind("basemap-unknown", 404, "There is no such base map"),
    rules.DayToCome: Kind("day-to-come", 422, "That day is still to come"),
    rules.MonthNotRecorded: Kind("month-not-recorded", 422, "Nothing is recorded of that month"),
    rules.PeriodTooLong: Kind("period-too-long", 422, "The period has too many months"),
    rules.PostingBegun: Kind("posting-begun", 409, "A posting that has begun is ended, not taken back"),
    rules.PostingUnknown: Kind("posting-unknown", 404, "There is no such posting"),
    facts.FourEyes: Kind("four-eyes", 403, "Somebody else has to do it"),
    facts.StepRefused: Kind("step-not-allowed", 409, "The incident can not take this step"),
    rules.NotServed: Kind("not-served", 422, "The place is not served from here"),
    rules.CameraUnknown: Kind("camera-unknown", 422, "There is no such camera"),
    rules.AlertNotTaken: Kind("alert-not-taken", 422, "No service takes this alert"),
    rules.ReportKeyUsed: Kind("key-used", 422, "Something else came with this key"),
    rules.ServiceUnknown: Kind("service-unknown", 422, "There is no such service"),
    rules.WebhookUnknown: Kind("webhook-unknown", 404, "There is no such webhook"),
    rules.EventUnknown: Kind("event-unknown", 422, "There is no such event yet"),
    WebhookRefused: Kind("webhook-refused", 422, "The webhook can not be made"),
    rules.LayerUnknown: Kind("layer-unknown", 404, "There is no such layer"),
    layer_rules.LayerNotWritten: Kind("layer-not-written", 409, "Features of this layer are not written one by one"),
    layer_rules.FeatureUnknown: Kind("feature-unknown", 404, "There is no such feature"),
    layer_rules.FeatureNotStored: Kind("invalid-feature", 422, "The feature is not as it must be"),
    layer_rules.FeatureTaken: Kind("feature-taken", 409, "There is such a feature already"),
    layer_rules.FeatureEditedMeanwhile: Kind("edited-meanwhile", 412, "The feature was edited meanwhile"),
    layer_rules.NotYourGrid: Kind("not-your-grid", 403, "It stands in a grid of others"),
    layer_rules.ChangeUnknown: Kind("change-unknown", 404, "There is no such change"),
    rules.TileUnknown: Kind("tile-unknown", 404, "There is no such tile"),
    point_errors.NothingInForce: Kind("nothing-in-force", 404, "No grids are in force"),
    rules.LiesAcross180: Kind("across-180", 422, "The jurisdiction lies across 180 degrees"),
    rules.AnswersUnfit: Kind("answers-unfit", 422, "The answers are not what the service asks for"),
    rules.PersonalNumberRefused: Kind("personal-number", 422, "The text holds a personal number"),
    facts.RefusedByDatabase: Kind("refused", 422, "The data do not allow it"),
    facts.FilterRefused: Kind("filter-refused", 400, "The filter can not be understood"),
    facts.NotKnownThen: Kind("not-known-then", 400, "That is not known of another instant"),
    facts.InvalidGeometry: Kind("invalid-geometry", 422, "The geometry is not valid"),
    facts.TooBusy: Kind("pool-exhausted", 503, "The service is busy"),
    facts.TookTooLong: Kind("took-too-long", 503, "The question took too long"),
    facts.DatabaseUnavailable: Kind("database-unavailable", 503, "The database does not answer"),
    facts.SchemaMissing: Kind("schema-missing", 503, "The database is not set up"),
}
#: Kinds for what werkzeug and Flask raise themselves, by status.
HTTP_KINDS: dict[int, Kind] = {
    400: Kind("bad-request", 400, "The request can not be understood"),
    404: Kind("not-found", 404, "There is nothing at this address"),
    405: Kind("method-not-allowed", 405, "This address does not know that method"),
    406: Kind("not-acceptable", 406, "No acceptable form of the answer"),
    408: Kind("timeout", 408, "The request took too long to arrive"),
    411: Kind("length-required", 411, "The length of the body must be stated"),
    413: Kind("too-large", 413, "The body is too large"),
    414: Kind("address-too-long", 414, "The address is too long"),
    415: Kind("wrong-media-type", 415, "The body is of a kind that this address does not read"),
    416: Kind("range-not-satisfiable", 416, "The file has no such range"),
    431: Kind("headers-too-large", 431, "The headers are too large"),
}
INTERNAL = Kind("internal", 500, "Something went wrong on our side")


class ProblemError(BaseModel):
    """One thing that is wrong in a request."""

    pointer: str = Field(description="Where: a JSON pointer into the body, or the name of a parameter")
    code: str = Field(description="What kind of wrong, for programs")
    detail: str = Field(description="What is wrong and how to mend it")


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(description="Address of the explanation of this kind of problem")
    title: str
    status: int
    detail: str
    instance: str = Field(description="urn:uuid of this request, also in the log")
    errors: list[ProblemError] = []


#: Writes a problem as a standard has it, on every address below a prefix.
ProblemFormat = Callable[[Kind, str, list[ProblemError]], "Response"]
_FORMATS = "geoservice.problem_formats"


def register_problem_format(app: Flask, prefix: str, write: ProblemFormat) -> None:
    """Have every problem below a prefix of addresses written by somebody else."""
    app.extensions.setdefault(_FORMATS, {})[prefix] = write


def problem_responses(*statuses: int) -> dict[str | int, dict[str, Any]]:
    """Return the OpenAPI entries of the problems a route may answer with, beside those that every route may."""
    return documented(*sorted({*statuses, 400, 401, 422, 429, 503}))


def documented(*statuses: int) -> dict[str | int, dict[str, Any]]:
    """Return the OpenAPI entries of exactly these problems."""
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {str(status): {"description": "Problem details", "content": content} for status in statuses}


def problem(
    kind: Kind, detail: str, *, errors: list[ProblemError] | None = None, members: dict[str, Any] | None = None
) -> Response:
    """Write a problem, as a standard has it where one does."""
    g.problem = kind.slug  # for the log
    for prefix, write in current_app.extensions.get(_FORMATS, {}).items():
        if request.path.startswith(prefix):
            response: Response = write(kind, detail, [ProblemError.model_validate(one) for one in errors or []])
            return response
    return as_problem(kind, detail, errors, members)


def as_problem(
    kind: Kind, detail: str, errors: list[ProblemError] | None = None, members: dict[str, Any] | None = None
) -> Response:
    """Write a problem as the service itself has it: JSON, or a small page where a person looks on with a browser."""
    body = Problem(
        type=f"/docs#problem-{kind.slug}", title=kind.title, status=kind.status, detail=detail,
        instance=f"urn:uuid:{request_id()}", errors=errors or [],
    )  # fmt: skip
    if wants_page():
        response = Response(render_template("problem.html", problem=body), mimetype="text/html")
    else:
        response = Response(dumps(body.model_dump(exclude_defaults=True) | (members or {})), mimetype=PROBLEM_JSON)
    response.status_code = kind.status
    response.headers["Cache-Control"] = "no-store"
    if kind.status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    if kind.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="geoservice"'
    return response


def wants_page() -> bool:
    """Return whether a person looks on with a browser."""
    if request.path.startswith("/v1/"):
        return False
    best = request.accept_mimetypes.best_match([PROBLEM_JSON, "application/json", "text/html"])
    return best == "text/html"


def from_validation(error: ValidationError) -> list[ProblemError]:
    """Return what pydantic found, without echoing the input."""
    # RFC 6901 points into a body; a parameter is known by its name.
    start = "#/" if request.method in parsing.METHODS_WITH_BODY else ""
    return [
        ProblemError(
            pointer=start + "/".join(_escaped(part) for part in one["loc"]),
            code=one["type"],
            detail=one["msg"].removeprefix("Value error, "),
        )
        for one in error.errors(include_url=False, include_input=False, include_context=False)[:20]
    ]


def _escaped(part: object) -> str:
    """Return a part of a JSON pointer (RFC 6901), short: unknown field names come from the caller."""
    return str(part).replace("~", "~0").replace("/", "~1")[:80]


def register_problems(app: Flask) -> None:
    """Answer every error of the application with a problem."""
    for error, kind in KINDS.items():
        app.register_error_handler(error, _handler(kind))
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _internal_problem)


def _handler(kind: Kind) -> Any:
    def handle(error: Exception) -> Response:
        response = problem(kind, _detail(error), errors=getattr(error, "errors", None), members=members_of(error))
        response.headers.update(getattr(error, "headers", {}))
        return response

    return handle


def _detail(error: Exception) -> str:
    if isinstance(error, crs.OffTheEarth) and error.fields.get("swapped"):
        return f"{error.__doc__} The other way round they would be: are longitude and latitude swapped?"
    advice = rules.in_words(error, ADVICE) if isinstance(error, rules.GeoserviceError | facts.LayerError) else None
    if isinstance(error, facts.RefusedByDatabase):
        return f"{error.message} {advice}" if advice else str(error)
    if isinstance(error, facts.FilterRefused):
        return f"{error.__doc__} {error.reason}"
    if isinstance(error, datum.DatumUnsure):
        return f"{error.__doc__} (datum: {error.fields['datum']}, off by: {error.fields['off_by']})"
    if isinstance(error, ProposalImpossible):
        return str(error)
    sentence = str(error.__doc__) if isinstance(error, facts.LayerError) else str(error)
    return f"{sentence} {advice}" if advice else sentence


def _http_problem(error: HTTPException) -> Response:
    if error.response is not None:  # a view aborted with an answer of its own
        return error.response  # type: ignore[return-value]
    status = error.code or 500
    kind = HTTP_KINDS.get(status) or (INTERNAL if status >= 500 else Kind("http", status, error.name))
    if 300 <= status < 400:
        return error.get_response()  # type: ignore[return-value]
    response = problem(kind, _http_detail(kind, error))
    if status == 405 and getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
    return response


def _http_detail(kind: Kind, error: HTTPException) -> str:
    if kind.status == 413 and error.description == type(error).description:  # werkzeug's own, who knows no limit
        limit = request.max_content_length or current_app.config["MAX_CONTENT_LENGTH"]
        return str(streaming.too_large(limit).description)
    return kind.title + "." if kind.status >= 500 else str(error.description)


def _internal_problem(error: Exception) -> Response:
    """Log what we did not foresee; say nothing of it: an exception's text may hold data."""
    rule = request.url_rule  # not the path, which may hold a token
    log.error("request failed", request_id=request_id(), route=rule.rule if rule else "none", exc_info=error)
    return problem(INTERNAL, "The failure is logged under the instance below. Trying again may help.")
