"""What writing a file would change, before it is: how much, field by field, and which rows are refused and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.differences import field_title, title_of, titled_fields
from geoservice.pages.admin.model import Action, Cell, Field, Form, Table
from geoservice.pages.words.import_sentences import reason_in, remark_in
from geoservice.services.layers.errors import RemovalNotConfirmed
from geoservice.services.layers.upload_store import Upload
from geoservice.services.layers.uploads import Compared
from layers.changes.model import Difference

#: Of each reason so many rows are named, and so many keys of each kind; so many reasons.
_ROWS, _KEYS, _REASONS = 8, 30, 50


def difference_form(here: Here, upload: Upload, compared: Compared) -> Form:
    """Return the form that writes it."""
    said, difference = here.words, compared.difference
    fields = []
    if difference.missing:
        label = said["field.removed"].format(missing=f"{difference.missing:,}")
        hint = said["error.missing_not_known"] if difference.refused else ""
        fields.append(Field("removed", "check", label=label, hint=hint))
    state = "unwritten"
    if difference.is_empty:
        state = "as_stored" if difference.missing else "nothing"
    return Form(
        said["difference.title"].format(file=upload.name, layer=title_of(here, upload.layer)),
        here.url("imports", upload.id, "difference"), said["difference.write"],
        here.url("imports", upload.id), fields,
        costs=[said[f"difference.{state}"]],
        shown=f"{difference.tokens['keep']}/{difference.tokens['delete']}",
        ways=[Action("import.discard", here.url("imports", upload.id, "discard"), at_once=True)],
    )  # fmt: skip


def removal_costs(here: Here, exc: RemovalNotConfirmed) -> list[str]:
    """Return what it costs to remove more than a tenth of a layer."""
    numbers = {name: f"{exc.fields[name]:,}" for name in ("missing", "stored")}
    return [here.words["costs.removal"].format(**numbers)]


def difference_tables(here: Here, upload: Upload, compared: Compared) -> list[Table]:
    """Return what would change, and what was taken for what."""
    tables = [_in_short(here, upload.layer, compared.difference)]
    tables += [*_changed(here, upload.layer, compared.difference), *_refused(here, compared.difference)]
    return [*tables, remarks_table(here, compared.read.features.remarks)]


def remarks_table(here: Here, remarks: Iterable[str]) -> Table:
    """Return what reading a file took for what, and left out."""
    rows = [[Cell(remark_in(here.language, one))] for one in remarks]
    return Table(here.words["table.remarks"], [here.words["column.remark"]], rows, "—")


def _in_short(here: Here, layer_id: str, difference: Difference) -> Table:
    said = here.words
    changed = ", ".join(
        said["difference.field"].format(field=field_title(here, layer_id, name), n=f"{n:,}")
        for name, n in difference.fields.items()
    )  # fmt: skip
    kinds = (
        ("added", difference.added, _keys(difference.first_added, difference.added)),
        ("changed", difference.changed, changed or "—"),
        ("missing", difference.missing, _keys(difference.first_missing, difference.missing)),
        ("same", difference.same, "—"),
        ("refused", len(difference.refused), "—"),
        ("stored", difference.stored, "—"),
    )
    rows = [[Cell(said[f"difference.{kind}"]), Cell(f"{count:,}"), Cell(which)] for kind, count, which in kinds]
    columns = [said[f"column.{name}"] for name in ("kind_of_difference", "how_many", "which")]
    return Table(said["table.in_short"], columns, rows, "—")


def _keys(first: Sequence[str], count: int) -> str:
    shown = first[:_KEYS]
    more = f" … {len(shown):,} / {count:,}" if len(shown) < count else ""
    return ", ".join(shown) + more if shown else "—"


def _changed(here: Here, layer_id: str, difference: Difference) -> Iterator[Table]:
    shown = difference.first_changed
    if not shown:
        return
    caption = here.words["table.changed"].format(shown=f"{len(shown):,}", total=f"{difference.changed:,}")
    columns = [here.words[f"column.{name}"] for name in ("feature", "fields")]
    rows = [[Cell(one.key), Cell(titled_fields(here, layer_id, one))] for one in shown]
    yield Table(caption, columns, rows, "—")


def _refused(here: Here, difference: Difference) -> Iterator[Table]:
    """Yield why rows are refused, each reason once, what most have first."""
    if not difference.refused:
        return
    rows: dict[str, list[int]] = {}
    for row, reason in difference.refused:
        rows.setdefault(reason_in(here.language, reason), []).append(row)
    most = sorted(rows.items(), key=lambda one: -len(one[1]))
    said = [
        [Cell(f"{len(of):,}"), Cell(reason), Cell(_keys([f"{row:,}" for row in of[:_ROWS]], len(of)))]
        for reason, of in most[:_REASONS]
    ]
    caption = here.words["table.refused"].format(
        rows=f"{len(difference.refused):,}", shown=f"{len(said):,}", reasons=f"{len(most):,}"
    )
    columns = [here.words[f"column.{name}"] for name in ("how_many", "reason", "rows")]
    yield Table(caption, columns, said, "—")
