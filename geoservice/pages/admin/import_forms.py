"""The forms by which a file of features is chosen and read: the file, then what its columns are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from geoservice.domain.importing.choices import Choices, Degrees
from geoservice.domain.importing.mapping import MappedColumn
from geoservice.domain.importing.persons import is_about_people
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.differences import title_of
from geoservice.pages.admin.forms import FormErrors, plain
from geoservice.pages.admin.model import Action, Field, Form, digest_of
from geoservice.services.layers.reading_process import LookedAt
from geoservice.services.layers.upload_store import Upload
from geoservice.services.layers.uploads import SUFFIXES, Compared, UploadLimits, UploadService
from layers.catalogue import catalogue

#: As the command line names them; of any other the number is told.
_CRS = ("wgs84", "cgcs2000", "gcj02", "bd09")
_EPSG = re.compile(r"(?:epsg:)?([0-9]{4,6})", re.ASCII | re.IGNORECASE)
_MIB = 1_048_576
_LONGEST = 200
#: What is asked only when a file leaves it open; the kind of its field.
_ON_DEMAND = ("encoding", "file_layer", "sheet", "swapped", "degrees", "gbt28181", "allow_ballpark")
_CHECKS = ("swapped", "allow_ballpark", "drop_heights")


def upload_form(here: Here, uploads: UploadService, values: Mapping[str, str] | None = None) -> Form:
    """Return the form that brings a file."""
    options = [("", here.words["import.choose"])]
    options += [(one.id, one.title.text(here.language)) for one in uploads.layers(here.identity)]
    hint = here.words["hint.file"].format(**limits_in_words(uploads.limits), place=here.place.code)
    fields = [
        Field("layer", "select", options=options, required=True),
        Field("file", "file", required=True, hint=hint, endings=SUFFIXES),
        *_crs_fields(here),
    ]
    return Form(
        here.words["import.title"], here.url("imports"), here.words["import.bring"], here.url("layers"), fields,
        values=values or {},
    )  # fmt: skip


def limits_in_words(limits: UploadLimits) -> dict[str, str]:
    """Return the limits of what is brought on a page."""
    size = limits.file_bytes / _MIB
    return {
        "mib": f"{size:,.0f}" if size >= 1 else f"{size:,.3f}", "features": f"{limits.features:,}",
        "seconds": f"{limits.longest_s:g}",
    }  # fmt: skip


def columns_form(
    here: Here, upload: Upload, looked: LookedAt | None, *, asked: Collection[str],
    offered: Mapping[str, Sequence[str]],
) -> Form:  # fmt: skip
    """Return the form that says what the columns of a file are; None: it can not be read as it is said to be.

    Parameters
    ----------
    asked
        Fields that something is told against.
    offered
        By field, what it may be.
    """
    fields, values, costs = list[Field](), _said(upload.choices), list[str]()
    meant = {header: name for name, header in upload.choices.mapping.items()}
    if looked is not None:
        options = [("", here.words["import.left_out"]), *((name, _field(here, upload, name)) for name in looked.fields)]
        for number, column in enumerate(looked.proposal.columns):
            if column.how == "refused" and is_about_people(column.header):
                continue
            allowed = meant.get(column.header) in upload.choices.no_persons
            fields += _column_fields(here, number, column, options, allowed=allowed)
            values[f"no_persons_{number}"] = "yes" if allowed else ""
            values[f"column_{number}"] = meant.get(column.header, "") if upload.choices.is_whole else column.field or ""
        costs = list(_told(here, looked))
    fields += _reading_fields(here, upload.choices, asked, offered)
    return Form(
        here.words["columns.title"].format(file=upload.name, layer=title_of(here, upload.layer)),
        here.url("imports", upload.id), here.words["columns.show" if looked else "columns.read"], here.url("imports"),
        fields, costs, values, shown=digest_of(upload.headers),
        ways=[Action("import.discard", here.url("imports", upload.id, "discard"), at_once=True)],
    )  # fmt: skip


def crs_in(values: Mapping[str, str]) -> str | None:
    """Return the CRS that a form says; None: the file is to say it. Raise Refused."""
    errors = FormErrors()
    crs = _crs_in(values, errors)
    errors.end()
    return crs


def choices_in(values: Mapping[str, str], upload: Upload) -> Choices:
    """Return what the form of columns says of a file; raise Refused.

    Of a file that is to be read otherwise nothing is kept of its columns: it may have others.
    """
    errors, before = FormErrors(), upload.choices
    text = {name: (values.get(name) or "").strip()[:_LONGEST] or None for name in ("encoding", "file_layer", "sheet")}
    degrees = values.get("degrees")
    said = replace(
        before, crs=_crs_in(values, errors), encoding=text["encoding"], layer=text["file_layer"], sheet=text["sheet"],
        swapped=bool(values.get("swapped")), allow_ballpark=bool(values.get("allow_ballpark")),
        drop_heights=bool(values.get("drop_heights")),
        degrees=cast("Degrees", degrees) if degrees in ("decimal", "minutes") else None,
        gbt28181={"yes": True, "no": False}.get(values.get("gbt28181", "")), words=_words_in(values, upload, errors),
    )  # fmt: skip
    if (said.encoding, said.layer, said.sheet) != (before.encoding, before.layer, before.sheet):
        said = replace(said, mapping={}, is_whole=False, no_persons=frozenset())
    elif upload.headers:
        mapping, no_persons = _columns_in(values, upload, errors)
        said = replace(said, mapping=mapping, is_whole=True, no_persons=no_persons)
    errors.end()
    return said


def refused_columns(upload: Upload, compared: Compared) -> list[int]:
    """Return which columns are refused, as they are about people, though somebody said what they are."""
    meant = set(upload.choices.mapping.values())
    columns = compared.read.proposal.columns
    return [n for n, one in enumerate(columns) if one.how == "refused" and one.header in meant]


# --- Fields -----------------------------------------------------------------------------------------------------------


def _crs_fields(here: Here) -> tuple[Field, Field]:
    options = [("", here.words["crs.file"]), *((one, here.words[f"crs.{one}"]) for one in _CRS)]
    return Field("crs", "select", options=[*options, ("epsg", here.words["crs.epsg"])]), Field("epsg")


def _column_fields(
    here: Here, number: int, column: MappedColumn, options: list[tuple[str, str]], *, allowed: bool
) -> Iterator[Field]:
    """Yield the fields of a column: what it is, and whether its short words are no names, where they look like some."""
    said = here.words
    hint = said["columns.holds"].format(how=said[f"how.{column.how}"], kind=said.get(f"kind.{column.kind}", "—"))
    if column.how == "ask":
        could = ", ".join(label for name, label in options if name and name in column.why.split())
        hint = said["columns.ask"].format(fields=could or column.why)
    yield Field(f"column_{number}", "select", options=options, label=column.header, hint=hint)
    if column.how == "refused" or allowed:
        yield Field(
            f"no_persons_{number}", "check", label=said["field.no_persons"].format(column=column.header),
            hint=said["hint.no_persons"],
        )  # fmt: skip


def _reading_fields(
    here: Here, said: Choices, asked: Collection[str], offered: Mapping[str, Sequence[str]]
) -> Iterator[Field]:  # fmt: skip
    yield from _crs_fields(here)
    wanted = {
        "encoding": said.encoding, "file_layer": said.layer, "sheet": said.sheet, "swapped": said.swapped,
        "degrees": said.degrees, "gbt28181": said.gbt28181 is not None, "allow_ballpark": said.allow_ballpark,
    }  # fmt: skip
    options = {
        "degrees": ("decimal", "minutes"), "gbt28181": ("yes", "no"),
    }  # fmt: skip
    for name in _ON_DEMAND:
        if name not in asked and not wanted[name]:
            continue
        if name in options:
            choices = [
                ("", here.words["import.choose"]),
                *((one, here.words[f"{name}.{one}"]) for one in options[name]),
            ]
            yield Field(name, "select", options=choices)
        else:
            yield Field(name, "check" if name in _CHECKS else "text", offered=offered.get(name, ()))
    yield Field("drop_heights", "check")
    yield Field("meanings", "area")


def _said(choices: Choices) -> dict[str, str]:
    """Return what was said of a file, as the fields of a form hold it."""
    crs = choices.crs or ""
    return {
        "crs": crs if crs in ("", *_CRS) else "epsg", "epsg": "" if crs in ("", *_CRS) else crs.removeprefix("epsg:"),
        "encoding": choices.encoding or "", "file_layer": choices.layer or "", "sheet": choices.sheet or "",
        "swapped": "yes" if choices.swapped else "", "degrees": choices.degrees or "",
        "gbt28181": {True: "yes", False: "no", None: ""}[choices.gbt28181],
        "allow_ballpark": "yes" if choices.allow_ballpark else "",
        "drop_heights": "yes" if choices.drop_heights else "",
        "meanings": "\n".join(
            f"{name}.{word}={code}" for name, words in choices.words.items() for word, code in words.items()
        ),
    }  # fmt: skip


def _told(here: Here, looked: LookedAt) -> Iterator[str]:
    """Yield what should be known of a file before its columns are named."""
    yield here.words["columns.rows"].format(rows=f"{looked.rows:,}", columns=len(looked.proposal.columns))
    refused = [one.header for one in looked.proposal.columns if one.how == "refused"]
    if refused:
        yield here.words["columns.people"].format(columns=", ".join(refused))


def _field(here: Here, upload: Upload, name: str) -> str:
    """Return what a field of a layer is called, or what says where features are."""
    placing = here.words.get(f"placing.{name}")
    if placing is not None:
        return placing
    layer = catalogue()[upload.layer]
    title = next((one.title.text(here.language) for one in layer.written if one.name == name), "")
    return name if not title or title == name else f"{title} ({name})"


# --- Reading them -----------------------------------------------------------------------------------------------------


def _crs_in(values: Mapping[str, str], errors: FormErrors) -> str | None:
    named, number = values.get("crs", ""), plain(values.get("epsg", ""))
    if named not in ("", "epsg", *_CRS):
        errors.refuse("crs", "error.choose")
    if named == "epsg" or (number and not named):
        found = _EPSG.fullmatch(number)
        if found is None:
            errors.refuse("epsg", "error.epsg")
            return None
        return f"epsg:{found[1]}"
    if number:
        errors.refuse("epsg", "error.epsg_beside")
    return named or None


def _words_in(values: Mapping[str, str], upload: Upload, errors: FormErrors) -> dict[str, dict[str, str]]:
    """Return what words of a file mean; raise Refused where a line says nothing of the kind."""
    columns = {one.name: one.codes for one in catalogue()[upload.layer].written if one.codes}
    words: dict[str, dict[str, str]] = {}
    for line in filter(None, (one.strip() for one in values.get("meanings", "").splitlines())):
        left, sign, code = line.replace("＝", "=").rpartition("=")
        name, dot, word = left.partition(".")
        name, word, code = name.strip(), word.strip(), code.strip()
        if not (sign and dot and word):
            errors.refuse("meanings", "error.meanings")
        elif code not in columns.get(name, {}):
            errors.refuse("meanings", "error.meanings_code")
        else:
            words.setdefault(name, {})[word] = code
    return words


def _columns_in(
    values: Mapping[str, str], upload: Upload, errors: FormErrors
) -> tuple[dict[str, str], frozenset[str]]:  # fmt: skip
    """Return header by field, and the fields whose short words are no names; raise Refused for one named twice."""
    mapping, no_persons = dict[str, str](), set[str]()
    for number, header in enumerate(upload.headers):
        name = values.get(f"column_{number}", "")
        if not name:
            continue
        if name in mapping:
            errors.refuse(f"column_{number}", "error.column_twice")
        mapping[name] = header
        if values.get(f"no_persons_{number}"):
            no_persons.add(name)
    return mapping, frozenset(no_persons)
