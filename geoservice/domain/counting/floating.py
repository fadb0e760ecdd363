"""Whether somebody lives here who is registered elsewhere, and whether somebody registered here lives here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .writing import text_of

_YES = {"是", "有", "1", "Y", "YES", "TRUE", "√", "✓", "T", "V"}
_NO = {"否", "无", "没有", "0", "N", "NO", "FALSE", "×"}
#: What people write where nothing is to be said: a mark that is not set, and no answer to a question.
_UNSAID = {"", "-", "--", "—", "——", "/", "\\"}
_ELSEWHERE = {"外地", "外省", "外市", "外县", "区外", "市外", "县外", "省外", "国外", "境外", "外出"}
#: The first that is found counts: 非户籍 holds 户籍.
_KINDS = (
    ("人在户不在", True), ("户在人不在", False), ("非流动", False), ("非户籍", True), ("非本地", True),
    ("非常住", True), ("流动", True), ("外来", True), ("寄住", True), ("暂住", True), ("租住", True), ("租客", True),
    ("租户", True), ("常住", False), ("户籍", False), ("本地", False), ("FLOATING", True), ("MIGRANT", True),
)  # fmt: skip
#: Who is registered here and does not live here.
GONE = "户在人不在"


def yes_or_no(value: object) -> bool | None:
    """Return what a mark says; None: neither yes nor no. A cell that says nothing says no."""
    text = text_of(value)
    return True if text in _YES else False if text in _NO | _UNSAID else None


def lives_elsewhere(cells: Mapping[str, object]) -> bool:
    """Return whether a row says that the person lives elsewhere."""
    apart = any(GONE in text_of(cells.get(name)) for name in ("apart", "residence"))
    return apart or yes_or_no(cells.get("vacant")) is True or text_of(cells.get("lives")) in _ELSEWHERE


def is_floating(cells: Mapping[str, object], *, here: Sequence[str], sheet: str) -> bool | None:
    """Return whether a person is registered elsewhere; None when nothing tells.

    Parameters
    ----------
    cells
        Of a row, by what they tell.
    here
        What addresses of those who are registered here begin with; empty: addresses tell nothing.
    sheet
        Name of the sheet, which may be that of people who moved in.
    """
    stated = _kind_of(cells.get("floating"), marks=True)
    if stated is None and text_of(cells.get("local")) not in _UNSAID:
        local = yes_or_no(cells.get("local"))
        stated = None if local is None else not local
    for name in ("residence", "apart", "registered"):
        if stated is None:
            stated = _kind_of(cells.get(name), marks=False, whole=name == "registered")
    registered = text_of(cells.get("registered"))
    if stated is None and registered and here:
        stated = not any(registered.startswith(text_of(name)) for name in here)
    return True if stated is None and _kind_of(sheet, marks=False) else stated


def _kind_of(value: object, *, marks: bool, whole: bool = False) -> bool | None:
    text = text_of(value)
    if not text:
        return None
    if marks and (said := yes_or_no(value)) is not None:
        return said
    return next((floating for word, floating in _KINDS if (text == word if whole else word in text)), None)
