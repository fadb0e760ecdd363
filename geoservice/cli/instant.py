"""An instant on the command line."""

from __future__ import annotations

from datetime import datetime

import click


class Instant(click.ParamType):
    """An instant with its zone, RFC 3339."""

    name = "instant"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the instant; fail when the text is none or has no zone."""
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value} is not an instant such as 2026-03-01T00:00:00+08:00.", param, ctx)
        if instant.tzinfo is None:
            self.fail(f"{value} has no zone; add one, as in {value}+08:00.", param, ctx)
        return instant
