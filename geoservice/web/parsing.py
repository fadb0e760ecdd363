"""What comes in: limits before parsing, strict types, and sentences about what is wrong."""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from threading import BoundedSemaphore
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote
from uuid import UUID

import orjson
from flask import Request, current_app, g, request
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from geoservice.auth.model import PUBLIC
from geoservice.domain.words import has_words
from geoservice.errors import GeoserviceError
from geoservice.web.nesting import check_depth
from geoservice.web.pipeline import Step
from geoservice.web.streaming import WrongMediaType, leave_to_view, reading, reads_itself
from layers.crs import DeclaredPosition, declared_position

View = TypeVar("View", bound=Callable[..., Any])

MAX_QUERY_BYTES = 4096
#: With a list that may be long: a few bytes more than the server reads of an address, beyond which it answers 414.
MAX_LONG_QUERY_BYTES = 65_536
#: Where a view names the parameter that is such a list; functools.wraps carries it outwards.
LONG_LIST = "__long_list__"
METHODS_WITH_BODY = ("POST", "PUT", "PATCH")
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class InvalidJson(GeoserviceError):
    """The body is not JSON in UTF-8, without a byte order mark; NaN, Infinity and endless numbers are not JSON."""


class InvalidCursor(GeoserviceError):
    """Start again without `after`, then follow `next`."""


class Unauthorised(GeoserviceError):
    """Send a valid key as `Authorization: Bearer grd_...`."""


class JurisdictionToName(Unauthorised):
    """Whose a place is was asked without naming a jurisdiction, and one of them tells it not to everybody."""

    def __str__(self) -> str:
        """Return what to send, with a key and without one."""
        return (
            f"{Unauthorised.__doc__} Or name the jurisdiction in the address, as `?jurisdiction=CODE`:"
            " those that GET /v1/jurisdictions lists tell without a key who serves their places."
        )


class Forbidden(GeoserviceError):
    """The role of this key or account does not include that; those that do are named."""


class NotHere(GeoserviceError):
    """The key or account is for the jurisdiction that is named alone; a look-up has `jurisdiction` in its address."""


class InvalidInput(GeoserviceError):
    """See `errors` for each thing that is wrong."""

    def __init__(self, errors: list[Any]) -> None:
        super().__init__()
        #: ProblemErrors, in the order they were found.
        self.errors = errors


class StrictModel(BaseModel):
    """A request's shape: nothing unknown, nothing converted in silence."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema. The plain one is made once: flask-openapi3 asks for it with every request, 2 ms each."""
        return super().model_json_schema(*args, **kwargs) if args or kwargs else _plain_schema(cls)


@functools.cache
def _plain_schema(model: type[BaseModel]) -> dict[str, Any]:
    return BaseModel.model_json_schema.__func__(model)  # type: ignore[attr-defined]


_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
#: As a cursor has one: of a float, exactly.
_NUMBER = re.compile(r"-?[0-9]{1,13}\.[0-9]{1,9}", re.ASCII)
#: As many digits as a bigint has, which is what the database numbers by.
_INTEGER = re.compile(r"[0-9]{1,19}", re.ASCII)
_BIGINT_MAX = 2**63 - 1
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
#: Control characters but line feed and tab; what turns the direction of text; lone surrogates never pass orjson.
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def _decimal(value: object) -> object:
    if isinstance(value, str):
        if _DECIMAL.fullmatch(value) is None:
            raise ValueError("write a number with a point, such as 91.77")
        return float(value)
    return value


def _integer(value: object) -> object:
    if isinstance(value, str):
        if _INTEGER.fullmatch(value) is None:
            raise ValueError("write a whole number in digits")
        return int(value)
    return value


def _instant(value: object) -> object:
    if not isinstance(value, str) or _INSTANT.fullmatch(value) is None:
        # The example has no plus sign: one in an address that is not written %2B arrives as a blank.
        raise ValueError("write an instant with its zone, such as 2026-01-31T08:00:00Z; in an address + is %2B")
    try:
        instant = datetime.fromisoformat(value.upper())
        if EARLIEST <= instant <= LATEST:
            return instant
    except (ValueError, OverflowError):
        pass
    raise ValueError("there is no such instant between the years 1900 and 2200")


def _day(value: object) -> object:
    if isinstance(value, str) and _DAY.fullmatch(value) is not None:
        try:
            day = date.fromisoformat(value)
            if EARLIEST.date() <= day <= LATEST.date():
                return day
        except ValueError:
            pass
    raise ValueError("write a day between the years 1900 and 2200, such as 2026-01-31")


def _uuid(value: object) -> object:
    if isinstance(value, str) and len(value) == 36:
        try:
            return UUID(value)
        except ValueError:
            pass
    raise ValueError("write an id of the form 00000000-0000-0000-0000-000000000000")


def _flag(value: object) -> object:
    if value not in ("true", "false", True, False):
        raise ValueError("write true or false")
    return value in ("true", True)


def fit(value: str) -> str:
    """Return a text as it is; raise ValueError when it holds what nobody types."""
    if _UNFIT.search(value):
        raise ValueError("leave out control characters")
    return value


def saying_something(value: str) -> str:
    """Return a text as it is; raise ValueError when no letter or digit is in it."""
    if not has_words(value):
        raise ValueError("write a few words: blanks and signs alone say nothing")
    return value


#: Numbers in a query string, which come as text.
QueryNumber = Annotated[float, BeforeValidator(_decimal)]
QueryInteger = Annotated[int, BeforeValidator(_integer)]
#: What the database numbers its rows by, in an address.
RowNumber = Annotated[int, BeforeValidator(_integer), Field(ge=1, le=_BIGINT_MAX)]
#: A yes or no in a query string.
QueryFlag = Annotated[bool, BeforeValidator(_flag)]
#: RFC 3339 with zone.
Instant = Annotated[datetime, BeforeValidator(_instant)]
#: A date of the calendar.
Day = Annotated[date, BeforeValidator(_day)]
Id = Annotated[UUID, BeforeValidator(_uuid)]
Code = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(fit)]
#: Of a thing or place; the database takes as many characters.
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(fit)]
#: 4,000 characters: GeoReport v2's limit of a description.
Text = Annotated[str, Field(max_length=4000), AfterValidator(fit)]
#: A reason, a question, an answer: as long as the database takes it.
Words = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(fit), AfterValidator(saying_something)]
#: Of one report, by its sender: as good as a random UUID, so that nobody guesses another one's.
ReportKey = Annotated[
    str,
    Field(min_length=16, max_length=200, pattern=r"^[!-~]+$", description="A random UUID, the same when sent again"),
]
Crs = Annotated[str, Field(max_length=20, description="wgs84, cgcs2000, gcj02, bd09 or epsg:N")]
DegreesCrs = Annotated[
    Literal["wgs84", "cgcs2000", "gcj02", "bd09"], Field(description="Of lon and lat; wgs84 when absent")
]
AccuracyM = Annotated[float, Field(ge=0, le=1000, description="The sender's error in metres")]


def place_of(
    lon: float | None, lat: float | None, x: float | None, y: float | None, crs: str | None
) -> DeclaredPosition:
    """Return the place that lon and lat, or x, y and crs, name.

    Raises
    ------
    ValueError
        Neither pair is whole, or both are there.
    layers.errors.LayerError
        OffTheEarth, UnknownCrs, OutsideCrs, OutsideMainland.
    """
    if lon is not None and lat is not None and (x, y, crs) == (None, None, None):
        return declared_position(lon, lat)
    if x is not None and y is not None and crs is not None and (lon, lat) == (None, None):
        return declared_position(x, y, crs=crs)
    raise ValueError("Give lon and lat in degrees, or x, y and crs.")


def check_request(*, threads: int) -> Step:
    """Return the step that refuses, before anything is parsed, what no route wants.

    Parameters
    ----------
    threads
        How many requests this process works on at once. Reading a body waits for its sender without an end: a few
        clients that stop in the middle of one would stop everybody. So a third may read for strangers, a third for
        holders of keys, and the last third always remains for what has no body.
    """
    for_strangers, for_known = (BoundedSemaphore(max(1, threads // 3)) for _ in range(2))

    def check(request: Request) -> None:
        _check_path(request)
        if request.query_string:
            _check_query(request)
        if request.method in METHODS_WITH_BODY:
            g.readers = for_strangers if g.get("identity") in (None, PUBLIC) else for_known
            if reads_itself():
                leave_to_view()
            else:
                _check_body(g.readers)

    return check


def _check_path(request: Request) -> None:
    if request.view_args and any("\x00" in str(part) for part in request.view_args.values()):
        raise NotFound  # no name holds NUL, and the database could not even be asked


def takes_long_list(parameter: str) -> Callable[[View], View]:
    """Label a view that takes a list as long as an address may be."""

    def label(view: View) -> View:
        setattr(view, LONG_LIST, parameter)
        return view

    return label


def _check_query(request: Request) -> None:
    if len(request.query_string) > MAX_QUERY_BYTES:
        _check_length(request)
    for name, values in request.args.lists():
        if len(values) > 1:
            raise InvalidInput([{"pointer": name[:80], "code": "repeated", "detail": "give it once"}])
        if "\x00" in values[0]:
            raise InvalidInput([{"pointer": name[:80], "code": "control_character", "detail": "leave out NUL"}])


def _check_length(request: Request) -> None:
    view = current_app.view_functions[request.url_rule.endpoint] if request.url_rule else None
    long_list = getattr(view, LONG_LIST, None)
    sizes = [
        (len(part), unquote(part.partition(b"=")[0].decode("latin-1"))) for part in request.query_string.split(b"&")
    ]
    others = sum(size for size, name in sizes if name != long_list)
    limit = MAX_QUERY_BYTES if others > MAX_QUERY_BYTES else MAX_LONG_QUERY_BYTES
    if others > limit or len(request.query_string) > limit:
        _, longest = max(one for one in sizes if limit == MAX_LONG_QUERY_BYTES or one[1] != long_list)
        said = f"{limit} bytes at most are read of a query, and this is the longest part of it"
        raise InvalidInput([{"pointer": longest[:80], "code": "too_long", "detail": said}])


def _check_body(readers: BoundedSemaphore) -> None:
    """Read a JSON body once, with its limits; views find it parsed."""
    if request.url_rule is None:
        return
    if request.mimetype != "application/json" or request.headers.get("Content-Encoding", "identity") != "identity":
        raise WrongMediaType
    body = _read_body(readers)
    check_depth(body)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise InvalidJson from exc
    if not isinstance(value, dict):
        raise InvalidInput([{"pointer": "#", "code": "not_an_object", "detail": "send one JSON object"}])
    _remember(request, value)


def _read_body(readers: BoundedSemaphore) -> bytes:
    with reading(readers):
        body = request.get_data()
    limit = request.max_content_length
    if request.content_length is None and limit is not None and len(body) >= limit:
        raise RequestEntityTooLarge  # werkzeug cuts a body of unstated length at the limit and says nothing
    return body


def _remember(asked: Request, value: object) -> None:
    # Werkzeug's own cache of get_json(): (silent=False, silent=True).
    asked._cached_json = (value, value)


def encode_cursor(at: datetime | float, key: UUID) -> str:
    """Return an opaque cursor to after a row, by what its list is ordered by and its id."""
    said = repr(at) if isinstance(at, float) else at.isoformat()
    return base64.urlsafe_b64encode(f"{said}|{key}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime | float, UUID]:
    """Return what a cursor points to; raise InvalidCursor."""
    try:
        at, _, key = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("|")
        if _NUMBER.fullmatch(at):
            return float(at), UUID(key)
        instant = datetime.fromisoformat(at)
        if instant.tzinfo is None or not EARLIEST <= instant <= LATEST:
            raise InvalidCursor
        return instant, UUID(key)
    except (ValueError, OverflowError, binascii.Error) as exc:
        raise InvalidCursor from exc
