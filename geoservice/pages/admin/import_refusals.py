"""What is told when a file can not be read or written: beside the field that mends it, with what it is about."""

from __future__ import annotations

from geoservice.errors import GeoserviceError
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.import_forms import limits_in_words
from geoservice.pages.admin.model import Sentence
from geoservice.services.layers.errors import ReaderBusy
from geoservice.services.layers.upload_store import Upload
from geoservice.services.layers.uploads import UploadLimits
from layers.errors import LayerError, RefusedByDatabase, TooBusy

#: Which field mends what an error advises.
_FIELD = {
    "state-encoding": "encoding", "name-layer": "file_layer", "name-sheet": "sheet", "swap-coordinates": "swapped",
    "state-degrees": "degrees", "confirm-numbers": "gbt28181", "state-crs": "crs", "state-wgs84-or-gcj02": "crs",
    "state-true-crs": "crs", "allow-ballpark": "allow_ballpark",
}  # fmt: skip
#: And what some that advise nothing, or that one thing mends where a page asks.
_OWN_FIELD = {
    "EncodingUnknown": "encoding", "EncodingNotUtf8": "encoding", "TextNotInEncoding": "encoding", "UnknownCrs": "crs",
    "OutsideCrs": "crs", "LayerMissing": "file_layer",
}  # fmt: skip
#: What a file is, and no sentence: names of its own, numbers.
_FACTS = (
    "sheets", "sheet", "layers", "columns", "column", "could_be", "missing", "encoding", "said", "seems", "crs",
    "datum", "off_by", "examples", "example", "row", "feature", "found",
)  # fmt: skip
#: Of an error, what its field may be.
_OFFERED = {"file_layer": "layers", "sheet": "sheets", "encoding": "seems"}
#: What is done at the command line instead.
_TOO_MUCH = ("FileTooLarge", "TooManyFeatures", "ReadingTookTooLong", "TookTooLong")


def told_against(
    here: Here, exc: GeoserviceError | LayerError, upload: Upload, limits: UploadLimits
) -> dict[str, str]:  # fmt: skip
    """Return a sentence on why a file is not read or written, by the field that mends it."""
    kind = type(exc).__name__
    if isinstance(exc, ReaderBusy | TooBusy):
        return {"": "error.upload_busy"}
    known = here.words.get(f"refusal.{kind}")
    if known is None or isinstance(exc, RefusedByDatabase):
        return {"": Sentence(exc)}
    sentence = known.format(**limits_in_words(limits))
    facts = [str(exc.fields[name])[:200] for name in _FACTS if exc.fields.get(name) not in (None, "")]
    if facts:
        sentence += f" ({'; '.join(facts)})"
    if kind in _TOO_MUCH:
        line = here.words["refusal.at_command_line"].format(layer=upload.layer, place=here.place.code)
        sentence = f"{sentence} {line}"
    return {_field(exc): Sentence(sentence)}


def offered_by(exc: GeoserviceError | LayerError) -> dict[str, list[str]]:
    """Return what the field that mends an error may be, as far as the error tells it: layers of a file, its sheets."""
    field = _field(exc)
    told = str(exc.fields.get(_OFFERED.get(field, "")) or "")
    return {field: told.split(", ")} if told else {}


def _field(exc: GeoserviceError | LayerError) -> str:
    return _FIELD.get(exc.advice or "", _OWN_FIELD.get(type(exc).__name__, ""))
