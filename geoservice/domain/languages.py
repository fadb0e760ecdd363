"""The languages that pages are written in, and which one stands in for what another has no words for."""

from __future__ import annotations

from typing import Literal, get_args

Language = Literal["zh", "en", "bo"]
#: In the order in which they are offered; the first is spoken where none is asked for.
LANGUAGES: tuple[Language, ...] = get_args(Language)
#: What goes into the attribute `lang`, and how each is called in itself.
HTML_LANG: dict[Language, str] = {"zh": "zh-CN", "en": "en", "bo": "bo"}
OWN_NAME: dict[Language, str] = {"zh": "中文", "en": "English", "bo": "བོད་ཡིག"}
#: Languages that have words for a part only, and the one that says the rest: the only place that knows.
STAND_IN: dict[Language, Language] = {"bo": "zh"}


def language_of(asked: str | None) -> Language | None:
    """Return the language of a tag of ours such as `en`; None for what is none."""
    return next((one for one in LANGUAGES if one == asked), None)
