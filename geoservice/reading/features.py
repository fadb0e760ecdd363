"""Features of a layer from any file: read as a table, its columns mapped, its cells made values, its places fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from geoservice.domain.importing.bearings import TABLE, may_be_numbered
from geoservice.domain.importing.choices import Choices, unknown_in
from geoservice.domain.importing.header import known_by
from geoservice.domain.importing.households import OLDER_BANDS, not_residents, not_their_sum, running_names, without
from geoservice.domain.importing.ledgers import Importable
from geoservice.domain.importing.mapping import MappingWrong, Proposal, propose
from geoservice.domain.importing.model import ReadFeatures, RefusedRow
from geoservice.domain.importing.values import CODE_LENGTH, NotAValue, is_empty, key_of, typed
from geoservice.domain.importing.words import FROM_60, KEY, dictionary, own_words
from geoservice.reading.csv_rows import read_csv
from geoservice.reading.file_errors import (
    ChoicesUnknown,
    ColumnsNotClear,
    ColumnsUnknown,
    FileMissing,
    KeyAbsent,
    NumbersNotSure,
    OldestNotTold,
)
from geoservice.reading.file_tables import FileTable, text_of
from geoservice.reading.fitting import Fitted
from geoservice.reading.limits import Limits
from geoservice.reading.map_tables import read_map
from geoservice.reading.places import outside, placed
from geoservice.reading.sheet_tables import table_of
from geoservice.reading.staging import TABLES, TEXTS, is_file
from geoservice.reading.unknown_words import repeatable, told_of_words
from geoservice.reading.workbook_tables import read_workbook
from layers.layer import Layer


def read_features(
    path: str, layer: Layer, choices: Choices = Choices(), limits: Limits = Limits()  # noqa: B008  frozen
) -> ReadFeatures:  # fmt: skip
    """Return the features of a file.

    Parameters
    ----------
    path
        Of a GeoJSON, GeoPackage, shapefile (.shp or .zip), FlatGeobuf, GeoParquet, CSV, .xlsx, .xls or .ods file.
    layer
        That the features are of.
    choices
        What whoever imports says of the file.

    Returns
    -------
    ReadFeatures
        EPSG:4326; every row of the file is a feature, or refused with a reason, or told of in the remarks.

    Raises
    ------
    GeoserviceError
        A FileRefused, or what is wrong with the text of a CSV: the file as a whole says too little, or can not be read.
    UnknownCrs
        The CRS that is declared is none.
    """
    table = read_table(path, layer, choices, limits)
    return features_of(table, proposal_of(table, layer, choices), layer, choices)


def read_table(path: str, layer: Importable, choices: Choices, limits: Limits) -> FileTable:
    """Return a file as a table; raise as `read_features` does."""
    source = Path(path)
    if not is_file(source):
        raise FileMissing(file=path[:200])
    suffix = source.suffix.lower()
    if suffix not in TABLES:
        return read_map(path, choices, limits)
    own, words = own_words(layer), dictionary(layer, placed=False)
    knows = known_by(frozenset().union(*own.values(), *words.values()))
    if suffix in TEXTS:
        csv = read_csv(source, encoding=choices.encoding, limits=limits)
        return table_of([csv], knows, most=limits.features)
    sheets, remarks = read_workbook(source, sheet=choices.sheet, limits=limits)
    return table_of(sheets, knows, remarks, most=limits.features)


def proposal_of(table: FileTable, layer: Importable, choices: Choices) -> Proposal:
    """Return what every column of a table would become; raise ColumnsUnknown."""
    try:
        return propose(
            table.judged(), layer, placed=table.wkb is not None, given=choices.mapping, no_persons=choices.no_persons,
            is_whole=choices.is_whole,
        )  # fmt: skip
    except MappingWrong as exc:
        what = "fields" if exc.are_fields else "columns"
        raise ColumnsUnknown(**{what: ", ".join(exc.names), "there are": ", ".join(exc.known)}) from exc


def features_of(table: FileTable, proposal: Proposal, layer: Layer, choices: Choices) -> ReadFeatures:
    """Return the features of a table whose columns are mapped; raise as `read_features` does."""
    require_known(layer, choices)
    require_clear(proposal)
    fields = proposal.fields
    reading = _Reading(table, fields, layer, choices)
    if KEY not in fields and layer.id != "households":
        raise KeyAbsent(could_be=", ".join(proposal.keys) or None, columns=", ".join(table.headers))
    reading.read_columns()
    reading.read_places()
    reading.read_keys()
    return reading.features(told_of_columns(proposal))


def require_known(table: Importable, choices: Choices) -> None:
    """Raise ChoicesUnknown when something is said that nobody would hear."""
    unknown = list(unknown_in(choices, table))
    if unknown:
        raise ChoicesUnknown(what="; ".join(unknown))


def require_clear(proposal: Proposal) -> None:
    """Raise ColumnsNotClear when something has to be decided first."""
    if proposal.questions:
        told = "; ".join(f"{' or '.join(one.fields)}: {' or '.join(one.headers)}" for one in proposal.questions)
        raise ColumnsNotClear(columns=told)


def told_of_columns(proposal: Proposal) -> list[str]:
    """Return sentences on what became of each column."""
    taken = ", ".join(f"{column.field} from {column.header}" for column in proposal.columns if column.field)
    told = [f"Columns: {taken}."] if taken else []
    dropped = [column.header for column in proposal.columns if column.how == "dropped"]
    if dropped:
        told.append(f"Columns left out: {', '.join(dropped)}.")
    told += [f"Column {column.header} refused: {column.why}." for column in proposal.columns if column.how == "refused"]
    return told


@dataclass
class _Reading:
    """Features of a table on their way."""

    table: FileTable
    fields: Mapping[str, str]
    layer: Layer
    choices: Choices
    values: dict[str, list[object]] = field(default_factory=dict)
    #: Reasons by place in the table.
    reasons: dict[int, list[str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    #: By column with words that mean none of its codes: those that may be repeated.
    unknown: dict[str, tuple[str, ...]] = field(default_factory=dict)
    keys: list[str | None] = field(default_factory=list)
    fitted: Fitted | None = None
    buildings: list[str | None] | None = None

    def read_columns(self) -> None:
        """Make values of the cells of every column of the layer."""
        for column in self.layer.written:
            if column.name not in self.fields or column.name == KEY:
                continue
            cells = list(self.table.column(self.fields[column.name]))
            self._require_no_numbers_of_a_list(column.name, cells)
            done = typed(cells, column, self.layer, self.choices)
            self.values[column.name] = done.values
            self._refuse(done.refused)
            self.remarks += told_of_words(column.name, done.unknown)
            if done.unknown:
                self.unknown[column.name] = tuple(repeatable(done.unknown))
        self._split_from_60()
        if self.layer.id == "households":
            self._refuse(not_residents(self.values))

    def _require_no_numbers_of_a_list(self, name: str, cells: Sequence[object]) -> None:
        if self.choices.gbt28181 is not None or self.layer.id != "cameras" or name not in ("bearing_deg", "kind"):
            return
        if may_be_numbered(text_of(cell) for cell in cells if not is_empty(cell)):
            table = TABLE if name == "bearing_deg" else "1 dome, 2 half dome, 3 fixed, 4 turned from afar"
            raise NumbersNotSure(column=self.fields[name], they_would_be=table)

    def _split_from_60(self) -> None:
        """Make one band of those from 60 on and the other band; who is not told apart is asked for, never dropped."""
        if FROM_60 not in self.fields:
            return
        header = self.fields[FROM_60]
        told = [name for name in OLDER_BANDS if name in self.values]
        if not told:
            raise OldestNotTold(column=header)
        column = next(column for column in self.layer.written if column.name in OLDER_BANDS)
        done = typed(list(self.table.column(header)), column, self.layer, self.choices)
        self._refuse(done.refused)
        if len(told) == len(OLDER_BANDS):
            self._refuse(not_their_sum(done.values, *(self.values[name] for name in OLDER_BANDS)))
            return
        [absent] = set(OLDER_BANDS) - set(told)
        self.values[absent], reasons = without(done.values, self.values[told[0]], named=told[0])
        self._refuse(reasons)
        self.remarks.append(f"{absent} is {header} without those of {self.fields[told[0]]}.")

    def read_places(self) -> None:
        """Find out where the features are: at a place, or, where the file has none, in a building."""
        self.fitted = placed(self.table, self.fields, self.layer, self.choices)
        named = next((name for name in ("building", "building_code") if name in self.fields), None)
        if named is not None:
            self.buildings = self._building_codes(self.table.column(self.fields[named]))
        if self.fitted is None:
            if self.buildings is not None:
                self._refuse({place: "it names no building" for place, one in enumerate(self.buildings) if one is None})
            else:
                self.remarks.append("The file does not say where its features are.")
            return
        self._refuse(self.fitted.refused)
        self.remarks[:0] = self.fitted.remarks
        away = outside(self.fitted.geoms, self.table.rows, self.choices)
        if away is not None:
            self.remarks.append(
                f"{away[0]} of {len(self.fitted.geoms)} features lie outside of the jurisdiction, one in row {away[1]}."
            )
        for place, geom in enumerate(self.fitted.geoms):
            if (
                geom is None
                and place not in self.fitted.refused
                and (self.buildings is None or self.buildings[place] is None)
            ):
                self._refuse({place: "it has no place"})

    def _building_codes(self, cells: Sequence[object]) -> list[str | None]:
        codes: list[str | None] = []
        for place, cell in enumerate(cells):
            try:
                codes.append(None if is_empty(cell) else key_of(cell))
            except NotAValue as exc:
                codes.append(None)
                self.reasons.setdefault(place, [f"building {exc}"])
        return codes

    def read_keys(self) -> None:
        """Name the features; of two with one name the second is refused."""
        keys = self._keys_told() if KEY in self.fields else self._running_names()
        rows: dict[str, int] = {}
        for place, key in enumerate(keys):
            if key is not None and key in rows:
                self._refuse({place: f"its code stands in row {rows[key]} already"})
            elif key is not None:
                rows[key] = self.table.rows[place]
        self.keys = keys

    def _keys_told(self) -> list[str | None]:
        keys: list[str | None] = []
        for place, cell in enumerate(self.table.column(self.fields[KEY])):
            try:
                keys.append(None if is_empty(cell) else key_of(cell))
                if keys[-1] is None:
                    self._refuse({place: f"{KEY} is empty"})
            except NotAValue as exc:
                keys.append(None)
                self._refuse({place: f"{KEY} {exc}"})
        return keys

    def _running_names(self) -> list[str | None]:
        count = len(self.table.rows)
        buildings = self.buildings or [None] * count
        self._refuse({place: "it names no building, and has no code of its own"
                      for place, building in enumerate(buildings) if building is None})  # fmt: skip
        names = running_names(buildings, self.values, [place for place in range(count) if place not in self.reasons])
        self._refuse({place: f"its name has more than {CODE_LENGTH} characters"
                      for place, name in names.items() if len(name) > CODE_LENGTH})  # fmt: skip
        self.remarks.append("Households are named by their building, unit and a running number.")
        return [names.get(place) for place in range(count)]

    def _refuse(self, reasons: Mapping[int, str]) -> None:
        for place, reason in reasons.items():
            self.reasons.setdefault(place, []).append(reason)

    def features(self, on_columns: Sequence[str]) -> ReadFeatures:
        """Return those that are not refused."""
        kept = [place for place in range(len(self.table.rows)) if place not in self.reasons]
        refused = tuple(RefusedRow(self.table.rows[place], self._reason(place)) for place in sorted(self.reasons))
        geoms = self.fitted.geoms[kept] if self.fitted is not None else None
        buildings = None if self.buildings is None else [self.buildings[place] for place in kept]
        if buildings is not None and geoms is not None and self.layer.assignment != "building":
            buildings = [None if geom is not None else one for one, geom in zip(buildings, geoms, strict=True)]
        remarks = [*self.table.remarks, *on_columns, *self.remarks]
        if refused:
            remarks.append(f"{len(refused)} of {len(self.table.rows)} rows were refused.")
        return ReadFeatures(
            keys=[key for place in kept if (key := self.keys[place]) is not None],
            values={name: [values[place] for place in kept] for name, values in self.values.items()},
            geoms=geoms,
            buildings=buildings,
            rows=[self.table.rows[place] for place in kept],
            refused=refused,
            remarks=tuple(remarks),
            unknown=self.unknown,
        )

    def _reason(self, place: int) -> str:
        of = "" if self.table.sheets is None else f"sheet {self.table.sheets[place]}: "
        return of + "; ".join(dict.fromkeys(self.reasons[place]))
