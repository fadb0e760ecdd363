"""Which column of a file is which field of a layer or a ledger: proposed by names, decided by whoever imports."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from geoservice.domain.importing.ledgers import Importable
from geoservice.domain.importing.persons import SHARE_MAX, is_about_people, personal, personal_share
from geoservice.domain.importing.words import KEY, dictionary, forms, own_words

#: How a column got its field: it was told, it is called so, it contains a word; or why it has none.
How = Literal["given", "exact", "contains", "ask", "dropped", "refused"]
#: Shorter words are only ever whole headers: `x` is in many.
_HAN_MIN, _LATIN_MIN = 2, 4
#: Of other things than the features, whatever else their headers contain.
_OF_OTHERS = ("网格", "grid")
#: How many cells of a column are looked at for what they say of people.
_LOOKED_AT = 5000
#: Where features are, which no cell that could be a person's says.
_COORDINATES = ("lon", "lat", "wkt", "place", "crs")
_LATIN = re.compile(r"[a-zäöüß]+|[0-9]+")


class MappedColumn(NamedTuple):
    """A column of a file, and what becomes of it."""

    header: str
    #: Of the layer; None: the column is left out.
    field: str | None
    how: How
    #: What its cells are: text, whole numbers, numbers, dates, nothing …
    kind: str
    #: Why it is left out, or what is to be decided.
    why: str = ""


class Question(NamedTuple):
    """A field that several columns could be, or a column that could be several fields."""

    fields: tuple[str, ...]
    headers: tuple[str, ...]


class FileColumn(NamedTuple):
    """A column of a file as it is judged."""

    header: str
    #: Its cells that are not empty.
    texts: Sequence[str]
    kind: str
    #: Whether no cell is empty and no two are alike.
    is_unique: bool = False


@dataclass(frozen=True)
class Proposal:
    """What every column of a file would become."""

    columns: tuple[MappedColumn, ...]
    questions: tuple[Question, ...] = ()
    #: Headers of columns that could name the features, where none does yet.
    keys: tuple[str, ...] = ()

    @property
    def fields(self) -> dict[str, str]:
        """Return the header by field, as it can be given for the next file."""
        return {column.field: column.header for column in self.columns if column.field is not None}


class MappingWrong(ValueError):
    """A mapping names fields that the layer has not, or columns that the file has not."""

    def __init__(self, names: Sequence[str], known: Sequence[str], *, are_fields: bool) -> None:
        super().__init__(", ".join(names))
        self.names, self.known, self.are_fields = tuple(names), tuple(known), are_fields


def propose(
    columns: Sequence[FileColumn], table: Importable, *, placed: bool, given: Mapping[str, str],
    no_persons: frozenset[str] = frozenset(), is_whole: bool = False,
) -> Proposal:  # fmt: skip
    """Return what every column of a file would become.

    Parameters
    ----------
    columns
        In the order of the file, no two of one header.
    placed
        Whether the file has geometries, so that no column says where its features are.
    given
        Header by field; wins over names, not over the promise about people.
    no_persons, is_whole
        See `Choices`.

    Raises
    ------
    MappingWrong
        Fields or headers that are given are not there.
    """
    words, own = dictionary(table, placed=placed), own_words(table)
    headers = [column.header for column in columns]
    _require_known(given, headers, sorted({*words, *own}))
    names = {} if is_whole else words, {} if is_whole else own
    found, questions = _by_names(headers, *names, given)
    # Not of what people made: their words are those of the file itself.
    so_called = {header for field, header in given.items() if not table.own
                 and any(one.field == field and one.rank < 2 for one in _named(header, words, own))}  # fmt: skip
    mapped = tuple(
        _judged(column, *found[column.header], table, no_persons, so_called=column.header in so_called)
        for column in columns
    )
    named = any(column.field == KEY for column in mapped) or any(KEY in question.fields for question in questions)
    keys = () if named else tuple(column.header for column in columns if _could_be_key(column))
    return Proposal(mapped, questions, keys)


def shown(header: str, number: int, *, known: bool = False) -> str:
    """Return a header as it may be shown: in a file without any, the first person's data stand there.

    Parameters
    ----------
    known
        Whether it stands among headers that are known, so that a short word is one too.
    """
    return f"column {number}" if personal(header, names=not known) else header


# --- By names ---------------------------------------------------------------------------------------------------------


class _Named(NamedTuple):
    """A field that a header names: 0 as the layer calls it, 1 by a word, 2 and more within it, a long word first."""

    field: str
    rank: int


_Found = dict[str, tuple[str | None, How, str]]


def _by_names(
    headers: Sequence[str], words: Mapping[str, frozenset[str]], own: Mapping[str, frozenset[str]],
    given: Mapping[str, str],
) -> tuple[_Found, tuple[Question, ...]]:  # fmt: skip
    """Return the field of each header with how it was found and why not, and what is to be asked."""
    found: _Found = {header: (field, "given", "") for field, header in given.items()}
    named: dict[str, list[_Named]] = {}
    for header in headers:
        if header in found:
            continue
        named[header] = [one for one in _named(header, words, own) if one.field not in given]
        if is_about_people(header) and not any(one.rank < 2 for one in named[header]):
            found[header] = (None, "refused", "it is about people, by its name")
            del named[header]
    best = _best(named)
    wanted = {header: [one.field for one in fields if header in best[one.field]] for header, fields in named.items()}
    questions = [Question(tuple(fields), (header,)) for header, fields in _by_header(given).items() if len(fields) > 1]
    for field, rivals in best.items():
        if len(rivals) > 1:
            questions.append(Question((field,), tuple(rivals)))
    for header, fields in wanted.items():
        if len(fields) > 1:
            questions.append(Question(tuple(fields), (header,)))
        if not fields:
            found[header] = _left_out(named[header], best)
        elif len(fields) > 1 or len(best[fields[0]]) > 1:
            found[header] = (None, "ask", f"it could be {' or '.join(fields)}")
        else:
            [rank] = {one.rank for one in named[header] if one.field == fields[0]}
            found[header] = (fields[0], "exact" if rank < 2 else "contains", "")
    return found, tuple(questions)


def _by_header(given: Mapping[str, str]) -> dict[str, list[str]]:
    by_header: dict[str, list[str]] = {}
    for field, header in given.items():
        by_header.setdefault(header, []).append(field)
    return by_header


def _left_out(named: Sequence[_Named], best: Mapping[str, Sequence[str]]) -> tuple[None, How, str]:
    if not named:
        return None, "dropped", "nothing of the layer is called so"
    return None, "dropped", f"{named[0].field} is {best[named[0].field][0]}"


def _best(named: Mapping[str, Sequence[_Named]]) -> dict[str, list[str]]:
    """Return the headers that name each field best."""
    best: dict[str, tuple[int, list[str]]] = {}
    for header, fields in named.items():
        for field, rank in fields:
            least, headers = best.get(field, (rank, []))
            kind = min(rank, 2)
            if kind == min(least, 2):
                best[field] = (least, [*headers, header])
            elif kind < least:
                best[field] = (rank, [header])
    return {field: headers for field, (_, headers) in best.items()}


def _named(
    header: str, words: Mapping[str, frozenset[str]], own: Mapping[str, frozenset[str]]
) -> list[_Named]:  # fmt: skip
    """Return the fields that a header names best."""
    said = forms(header)
    for rank, known in enumerate((own, words)):
        exact = [_Named(field, rank) for field, names in known.items() if not names.isdisjoint(said)]
        if exact:
            return exact
    if any(word in form for form in said for word in _OF_OTHERS):
        return []
    tokens = set(_LATIN.findall(unicodedata.normalize("NFKC", header).casefold()))
    longest = {
        field: max((len(word) for word in names | own.get(field, frozenset()) if _holds(said, tokens, word)), default=0)
        for field, names in words.items()
    }
    most = max(longest.values(), default=0)
    return [_Named(field, 2) for field, length in longest.items() if length == most > 0]


def _holds(said: Sequence[str], tokens: set[str], word: str) -> bool:
    if word.isascii():
        return len(word) >= _LATIN_MIN and word in tokens
    return len(word) >= _HAN_MIN and any(word in form for form in said)


def _require_known(given: Mapping[str, str], headers: Sequence[str], fields: Sequence[str]) -> None:
    strange = [field for field in given if field not in fields]
    if strange:
        raise MappingWrong(strange, fields, are_fields=True)
    absent = [header for header in given.values() if header not in headers]
    if absent:
        raise MappingWrong(absent, headers, are_fields=False)


# --- By values --------------------------------------------------------------------------------------------------------


def _judged(
    column: FileColumn, field: str | None, how: How, why: str, table: Importable, no_persons: frozenset[str], *,
    so_called: bool,
) -> MappedColumn:  # fmt: skip
    """Return a column with its field, unless its name or its cells are about people.

    Parameters
    ----------
    so_called
        Whether it is given as the field that it is called after: how many are of an age are no person's age.
    """
    named = MappedColumn(column.header, field, how, column.kind, why)
    if how == "refused" or field in _COORDINATES:
        return named
    is_organisation = table.id == "organisations" and field in (KEY, "name")
    if how == "given" and is_about_people(column.header) and not is_organisation and not so_called:
        return named._replace(field=None, how="refused", why="it is about people, by its name")
    step = max(1, len(column.texts) // _LOOKED_AT)
    share, found = personal_share(
        column.texts[::step],
        names=not (is_organisation or field in no_persons or field in _coded(table)),
        key=field in (KEY, "building", "building_code"),
    )
    if share <= SHARE_MAX:
        return named
    why = f"{share:.0%} of its cells look like a person's {found}"
    return named._replace(field=None, how="refused", why=why)


def _coded(table: Importable) -> frozenset[str]:
    """Return the columns whose words become codes, and no text."""
    return frozenset(column.name for column in table.written if column.codes or column.type != "text")


def _could_be_key(column: FileColumn) -> bool:
    return column.is_unique and column.kind in ("text", "whole numbers") and not is_about_people(column.header)
