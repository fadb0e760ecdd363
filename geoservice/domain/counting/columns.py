"""Which column of a register tells what: words that headers use, and where the header is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .writing import text_of

Row = Sequence[object]

#: Rows in which the header is looked for: titles, units and days stand above it.
HEADER_WITHIN = 30
#: By what a column tells; the words as `normal` has them. No other header of a register is ever shown.
WORDS: Mapping[str, tuple[str, ...]] = {
    "building": (
        "楼栋编码", "楼栋号", "楼号", "栋号", "幢号", "楼栋", "楼幢", "栋", "幢", "建筑编码", "标准地址编码",
        "地址编码", "房屋编码", "楼栋名称", "建筑名称", "BUILDING", "BLDG", "BLOCK", "BUILDINGCODE",
    ),
    "estate": ("小区", "小区名称", "ESTATE"),
    "address": ("地址", "详细地址", "门牌地址", "坐落", "现住址", "现住地址", "居住地址", "现居住地址", "房屋地址",
                "ADDRESS"),
    "unit": ("单元", "单元号", "梯", "UNIT", "ENTRANCE", "STAIR"),
    "room": ("房号", "室", "室号", "房间号", "房屋号", "门牌号", "ROOM", "FLAT", "APT", "APARTMENT", "DOOR"),
    "household": ("户编号", "户号", "家庭编号", "HOUSEHOLD", "HOUSEHOLDID"),
    "relation": ("与户主关系", "户主关系", "家庭关系", "RELATION"),
    "identity": ("身份证号", "身份证号码", "公民身份号码", "身份证", "证件号码", "证件号", "ID", "IDNO", "IDNUMBER"),
    "birth": ("出生日期", "出生年月", "出生年月日", "生日", "出生时间", "出生", "BIRTHDATE", "BIRTH", "DATEOFBIRTH",
              "DOB"),
    "age": ("年龄", "周岁", "AGE"),
    "floating": ("是否流动人口", "流动人口", "是否流动", "FLOATING", "MIGRANT", "REGISTEREDELSEWHERE"),
    "local": ("是否本地户籍", "是否户籍人口", "本地户籍"),
    "residence": ("人员类型", "人口类型", "人口性质", "户籍类型", "人员类别", "人口类别", "居住类型", "户籍性质"),
    "registered": ("户籍地址", "户籍地", "户籍", "户口所在地", "户籍所在地", "户籍地详址"),
    "dead": ("是否已死亡", "是否死亡", "死亡", "DECEASED"),
    "died": ("死亡日期", "死亡时间"),
    "moved": ("是否已迁出", "是否迁出", "迁出", "是否注销", "注销", "MOVEDOUT"),
    "left": ("迁出日期", "迁出时间", "注销日期"),
    "vacant": ("是否空挂户", "空挂户", "空挂", "是否空挂"),
    "apart": ("人户分离", "是否人户分离", "人户状态", "人户一致"),
    "lives": ("实际居住地", "实际居住情况", "LIVESELSEWHERE"),
}  # fmt: skip
#: What is known and never read.
_UNREAD = re.compile(
    r"姓名|名字|电话|手机|联系|微信|性别|民族|宗教|政治|婚姻|学历|文化|职业|单位名称|工作单位|服务处所|健康|残疾|备注|证件类型|序号|户主$|"
    r"NAME|PHONE|MOBILE|GENDER|SEX"
)
#: Somebody else's: of the householder, the owner, a parent.
_OF_ANOTHER = re.compile(
    r"(户主|房东|业主|房主|监护人|配偶|父亲|母亲|子女|法人|登记人|网格员).*(证|号码|出生|生日|年龄|地址)"
)
_TRIMMED = re.compile(r"[*＊:：、,，;；\"'“”]|[(\[{【（〔].*?[)\]}】）〕]|[_\-/]")
_DIGITS = re.compile(r"\d{4}")
_LETTERS = re.compile(r"[A-Z]{1,2}")
#: Shorter words mean something only when they are all that a header says.
_CONTAINED_FROM = 3
#: What tells a person, and what a place.
_PERSON, _PLACE = {"identity", "birth", "age"}, {"building", "address"}


@dataclass(frozen=True)
class Header:
    """Where the header of a sheet is, and what its columns tell."""

    #: Places of its rows, from 0.
    first: int
    last: int
    #: The place of the column that tells it.
    columns: Mapping[str, int]
    #: The word of the dictionary, None where somebody said which column it is.
    words: Mapping[str, str | None]
    #: Of each field that several columns seem to tell, those columns.
    doubtful: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def normal(header: object) -> str:
    """Return a header without what does not matter: case, blanks, stars, brackets with what is in them."""
    return _TRIMMED.sub("", text_of(header))


def meaning_of(header: object) -> tuple[str, str, bool] | None:
    """Return what a column tells by its header, the word that says so, and whether it is all of the header."""
    said = normal(header)
    if not said or _OF_ANOTHER.search(said):
        return None
    for name, words in WORDS.items():
        if said in words:
            return name, said, True
    if _UNREAD.search(said):
        return None
    within = [
        (len(word), name, word)
        for name, words in WORDS.items()
        for word in words
        if len(word) >= _CONTAINED_FROM and word in said and not word.isascii()
    ]
    if not within:
        return None
    _, name, word = max(within)
    return name, word, False


def find_header(
    rows: Sequence[Row], stated: Mapping[str, str] | None = None, *, needs_place: bool = True
) -> Header | None:
    """Return the header of a sheet, None when no row is one.

    Parameters
    ----------
    rows
        Of the sheet, from its first one.
    stated
        What somebody says of its columns: by what is told, the header of the column, or its letter where none is so.
    needs_place
        Whether a column must tell a building or an address.
    """
    best: tuple[int, Header] | None = None
    for at in range(min(HEADER_WITHIN, len(rows))):
        if not _is_wordy(rows[at]):
            continue
        groups = _groups(rows[at - 1]) if at else None
        for above in [None] if groups is None else [None, groups]:
            header = _read(rows[at], above, at, _stated_places(rows[at], stated or {}))
            score = 2 * len(header.columns) - len(header.doubtful)
            found = header.columns.keys()
            if not found & _PERSON or (needs_place and not found & _PLACE) or len(found) < 2:
                continue
            if best is None or score > best[0]:
                best = score, header
    return None if best is None else best[1]


def _is_wordy(row: Row) -> bool:
    """Return whether a row has words alone, as a header has: no numbers, no days, nothing of four digits."""
    return all(value is None or (isinstance(value, str) and not _DIGITS.search(normal(value))) for value in row)


def _groups(row: Row) -> list[str] | None:
    """Return the headers above headers, each as far as it reaches; None when there are none."""
    texts = [value if isinstance(value, str) else "" for value in row]
    if len({text for text in texts if text.strip()}) < 2:
        return None  # a title
    reaching, last = [], ""
    for text in texts:
        last = text if text.strip() else last
        reaching.append(last)
    return reaching


def _read(row: Row, groups: Sequence[str] | None, at: int, stated: Mapping[str, int]) -> Header:
    """Return a row as a header; what is stated of columns wins over what they are called."""
    found: dict[str, list[tuple[bool, int, str]]] = {}
    for place, value in enumerate(row):
        group = groups[place] if groups is not None and place < len(groups) else ""
        meaning = _meaning(group, value) if isinstance(value, str) and place not in stated.values() else None
        if meaning is not None and meaning[0] not in stated:
            name, word, exact = meaning
            found.setdefault(name, []).append((not exact, place, word))
    columns = dict(stated)
    words: dict[str, str | None] = dict.fromkeys(stated)
    doubtful: dict[str, tuple[int, ...]] = {}
    for name, candidates in found.items():
        inexact, columns[name], words[name] = min(candidates)
        rivals = tuple(place for also_inexact, place, _ in candidates if also_inexact == inexact)
        if len(rivals) > 1:
            doubtful[name] = rivals
    return Header(at if groups is None else at - 1, at, columns, words, doubtful)


def _meaning(group: str, header: str) -> tuple[str, str, bool] | None:
    """Return the meaning of a header below another, which says the more of the two, or of either alone."""
    if not group or group == header:
        return meaning_of(header)
    if not header.strip():
        return meaning_of(group)
    if _OF_ANOTHER.search(normal(group + header)):
        return None
    return meaning_of(group + header) or meaning_of(header)


def _stated_places(row: Row, stated: Mapping[str, str]) -> dict[str, int]:
    texts = [normal(value) for value in row]
    places = {
        name: texts.index(normal(column)) if normal(column) in texts else _place_of(column)
        for name, column in stated.items()
    }
    return {name: place for name, place in places.items() if place is not None and place < len(row)}


def _place_of(letters: str) -> int | None:
    """Return the place of a column, from 0, by what a spreadsheet calls it; None when that is no such letter."""
    if not _LETTERS.fullmatch(letters):
        return None
    place = 0
    for letter in letters:
        place = 26 * place + ord(letter) - ord("A") + 1
    return place - 1
