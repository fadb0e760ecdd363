"""Layers and their changes: how much there is, who changed what, field by field, and undoing a change as one step."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from geoservice.auth.permissions import Permission, homes_with, permitted
from geoservice.errors import LayerUnknown
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.differences import fields_in_words, title_of
from geoservice.pages.admin.forms import sent
from geoservice.pages.admin.model import Action, Cell, Form, Refused, Table
from geoservice.pages.admin.rendering import form_page, table_page, thing_page
from geoservice.pages.shell.choice import led_on
from geoservice.services.administration.service import Administration
from geoservice.services.layers.errors import LayerNotWritten
from geoservice.services.layers.features import FeatureService
from geoservice.services.layers.staging import written_layer
from geoservice.web.forms import FORM_TYPE
from geoservice.web.guard import Guard
from geoservice.web.parsing import QueryInteger, StrictModel
from geoservice.web.sessions import token_in_form
from geoservice.web.streaming import streams
from geoservice.web.validation import validated
from layers.changes.model import Change, ChangeCount, FeatureKey
from layers.errors import RefusedByDatabase

#: In words of the columns.
COLUMNS = ("change", "at", "by", "door", "change_kind", "note", "counts", "undone")
_CHANGES, _FEATURES, _NAMED = 50, 100, 6
_NUMBER_LENGTH = 18
_OFFSET_MOST = 10**9


class ChangeQuery(StrictModel):
    """Which features of a change are shown."""

    layer: str | None = None
    offset: QueryInteger = 0


def add_layers(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    """Add the area."""
    features = administration.features

    @blueprint.get("/admin/<jurisdiction>/layers")
    @guard("undo_changes")
    def layers(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "layers")
        before = _number(request.args.get("before", "")) or None
        found = features.changes(jurisdiction, before=before, limit=_CHANGES + 1)
        shown = found[:_CHANGES]
        older = Action("older", here.url("layers", before=str(shown[-1].id))) if len(found) > len(shown) else None
        tables = [_layers_table(here, administration), _changes_table(here, shown)]
        return table_page(here, tables, ways=[Action("import.new", here.url("imports"))], more=older)

    @blueprint.get("/admin/<jurisdiction>/changes/<id>")
    @guard("undo_changes")
    def change(jurisdiction: str, id: str) -> Response:
        here = Here.of(administration, jurisdiction, "layers")
        return _change_page(here, features, _found(here, features, id))

    @blueprint.get("/admin/<jurisdiction>/changes/<id>/undo")
    @guard("undo_changes")
    def ask_undo(jurisdiction: str, id: str) -> Response:
        here = Here.of(administration, jurisdiction, "layers")
        return form_page(here, _undo_form(here, features, _found(here, features, id)))

    @blueprint.post("/admin/<jurisdiction>/changes/<id>/undo")
    @guard("undo_changes")
    @token_in_form
    @streams(FORM_TYPE)
    def undo(jurisdiction: str, id: str) -> Response:
        here = Here.of(administration, jurisdiction, "layers")
        found = _found(here, features, id)
        return sent(here, _undo_form(here, features, found), lambda values: _undone(here, features, found))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _NUMBER_LENGTH else 0


def _found(here: Here, features: FeatureService, id: str) -> Change:
    """Return a change that touched something here; it is not there where it did not. Raise ChangeUnknown."""
    found = features.change(_number(id))
    if not _counts(here, found):
        abort(404)
    return found


def _counts(here: Here, change: Change) -> list[ChangeCount]:
    return [one for one in change.counts if one.jurisdiction == here.place.code]


# --- Lists ------------------------------------------------------------------------------------------------------------


def _layers_table(here: Here, administration: Administration) -> Table:
    said, rows = here.words, []
    for one in administration.layers.layers(here.place.code, here.identity):
        last = Cell("—") if one.last is None else Cell(
            said["made"].format(at=here.when(one.last.at, ""), by=one.last.actor), _change_url(here, one.last)
        )  # fmt: skip
        rows.append([Cell(title_of(here, one.layer.id)), Cell(one.layer.id), Cell(f"{one.features:,}"), last])
    columns = [said[f"column.{name}"] for name in ("layer", "code", "features", "last_change")]
    return Table(said["table.layers"], columns, rows, said["empty.layers"])


def _change_url(here: Here, one: Change) -> str:
    return here.url("changes", str(one.id))


def _changes_table(here: Here, changes: Sequence[Change]) -> Table:
    rows = [
        [Cell(str(one.id), _change_url(here, one)), *(_facts(here, one)[name] for name in COLUMNS[1:])]
        for one in changes
    ]  # fmt: skip
    columns = [here.words[f"column.{name}"] for name in COLUMNS]
    return Table(here.words["table.changes"], columns, rows, here.words["empty.changes"])


def _facts(here: Here, one: Change) -> dict[str, Cell]:
    said = here.words
    counts = "; ".join(
        said["change.counts"].format(
            layer=title_of(here, each.layer), added=f"{each.added:,}", changed=f"{each.changed:,}",
            removed=f"{each.removed:,}",
        ) for each in _counts(here, one)
    )  # fmt: skip
    if one.undone_by is not None:
        undone = Cell(said["change.undone_by"].format(id=one.undone_by), state="soon")
    else:
        undone = Cell(said["change.undoes"].format(id=one.undoes) if one.undoes else said["change.stands"])
    return {
        "at": Cell(here.when(one.at, "")), "by": Cell(one.actor or "—"),
        "door": Cell(said.get(f"door.{one.door}", one.door)),
        "change_kind": Cell(said.get(f"change.{one.kind}", one.kind)), "note": Cell(one.note or "—"),
        "counts": Cell(counts), "undone": undone,
    }  # fmt: skip


# --- One change -------------------------------------------------------------------------------------------------------


def _change_page(here: Here, features: FeatureService, one: Change) -> Response:
    asked = validated(ChangeQuery, {name: request.args[name] for name in ("layer", "offset") if name in request.args})
    counts = [each for each in _counts(here, one) if asked.layer in (None, each.layer)]
    offset = min(max(asked.offset, 0), _OFFSET_MOST)
    tables, more = list[Table](), None
    for each in counts:
        table, last, total = _touched(here, features, one, each, offset)
        tables.append(table)
        if more is None and last < total:  # of one layer at a time
            following = here.url("changes", str(one.id), layer=each.layer, offset=str(last))
            more = Action("touched.more", following)
    ways = [] if one.undone_by is not None else [Action("undo.change", here.url("changes", str(one.id), "undo"))]
    return thing_page(
        here, here.words["change.title"].format(id=one.id), _facts(here, one), ways=ways, tables=tables, more=more
    )


def _touched(
    here: Here, features: FeatureService, one: Change, count: ChangeCount, offset: int
) -> tuple[Table, int, int]:
    """Return what a change did to features of a layer from one on, up to which that is, and of how many."""
    said, title = here.words, title_of(here, count.layer)
    try:
        hidden = _is_hidden(here, count.layer)
    except (LayerUnknown, LayerNotWritten):
        return Table(said["touched.dropped"].format(layer=title), [], [], said["empty.touched"]), 0, 0
    if hidden:
        caption = said["touched.hidden"].format(layer=title)
        return Table(caption, [], [], said["touched.hidden"].format(layer=title)), 0, 0
    which = (here.place.code, count.layer, one.id)
    counted = features.touched(*which, identity=here.identity)
    found = features.touched_features(*which, limit=_FEATURES, offset=offset, identity=here.identity)
    total, last = counted.added + counted.changed + counted.removed, offset + len(found)
    caption = said["touched.shown"].format(
        layer=title, first=f"{offset + 1:,}", last=f"{last:,}", total=f"{total:,}", added=f"{counted.added:,}",
        changed=f"{counted.changed:,}", removed=f"{counted.removed:,}",
    ) if found else said["touched.none"].format(layer=title)  # fmt: skip
    columns = [said[f"column.{name}"] for name in ("feature", "did", "fields")]
    rows = [
        [Cell(each.change.key), Cell(said[f"what.{each.what}"]), Cell(fields_in_words(here, each.change))]
        for each in found
    ]
    return Table(caption, columns, rows, said["empty.touched"]), last, total


def _is_hidden(here: Here, layer_id: str) -> bool:
    """Return whether single features of a layer are not for who asks. Raise LayerUnknown, LayerNotWritten."""
    return written_layer(layer_id).personal and not permitted(here.identity, Permission.READ_HOUSEHOLDS)


# --- Undoing ----------------------------------------------------------------------------------------------------------


def _undo_form(here: Here, features: FeatureService, one: Change) -> Form:
    said = here.words
    return Form(
        said["undo.title"].format(id=one.id), here.url("changes", str(one.id), "undo"), said["undo.change"],
        here.url("changes", str(one.id)), costs=_undo_costs(here, features.changed_since(one.id), one),
        stored={"undone_by": str(one.undone_by)},
    )  # fmt: skip


def _undo_costs(here: Here, since: Sequence[FeatureKey], one: Change) -> list[str]:
    """Return what undoing costs, or why it can not be done; of other jurisdictions to who works everywhere alone."""
    said, own = here.words, _counts(here, one)
    if None in homes_with(here.identity, Permission.UNDO_CHANGES):
        own = sorted(one.counts, key=lambda each: each.jurisdiction != here.place.code)
    elif any(each.jurisdiction != here.place.code for each in since):
        return [said["costs.undo_elsewhere"]]
    if since:
        return [_changed_since(here, since)]
    return [*(_undone_of(here, each) for each in own), said["costs.undo_whole"]]


def _undone_of(here: Here, count: ChangeCount) -> str:
    told = here.words["costs.undo"].format(
        layer=title_of(here, count.layer), added=f"{count.added:,}", changed=f"{count.changed:,}",
        removed=f"{count.removed:,}",
    )  # fmt: skip
    return told if count.jurisdiction == here.place.code else f"{count.jurisdiction} · {told}"


def _changed_since(here: Here, since: Sequence[FeatureKey]) -> str:
    """Return which features others changed since: those by their key that may be named."""
    keys = [one.key for one in since if not _is_hidden(here, one.layer)]
    named = ", ".join(keys[:_NAMED])
    if not named:
        return here.words["costs.undo_since_counted"].format(n=f"{len(since):,}")
    more = f" … {min(len(keys), _NAMED):,} / {len(since):,}" if len(since) > min(len(keys), _NAMED) else ""
    return here.words["costs.undo_since"].format(n=f"{len(since):,}", keys=named + more)


def _undone(here: Here, features: FeatureService, one: Change) -> Response:
    try:
        made = features.undo(one.id, actor=here.identity.actor, door="api")
    except RefusedByDatabase:
        raise Refused(**{"": "error.undo"}) from None
    return led_on(here.url("changes", str(made.id), done="undone"))
