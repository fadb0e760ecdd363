"""How addresses name what may hold a slash."""

from __future__ import annotations

from werkzeug.routing import PathConverter


class KeyConverter(PathConverter):
    """A feature's key: anything, slashes too, that does not begin with one and does not end as another address does."""

    regex = "[^/].*?(?<!/history)"
