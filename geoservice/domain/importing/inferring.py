"""What the columns of a file would be in a layer that is made of it: names, types, codes."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal, NamedTuple

from geoservice.domain.importing.mapping import FileColumn
from geoservice.domain.importing.values import NotAValue, instant_of, integer_of, number_of
from geoservice.domain.importing.words import forms, plain
from layers.layer import Column
from layers.own_layers.description import TAKEN, is_name
from layers.title import Title

#: How a column may be told to be: a type, or text of which few values are to be told apart.
Kind = Literal["text", "integer", "number", "boolean", "instant", "codes"]
#: A text is a code when it has at most so many values, none longer than so many characters, each so often on average.
CODES_MAX, CODE_LENGTH, _EACH = 12, 40, 3
#: Of a file whose columns are not told apart by then, so many codes are the most.
_CODES_TOLD_MAX = 200
#: Cells that must be instants for a column of text to be one.
_LOOKED_AT = 2000
_NAME_LENGTH = 40
_KEYS = tuple(map(plain, "code 编号 编码 代码 标识 id fid objectid osm_id gml_id kennung nummer".split()))
#: Names for what columns are often called; others are numbered.
_FIELDS: Mapping[str, str] = {
    "名称": "name", "名字": "name", "类型": "kind", "类别": "kind", "种类": "kind", "状态": "status", "在用": "in_use",
    "地址": "address", "位置": "location", "备注": "remark", "说明": "remark", "数量": "amount", "等级": "level",
    "级别": "level", "日期": "day", "检查日期": "checked_on", "时间": "time", "高度": "height", "长度": "length",
    "宽度": "width", "深度": "depth", "面积": "area", "压力": "pressure", "流量": "flow", "口径": "bore",
    "管径": "bore", "材质": "material", "颜色": "colour", "来源": "source", "线路": "routes", "方向": "direction",
    "水位": "water_level", "风险": "risk", "风险等级": "risk_level", "序号": "number",
}  # fmt: skip
_UNIT = re.compile(r"\s*[(（\[]\s*([A-Za-zµ°%²³/0-9]{1,10})\s*[)）\]]\s*$")
_DECIMAL = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(,[0-9]+)?")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_TITLE_LENGTH = 100
_YES_OR_NO = (frozenset("是 有 true yes y".split()), frozenset("否 无 没有 false no n".split()))


@dataclass(frozen=True)
class ColumnChoices:
    """What whoever makes a layer says of its columns, so that nobody has to guess."""

    #: Header by name of the column.
    names: Mapping[str, str] = field(default_factory=dict)
    #: By name of the column.
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    titles: Mapping[str, Title] = field(default_factory=dict)
    #: Headers that are left out.
    without: frozenset[str] = frozenset()


class ColumnChoiceWrong(ValueError):
    """What was told names columns or headers that are not there, or names that a column can not have."""


class InferredColumn(NamedTuple):
    """A column of a file, and what it would be; None, with the reason: it is left out."""

    header: str
    column: Column | None
    why: str = ""


def key_among(columns: Sequence[FileColumn]) -> str | None:
    """Return the header of the column that names features, by what such columns are called; None when none is."""
    for word in _KEYS:
        for column in columns:
            if word in forms(column.header) and column.is_unique and column.kind in ("text", "whole numbers"):
                return column.header
    return None


def infer(columns: Sequence[FileColumn], told: ColumnChoices) -> list[InferredColumn]:
    """Return what every column would be, in the order of the file.

    Raises
    ------
    ColumnChoiceWrong
    """
    _require_there(told.names.values(), [column.header for column in columns], "column of the file")
    _require_there(told.without, [column.header for column in columns], "column of the file")
    names = _names(columns, told)
    _require_there([*told.kinds, *told.titles], list(names.values()), "column of the layer")
    return [_inferred(column, names.get(column.header), told) for column in columns]


def _require_there(said: Iterable[str], there: Collection[str], what: str) -> None:
    for one in said:
        if one not in there:
            near = get_close_matches(one, there, n=1)
            meant = f"did you mean {near[0]}?" if near else f"there are: {', '.join(there) or 'none'}"
            raise ColumnChoiceWrong(f"{one[:60]} is no {what}; {meant}")


def _names(columns: Sequence[FileColumn], told: ColumnChoices) -> dict[str, str]:
    """Return the name of the column by header: as told, else made of the header, no two alike."""
    for name in told.names:
        if not is_name(name) or name in TAKEN:
            raise ColumnChoiceWrong(
                f"{name[:60]!r} can not be the name of a column; some names are taken: write small letters, digits and"
                " underscores, a letter first"
            )
    given = {header: name for name, header in told.names.items()}
    if len(given) < len(told.names):
        raise ColumnChoiceWrong("one column of the file was given two names")
    names, used = dict(given), set(given.values())
    for number, column in enumerate(columns, start=1):
        if column.header in names or column.header in told.without:
            continue
        wanted = _name_of(column.header, number)
        name = next(one for one in _numbered(wanted) if one not in used and one not in TAKEN)
        names[column.header] = name
        used.add(name)
    return names


def _name_of(header: str, number: int) -> str:
    said = unicodedata.normalize("NFKC", _UNIT.sub("", header)).strip()
    known = next((_FIELDS[form] for form in forms(said) if form in _FIELDS), None)
    if known is not None:
        return known
    if not said.isascii():
        return f"column_{number}"
    name = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", said).lower()).strip("_")[:_NAME_LENGTH]
    name = name.removesuffix("_history")
    if name in TAKEN:
        return f"file_{name}"[:_NAME_LENGTH]
    return name if is_name(name) else f"column_{number}"


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in range(2, 10_000):
        yield f"{name[: _NAME_LENGTH - 5]}_{number}"


def _inferred(column: FileColumn, name: str | None, told: ColumnChoices) -> InferredColumn:
    if name is None:
        return InferredColumn(column.header, None, "you leave it out")
    kind = told.kinds.get(name) or _kind(column, name)
    if kind is None:
        return InferredColumn(column.header, None, "it is empty")
    unit = _UNIT.search(column.header)
    said = _UNSEEN.sub("", _UNIT.sub("", column.header)).strip()[:_TITLE_LENGTH] or name
    codes = _codes(column, most=_CODES_TOLD_MAX) if kind == "codes" else {}
    if kind == "codes" and not codes:
        raise ColumnChoiceWrong(f"{name} has no values, or more than {_CODES_TOLD_MAX}, that could be codes")
    made = Column(
        name, "text" if kind == "codes" else kind, told.titles.get(name, Title(said, said)),
        unit=unit[1] if unit else None, nullable=True, codes=codes, told=name != "name",
    )  # fmt: skip
    return InferredColumn(column.header, made)


def _kind(column: FileColumn, name: str) -> Kind | None:
    if column.kind == "whole numbers":
        return "integer" if _all(column.texts, integer_of) else "text"
    known: Mapping[str, Kind] = {"numbers": "number", "yes and no": "boolean", "dates": "instant"}
    if column.kind != "text":
        return known.get(column.kind)
    words = {text.strip().casefold() for text in column.texts}
    if words <= _YES_OR_NO[0] | _YES_OR_NO[1]:
        return "boolean"
    if _all(column.texts[:_LOOKED_AT], lambda cell: instant_of(cell, time_zone="UTC")):
        return "instant"
    if _has_decimal_commas(column.texts):
        return "number"
    few = name != "name" and _codes(column, most=CODES_MAX)
    return "codes" if few and len(few) > 1 and len(column.texts) >= _EACH * len(few) else "text"


def _has_decimal_commas(texts: Sequence[str]) -> bool:
    """Return whether texts are numbers with commas before their decimals; 0301 is a code, 1,200 perhaps a thousand."""
    found = [_DECIMAL.fullmatch(text.strip()) for text in texts]
    return all(found) and any(one is not None and one[1] for one in found) and _all(texts, number_of)


def _all(texts: Iterable[str], read: Callable[[object], object]) -> bool:
    try:
        for text in texts:
            read(text)
    except NotAValue:
        return False
    return True


def _codes(column: FileColumn, *, most: int) -> dict[str, Title]:
    """Return the values of a column as codes, the most frequent first; none when there are too many, or long ones."""
    counts = Counter(unicodedata.normalize("NFC", text).strip() for text in column.texts)
    spelt: dict[str, str] = {}
    for value, _ in counts.most_common():
        spelt.setdefault(plain(value), value)  # of two that are read alike the more frequent
    if not 0 < len(spelt) <= most or any(len(value) > CODE_LENGTH or not plain(value) for value in spelt.values()):
        return {}
    return {value: Title(value, value) for value in spelt.values()}
