"""A list of services as a file tells it, and how it differs from those that are offered."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import orjson

from geoservice.domain.importing.ledgers import LedgerRow
from geoservice.domain.importing.limits import SaidLimit, UnclearLimit, Unit, limit_of, unit_of_header
from geoservice.domain.importing.model import RefusedRow
from geoservice.domain.importing.values import TEXT_LENGTH, NotAValue, Read, text_of
from layers.incidents.model import Service

DESCRIPTION_LENGTH, ATTRIBUTES_LENGTH = 4000, 20_000
#: GeoReport v2, of what a service asks for.
_DATATYPES = ("string", "number", "datetime", "text", "singlevaluelist", "multivaluelist")
_LISTS = ("singlevaluelist", "multivaluelist")
#: And in English beside them, as services have a name in English.
_ATTRIBUTE_KEYS = {"variable": bool, "code": str, "datatype": str, "required": bool, "datatype_description": str,
                   "order": int, "description": str, "values": list,
                   "description_en": str, "datatype_description_en": str}  # fmt: skip
_ATTRIBUTES_MOST = 50
_BETWEEN_WORDS = re.compile(r"\s*[,，、;；|]\s*")
_GROUPS = ("group", "group_1", "group_2", "group_3")


class ServiceChange(NamedTuple):
    """A service as it is and would be."""

    old: Service
    new: Service

    @property
    def fields(self) -> tuple[str, ...]:
        """Return what differs."""
        old, new = asdict(self.old), asdict(self.new)
        return tuple(name for name in old if old[name] != new[name])


@dataclass(frozen=True)
class ServiceDifference:
    """What importing a list of services would change."""

    added: tuple[Service, ...]
    changed: tuple[ServiceChange, ...]
    #: Codes of those that the list does not name, and that may go.
    not_named: tuple[str, ...]
    #: The same, of which there are incidents: they stay whatever is asked.
    in_use: tuple[str, ...]
    same: int
    refused: tuple[RefusedRow, ...]

    @property
    def token(self) -> str:
        """Return a text that is equal for equal differences."""
        told = (self.added, self.changed, self.not_named, self.in_use)
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


@dataclass
class ServiceList:
    """Services of a file."""

    services: dict[str, Service] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)


#: Of a service, and how long they are together: a name has 200 characters.
KEYWORDS_MOST, KEYWORDS_LENGTH = 50, 50 * 201


def unfit_words(service: Service) -> tuple[str, str] | None:
    """Return the field of a service whose words can not be stored, and what of them; None: all can."""
    told = {name: getattr(service, name) or "" for name in ("name", "name_en", "description", "category")}
    # A number may be cut into several keywords.
    words = [*told.items(), *(("keywords", one) for one in (*service.keywords, " ".join(service.keywords)))]
    for name, text in words:
        longest = KEYWORDS_LENGTH if name == "keywords" else DESCRIPTION_LENGTH
        try:
            text_of(text.replace("\n", " ").replace("\t", " "), longest=longest)
        except NotAValue as exc:
            return name, str(exc)
    return None


def readers(fields: Mapping[str, str], *, unit: Unit | None, words: Mapping[str, str]) -> Mapping[str, Read]:
    """Return what makes values of the cells of a list of services, beside their types.

    Parameters
    ----------
    fields
        Headers by field: that of limits may say their unit.
    unit, words
        Of limits, as whoever imports them says.
    """
    unit = unit or unit_of_header(fields.get("limit", ""))
    return {
        "limit": partial(limit_of, unit=unit, words=words), "description": partial(text_of, longest=DESCRIPTION_LENGTH),
        "attributes": _read_attributes, "keywords": partial(text_of, longest=DESCRIPTION_LENGTH),
    }  # fmt: skip


def asked_limits(rows: Sequence[LedgerRow]) -> dict[str, int]:
    """Return limits that say no working time, with how often they stand there."""
    asked: dict[str, int] = {}
    for row in rows:
        limit = row.values.get("limit")
        if isinstance(limit, UnclearLimit):
            asked[limit.text] = asked.get(limit.text, 0) + 1
    return asked


def services_of(rows: Sequence[LedgerRow], stored: Mapping[str, Service], *, day_hours: float | None) -> ServiceList:
    """Return the services that rows tell; what the file has no column for is as it is stored.

    Parameters
    ----------
    day_hours
        How many hours of work a working day has on the mean; None: there are no working hours.
    """
    found, row_of = ServiceList(), dict[str, LedgerRow]()
    for row in rows:
        code = str(row.values["code"])
        if code in row_of:
            found.refused.append(row.refused(f"its code stands in {row_of[code]} already"))
            continue
        row_of[code] = row
        try:
            found.services[code] = _service(code, row.values, stored.get(code), day_hours)
        except NotAValue as exc:
            found.refused.append(row.refused(str(exc)))
    return found


def compare(found: ServiceList, stored: Mapping[str, Service], *, in_use: Collection[str]) -> ServiceDifference:
    """Return what importing a list would change.

    Parameters
    ----------
    in_use
        Codes of stored services of which there are incidents.
    """
    missing = sorted(set(stored) - set(found.services))
    pairs = [ServiceChange(stored[code], new) for code, new in sorted(found.services.items()) if code in stored]
    return ServiceDifference(
        added=tuple(new for code, new in sorted(found.services.items()) if code not in stored),
        changed=tuple(pair for pair in pairs if pair.old != pair.new),
        not_named=tuple(code for code in missing if code not in in_use),
        in_use=tuple(code for code in missing if code in in_use),
        same=sum(pair.old == pair.new for pair in pairs), refused=tuple(sorted(found.refused)),
    )  # fmt: skip


def _service(
    code: str, values: Mapping[str, object], stored: Service | None, day_hours: float | None
) -> Service:  # fmt: skip
    told: dict[str, Any] = {name: values[name] for name in ("name_en", "description") if name in values}
    groups = [values[name] for name in _GROUPS if values.get(name)]
    name = values.get("name")
    if not name and values.get("group_3"):
        name = groups.pop()
    name = name or (stored.name if stored is not None and "name" not in values else None)
    if not name:
        raise NotAValue("name is empty")
    if any(one in values for one in _GROUPS):
        told["category"] = " / ".join(map(str, groups)) or None
    if "keywords" in values:
        words = _BETWEEN_WORDS.split(str(values["keywords"] or ""))
        told["keywords"] = tuple(dict.fromkeys(word for word in words if word))
    if "attributes" in values:
        told["attributes"] = values["attributes"] or ()
    if "sensitive" in values:
        told["sensitive"] = bool(values["sensitive"])
    if "retired" in values:
        told["retired"] = bool(values["retired"])
    if "limit" in values:
        told["limit_working_hours"] = _hours(values["limit"], day_hours)
    if stored is None:
        stored = Service(code, str(name), None, None, None, (), None)
    return replace(stored, name=str(name), **told)


def _hours(limit: object, day_hours: float | None) -> float | None:
    if not isinstance(limit, SaidLimit):
        return None
    if limit.unit == "hours":
        return limit.amount
    if not day_hours:
        raise NotAValue("limit is in working days, and the calendar has no working hours")
    return round(limit.amount * day_hours, 6)


# --- What a service asks for ------------------------------------------------------------------------------------------


def _read_attributes(cell: object) -> tuple[dict[str, Any], ...]:
    if not isinstance(cell, str) or len(cell) > ATTRIBUTES_LENGTH:
        raise NotAValue(f"is no JSON of at most {ATTRIBUTES_LENGTH} characters")
    try:
        found = orjson.loads(cell)
    except orjson.JSONDecodeError as exc:
        raise NotAValue("is no JSON") from exc
    return attributes_of(found)


def attributes_of(found: object) -> tuple[dict[str, Any], ...]:
    """Return what a service asks for, each as GeoReport v2 defines it, and in English.

    Raises
    ------
    NotAValue
        What is wrong with it.
    """
    if not isinstance(found, list) or len(found) > _ATTRIBUTES_MOST:
        raise NotAValue(f"is no list of at most {_ATTRIBUTES_MOST} attributes")
    codes: set[str] = set()
    for number, one in enumerate(found, start=1):
        reason = _fault_of(one)
        if reason is None and one["code"] in codes:
            reason = "its code is there twice"
        if reason is not None:
            raise NotAValue(f"attribute {number}: {reason}")
        codes.add(one["code"])
    return tuple(found)


def _fault_of(one: object) -> str | None:
    if not isinstance(one, dict):
        return "it is no object"
    strange = [str(key)[:40] for key in one if key not in _ATTRIBUTE_KEYS]
    if strange:
        return f"it has {strange[0]}, and may have {', '.join(_ATTRIBUTE_KEYS)}"
    for key, value in one.items():
        if type(value) is not _ATTRIBUTE_KEYS[key] or (isinstance(value, str) and not _is_short(value)):
            return f"{key} is not as it must be"
    if not one.get("code"):
        return "it has no code"
    kind = one.get("datatype", "string")
    if kind not in _DATATYPES:
        return f"its datatype is one of {', '.join(_DATATYPES)}"
    values = one.get("values", [])
    if (kind in _LISTS) != bool(values):
        return "lists have values to choose from, and others none"
    wrong = "each of its values is a key with a name, and a name_en where it has one"
    return None if all(map(_is_choice, values)) else wrong


def _is_short(text: str) -> bool:
    try:
        return text == "" or text_of(text) == text
    except NotAValue:
        return False


def _is_choice(value: object) -> bool:
    return (
        isinstance(value, dict) and {"key", "name"} <= set(value) <= {"key", "name", "name_en"}
        and all(isinstance(one, str) and 0 < len(one) <= TEXT_LENGTH and _is_short(one) for one in value.values())
    )  # fmt: skip
