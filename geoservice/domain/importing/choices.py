"""What whoever imports a file may say of it, so that nobody has to guess."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

from geoservice.domain.importing.ledgers import Importable
from geoservice.domain.importing.words import dictionary, own_words
from layers.crs import Bbox

#: How degrees are written where a number does not tell: 29.2404, or 29.1425 for 29 degrees 14 minutes 25 seconds.
Degrees = Literal["decimal", "minutes"]
#: Columns without codes whose words may be told a meaning, by layer or ledger.
_MEANT = {"services": ("limit",)}


@dataclass(frozen=True)
class Choices:
    """Options of reading one file; what is not stated is proposed, or asked for where it is not clear."""

    #: Header of the file by field of the layer; as a proposal states it, and as it is kept for the next file.
    mapping: Mapping[str, str] = field(default_factory=dict)
    #: Whether the mapping says of every column what it is: one that it does not name is left out.
    is_whole: bool = False
    #: `wgs84`, `cgcs2000`, `gcj02`, `bd09` or `epsg:N`; wins over what the file says.
    crs: str | None = None
    #: Of text in a shapefile or a CSV.
    encoding: str | None = None
    #: Of a GeoPackage.
    layer: str | None = None
    #: Of a workbook; None: every sheet that is not hidden and has the header of the first one.
    sheet: str | None = None
    #: Whether longitude and latitude stand in each other's column.
    swapped: bool = False
    #: None: asked for where it is not clear.
    degrees: Degrees | None = None
    #: Whether small numbers for directions and kinds of cameras are those of GB/T 28181; None: asked for.
    gbt28181: bool | None = None
    #: Code by word, by column: what words of the file mean that are not known here.
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: Fields whose short Chinese words are no names of people, though they look like them.
    no_persons: frozenset[str] = frozenset()
    #: Whether heights may be left out.
    drop_heights: bool = False
    #: Of instants that state none, an IANA name.
    time_zone: str | None = None
    #: See `geoservice.reading.crs.placing`.
    allow_ballpark: bool = False
    #: Of the outline that the features lie in, as far as it is known.
    bbox: Bbox | None = None


def unknown_in(choices: Choices, table: Importable) -> Iterator[str]:
    """Yield what choices name that a layer or a ledger has not, with what was perhaps meant: nobody would hear it."""
    codes = {column.name: column.codes for column in table.written if column.codes}
    worded = [*codes, *_MEANT.get(table.id, ())]
    for name, words in choices.words.items():
        if name not in worded:
            yield f"{name[:40]} is no field whose words mean something; {_meant(name, worded)}"
            continue
        for word, code in words.items():
            if name in codes and code not in codes[name]:
                yield f"{name}.{word[:40]} is said to be {code[:40]}, no code of it; {_meant(code, codes[name])}"
    fields = sorted({*own_words(table), *dictionary(table, placed=False)})
    for name in sorted(choices.no_persons):
        if name not in fields:
            yield f"{name[:40]} is no field; {_meant(name, fields)}"


def _meant(said: str, known: Collection[str]) -> str:
    near = get_close_matches(said, known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known) or 'none'}"
