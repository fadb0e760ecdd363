"""Write QGIS projects, of one draft or of a whole jurisdiction, and the section of pg_service.conf that they read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from geoservice.domain.languages import LANGUAGES, Language
from geoservice.errors import EditionNotEditable, GeoserviceError
from geoservice.services.lookups import get_edition, get_jurisdiction, whole_bbox
from geoservice.writing.atomic_files import atomic_write
from geoservice.writing.qgis.catalogue import catalogue_layers, drawing_order
from geoservice.writing.qgis.drafts import draft_grids
from geoservice.writing.qgis.fields import Home
from geoservice.writing.qgis.layers import SERVICE, ProjectLayer
from geoservice.writing.qgis.project import Project, project_xml
from geoservice.writing.qgis.tables import households, postings
from geoservice.writing.qgis.tree import group_names
from geoservice.writing.qgis.words import DRAFT_PROJECT
from layers.buildings.layer import BUILDINGS
from layers.catalogue import catalogue
from layers.crs import Bbox
from layers.db.relations import columns_of, limits_of, rights_of
from layers.db.session import Database
from layers.grids.draft_layer import draft_layer
from layers.grids.queries import outline_of_edition
from layers.jurisdictions.model import Jurisdiction
from layers.layer import Layer

#: As whom people's logins edit; projects are for them.
ROLE = "geoservice_analyst"


class ProjectExists(GeoserviceError):
    """There is a project of that name already."""

    advice = "replace-project"


class ServiceFileExists(GeoserviceError):
    """There is a pg_service.conf already which says something else, and would be lost."""

    advice = "replace-project"


@dataclass(frozen=True)
class DatabaseAddress:
    """Where QGIS finds the database."""

    host: str
    port: int
    name: str


@dataclass(frozen=True)
class WrittenProject:
    """What was written."""

    #: Its code.
    jurisdiction: str
    project: Path
    service_file: Path
    #: Layers of the catalogue by id, those of them that are edited, and those that a login may not read.
    layers: tuple[str, ...]
    edited: tuple[str, ...]
    left_out: tuple[str, ...]


class QgisService:
    """The drafts and jurisdictions of one database, as projects of QGIS."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write_draft(
        self, edition_id: int, folder: Path, *, address: DatabaseAddress, language: Language = LANGUAGES[0],
        force: bool = False,
    ) -> WrittenProject:  # fmt: skip
        """Write the project that edits a draft, and where the database is, into a folder that may be new.

        Parameters
        ----------
        force
            Write over a project that is there.

        Raises
        ------
        EditionUnknown, EditionNotEditable
            There is none, or it is no draft.
        ProjectExists, ServiceFileExists
            Nothing was changed.
        """
        with self._database.transaction() as connection:
            edition = get_edition(connection, edition_id)
            if edition.status != "draft":
                raise EditionNotEditable(edition=edition_id, status=edition.status)
            jurisdiction = get_jurisdiction(connection, edition.jurisdiction_code)
            shown = _homes(connection, editing=False)
            described = draft_layer(edition)
            draft = draft_grids(described, edition_id, _home(connection, "draft_grid", described), language)
            # One label a place: that of the draft.
            below = (replace(one, label=None) for one in _layers(connection, shown, jurisdiction, language))
            project = Project(
                title=DRAFT_PROJECT.text(language).format(
                    jurisdiction=_name(jurisdiction, language), id=edition_id, title=edition.title
                ),
                layers=(draft, *below), groups=group_names(language),
                view=Bbox(*outline_of_edition(connection, edition_id).bounds), language=language, topological=True,
            )  # fmt: skip
        return _write(project, folder, f"draft-{edition_id}", jurisdiction, shown, address=address, force=force)

    def write_jurisdiction(
        self, code: str, folder: Path, *, address: DatabaseAddress, language: Language = LANGUAGES[0],
        force: bool = False,
    ) -> WrittenProject:  # fmt: skip
        """Write the project of a whole jurisdiction, in which an analyst edits what he may.

        Raises
        ------
        JurisdictionUnknown
        ProjectExists, ServiceFileExists
            Nothing was changed.
        """
        with self._database.transaction() as connection:
            jurisdiction = get_jurisdiction(connection, code)
            shown = _homes(connection, editing=True)
            project = Project(
                title=_name(jurisdiction, language), layers=_layers(connection, shown, jurisdiction, language),
                groups=group_names(language), view=whole_bbox(connection, jurisdiction), language=language,
                epsg=jurisdiction.metric_srid,
            )  # fmt: skip
        return _write(project, folder, code, jurisdiction, shown, address=address, force=force)


def _name(jurisdiction: Jurisdiction, language: Language) -> str:
    return (jurisdiction.name_en if language == "en" else None) or jurisdiction.name


def _layers(
    connection: Connection, shown: Mapping[Layer, Home], jurisdiction: Jurisdiction, language: Language
) -> tuple[ProjectLayer, ...]:
    """Return the layers of the catalogue, what is drawn last on the map first, and the tables that belong to them."""
    drawn = sorted(shown, key=drawing_order, reverse=True)
    here = jurisdiction.id
    return (
        *(one for layer in drawn
          for one in catalogue_layers(layer, shown[layer], jurisdiction_id=here, language=language)),
        postings(_home(connection, "posting"), jurisdiction_id=here, time_zone=jurisdiction.time_zone,
                 language=language),
        households(_home(connection, BUILDINGS.relation), jurisdiction_id=here, language=language),
    )  # fmt: skip


def _homes(connection: Connection, *, editing: bool) -> dict[Layer, Home]:
    """Return every layer that a login may read, and where its rows are: the table itself of what it edits."""
    return dict(_readable(connection, editing=editing))


def _readable(connection: Connection, *, editing: bool) -> Iterator[tuple[Layer, Home]]:
    for layer in catalogue().values():
        if editing and layer.is_written and rights_of(connection, ROLE, _named(layer.table)).writes:
            yield layer, _home(connection, layer.table, layer)
        elif rights_of(connection, ROLE, _named(layer.relation)).reads:
            yield layer, _home(connection, layer.relation)


def _home(connection: Connection, relation: str, edited: Layer | None = None) -> Home:
    """Return where rows are; of a layer that is edited, with what is filled in and its limits."""
    columns = columns_of(connection, _named(relation))
    if edited is None:
        return Home(relation, columns)
    written = frozenset(column.name for column in edited.written)
    return Home(relation, columns, limits_of(connection, _named(relation)), written)


def _named(relation: str) -> str:
    return f'geoservice."{relation}"'


def _write(
    project: Project, folder: Path, name: str, jurisdiction: Jurisdiction, shown: Mapping[Layer, Home], *,
    address: DatabaseAddress, force: bool,
) -> WrittenProject:  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    file, service_file = folder / f"{name}.qgs", folder / "pg_service.conf"
    section = service_section(address, jurisdiction.time_zone).encode()
    if not force and service_file.exists() and service_file.read_bytes() != section:
        raise ServiceFileExists(file=str(service_file))
    try:
        with atomic_write(file, overwrite=force) as unfinished:
            unfinished.write_bytes(project_xml(project))
    except FileExistsError as exc:
        raise ProjectExists(file=str(file)) from exc
    with atomic_write(service_file, overwrite=True) as unfinished:
        unfinished.write_bytes(section)
    return WrittenProject(
        jurisdiction.code, file, service_file, layers=tuple(layer.id for layer in shown),
        edited=tuple(layer.id for layer, home in shown.items() if home.written),
        left_out=tuple(layer.id for layer in catalogue().values() if layer not in shown),
    )  # fmt: skip


def service_section(address: DatabaseAddress, time_zone: str) -> str:
    """Return the section of pg_service.conf that the project reads; who signs in is left to be filled in.

    Parameters
    ----------
    time_zone
        In which QGIS shows instants, and takes those that are filled in.
    """
    return (
        f"# Where the project finds the database. Put this section into ~/.pg_service.conf, on Windows into\n"
        f"# %APPDATA%\\postgresql\\.pg_service.conf, and your login behind user=. Leave the password out: QGIS asks\n"
        f"# for it, or libpq takes it from ~/.pgpass (Windows: %APPDATA%\\postgresql\\pgpass.conf), a line\n"
        f"#   {address.host}:{address.port}:{address.name}:LOGIN:PASSWORD\n"
        f"[{SERVICE}]\nhost={address.host}\nport={address.port}\ndbname={address.name}\n"
        f"options=-c timezone={time_zone}\n# user=\n"
    )
