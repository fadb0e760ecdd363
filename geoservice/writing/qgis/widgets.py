"""What a form offers for a field, where QGIS does not see it by the field's type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from geoservice.writing.qgis.elements import Value
from layers.layer import Limit
from layers.title import Title

#: What QGIS keeps for no value among those that a field may have (QgsValueMapFieldFormatter::NULL_VALUE).
_NULL = "{2839923C-8B7D-419E-B84B-CA2FE9B80EC7}"
#: QGIS steps through whole numbers in 32 bits.
_LEAST, _MOST = -(2**31), 2**31 - 1


@dataclass(frozen=True)
class Widget:
    """What fills a field in."""

    #: As QGIS calls it.
    type: str
    config: Mapping[str, Value] = field(default_factory=dict)


HIDDEN = Widget("Hidden")
#: Said, because QGIS would offer every feature that the code of one could name.
TEXT = Widget("TextEdit", {"IsMultiline": False, "UseHtml": False})
TICKED = Widget("CheckBox", {"CheckedState": "", "UncheckedState": ""})


def offered(codes: Mapping[str, Title], language: str, *, nullable: bool) -> Widget:
    """Return what offers the words of coded values, in both languages, and writes the code."""
    values = [{title.in_both(language): code} for code, title in codes.items()]
    return Widget("ValueMap", {"map": [*values, {"": _NULL}] if nullable else values})


def stepped(limits: Sequence[Limit], *, nullable: bool) -> Widget:
    """Return what steps through the whole numbers within limits."""
    least = [int(number) + (sign == ">") for sign, number in limits if sign in (">", ">=")]
    most = [int(number) - (sign == "<") for sign, number in limits if sign in ("<", "<=")]
    return Widget("Range", {"Min": max(least, default=_LEAST), "Max": min(most, default=_MOST), "Step": 1,
                            "Style": "SpinBox", "AllowNull": nullable})  # fmt: skip
