"""Who acts at the command line."""

from __future__ import annotations

import getpass
import os
import uuid

import click

from layers.db.acting import Acting, act_as, act_as_before

#: Of whoever may run commands where the service runs.
OPERATOR = "operator"


def actor() -> str:
    """Return who acts, for the histories."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container may run as a number without a name
        return f"cli:{os.getuid()}"


def act_as_operator(ctx: click.Context) -> None:
    """Have what a command does be entered as done by whoever runs it."""
    command = (ctx.invoked_subcommand or "").replace("-", "_")
    before = act_as(Acting(actor(), OPERATOR, command, str(uuid.uuid4())))
    ctx.call_on_close(lambda: act_as_before(before))
