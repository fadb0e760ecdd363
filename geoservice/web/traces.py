"""What a request leaves behind: who acts in it, a line in the log, and an entry when somebody known is refused."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask, Response, g, request

from geoservice.auth.acting import act_as_before, act_as_identity, act_as_nobody
from geoservice.auth.model import Identity, Role
from geoservice.auth.permissions import Permission
from layers.errors import LayerError

log = structlog.get_logger()

#: Writes that somebody was refused, and what he asked for.
NoteRefusal = Callable[[Identity, dict[str, Any]], None]


def request_id() -> str:
    """Return this request's id, made when first asked for."""
    if "request_id" not in g:
        g.request_id = str(uuid.uuid4())
    return str(g.request_id)


def begin_acting() -> None:
    """Begin a request in which it is not known yet who acts."""
    g.acted_before = act_as_nobody()


def act_in_request(identity: Identity, needed: Permission) -> None:
    """Have transactions of this request say who acts; elsewhere than at home, too, where he is nobody known."""
    g.principal = identity
    act_as_identity(identity, needed, request_id())


def end_acting() -> None:
    """Forget it again."""
    before = g.pop("acted_before", None)
    if before is not None:
        act_as_before(before)


def leave_traces(app: Flask, note_refusal: NoteRefusal) -> None:
    """Log every request of an application, and have an entry written when somebody known is refused."""

    def leave(response: Response) -> Response:
        if response.status_code == 403:
            _note_refusal(note_refusal)
        _log(response)
        return response

    app.after_request(leave)


def _note_refusal(note_refusal: NoteRefusal) -> None:
    principal: Identity = g.get("principal")
    if principal is None or principal.role is Role.PUBLIC or request.url_rule is None:
        return
    # The rule, not the path: that holds whatever somebody typed.
    touched = {"method": request.method, "route": request.url_rule.rule, "problem": g.get("problem")}
    try:
        note_refusal(principal, touched)
    except LayerError:  # refused he is all the same
        log.exception("a refusal left no entry", request_id=request_id())


def _log(response: Response) -> None:
    """Write a line: nothing of who asked, and of what the rule alone; paths and queries hold codes and tokens."""
    rule, began = request.url_rule, g.get("began")
    tell = log.info if response.status_code < 400 else log.warning
    tell(
        "request", request_id=request_id(),
        method=request.method if rule else "any", route=rule.rule if rule else "none",
        status=response.status_code, problem=g.get("problem"),
        ms=None if began is None else round((time.perf_counter() - began) * 1000, 1),
    )  # fmt: skip
