"""The languages that pages are written in. One more is one more place in every line of words."""

from __future__ import annotations

from typing import Literal, get_args

Language = Literal["zh", "en"]
#: In the order in which each line of words has them; the first is spoken where none is asked for.
LANGUAGES: tuple[Language, ...] = get_args(Language)
#: What goes into the attribute `lang`, and how each is called in itself.
HTML_LANG: dict[Language, str] = {"zh": "zh-CN", "en": "en"}
OWN_NAME: dict[Language, str] = {"zh": "中文", "en": "English"}


def language_of(asked: str | None) -> Language | None:
    """Return the language of a tag of ours such as `en`; None for what is none."""
    return next((one for one in LANGUAGES if one == asked), None)
