"""How the pages of administrators are written: tables, one thing with its facts, forms, a secret told once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request

from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.model import Action, Cell, Form, Sentence, Table
from geoservice.pages.shell.frame import page

#: Of what is told beside the form, or in its place, by the key of the sentence; else 422.
_STATUS = {
    "error.import_moved": 412,
    "error.upload_large": 413,
    "error.upload_gone": 404,
    "error.upload_busy": 503,
    "error.upload_not_kept": 503,
}


def table_page(
    here: Here, tables: Sequence[Table], *, ways: Sequence[Action] = (), remark: Cell | None = None,
    undo: Action | None = None, more: Action | None = None,
) -> Response:  # fmt: skip
    """Return the page of an area.

    Parameters
    ----------
    remark
        What should be known first.
    undo
        What takes back what was just done.
    more
        Where the last table goes on.
    """
    return _page(
        here, "table", here.words[f"area.{here.area}"], tables=tables, ways=ways, remark=remark, done=_done(here),
        undo=undo, more=more,
    )  # fmt: skip


def thing_page(
    here: Here, title: str, facts: Mapping[str, Cell], *, ways: Sequence[Action], undo: Action | None = None,
    tables: Sequence[Table] = (), more: Action | None = None,
) -> Response:  # fmt: skip
    """Return the page of one thing: its facts, and what can be done with it.

    Parameters
    ----------
    facts
        By the key of their word.
    undo
        What takes back what was just done.
    more
        Where its table goes on.
    """
    return _page(here, "thing", title, facts=facts, ways=ways, undo=undo, tables=tables, more=more, done=_done(here))


def form_page(here: Here, form: Form, *, tables: Sequence[Table] = ()) -> Response:
    """Return a form on its own page, below what it is about; one that was not taken with what is wrong."""
    known = _STATUS | {form.changed: 412}
    status = next((known[one] for one in form.errors.values() if one in known), 422 if form.errors else 200)
    return _page(
        here, "form", form.title, status=status, form=form, named=named_errors(here, form), labels=labels(here, form),
        tables=tables,
    )  # fmt: skip


def labels(here: Here, form: Form) -> dict[str, str]:
    """Return what each field of a form is called."""
    return {one.name: one.label or here.words[f"field.{one.name}"] for one in form.fields}


def secret_page(here: Here, title: str, secret: str, sentences: Sequence[str], back: str) -> Response:
    """Return the page that shows a secret this once; nobody stores it on the way, and no address has it."""
    return _page(here, "secret", title, secret=secret, sentences=sentences, back=back)


def named_errors(here: Here, form: Form) -> dict[str, str]:
    """Return the sentences of what is wrong with a form, by the field."""
    return {name: key if isinstance(key, Sentence) else here.words[key] for name, key in form.errors.items()}


def _done(here: Here) -> str:
    """Return what was done before this page, as its address says it in a word that is known."""
    return here.words.get(f"done.{request.args.get('done', '')}", "")


def _page(here: Here, template: str, title: str, *, status: int = 200, **values: Any) -> Response:
    return page(
        f"admin/templates/{template}.html", "admin", title=title, place=here.place, status=status, areas=here.leads,
        area_name=here.area, area_url=here.url(here.area), **values,
    )  # fmt: skip
