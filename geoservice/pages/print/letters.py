"""Letters that a file of sheets brings itself: whoever prints it loads nothing, and may have none for them."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cache

from geoservice.maps import assets

_TIBETAN = re.compile("[\u0f00-\u0fff]")
_FACE = re.compile(r'@font-face \{\s*font-family: "Noto Serif Tibetan"[^}]*\}')
_FILE = re.compile(r'url\("\.\./\.\./vendor/([^"]+)"\)')


def letters_of(sheets: Iterable[str]) -> str:
    """Return the styles that bring the letters of Tibetan, where one of the sheets has some.

    Where the files of maps are not built there are none: a sheet needs nothing else of them.
    """
    if not any(map(_TIBETAN.search, sheets)):
        return ""
    try:
        return _tibetan(assets.built_stamp())
    except assets.AssetsMissing:
        return ""


@cache
def _tibetan(_stamp: str) -> str:
    """Return the faces of the pages, each with its file in it."""
    style = (assets.STATIC / "styles" / "tibetan.css").read_text(encoding="utf-8")
    return _FILE.sub(_in_place, "\n".join(_FACE.findall(style)))


def _in_place(found: re.Match[str]) -> str:
    return f"url(data:font/woff2;base64,{b64encode((assets.VENDOR / found[1]).read_bytes()).decode('ascii')})"
