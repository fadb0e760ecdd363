"""Write a QGIS project that edits one draft, and the section of pg_service.conf that it reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from geoservice.errors import EditionNotEditable, GeoserviceError
from geoservice.services.lookups import get_edition, get_jurisdiction
from geoservice.writing.atomic_files import atomic_write
from geoservice.writing.qgis.catalogue import catalogue_layers
from geoservice.writing.qgis.layers import SERVICE, ProjectLayer
from geoservice.writing.qgis.project import project_xml
from layers.catalogue import styles
from layers.crs import Bbox
from layers.db.session import Database
from layers.grids.model import Edition
from layers.grids.queries import outline_of_edition


class ProjectExists(GeoserviceError):
    """There is a project of that name already."""

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

    edition: Edition
    project: Path
    service_file: Path


class QgisService:
    """The drafts of one database, as projects of QGIS."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, edition_id: int, folder: Path, *, address: DatabaseAddress, force: bool = False) -> WrittenProject:
        """Write the project of a draft, and where the database is, into a folder that is made when it is not there.

        Parameters
        ----------
        force
            Write over a project that is there.

        Raises
        ------
        EditionUnknown, EditionNotEditable
            There is none, or it is no draft.
        ProjectExists
            Nothing was changed.
        """
        with self._database.transaction() as connection:
            edition = get_edition(connection, edition_id)
            if edition.status != "draft":
                raise EditionNotEditable(edition=edition_id, status=edition.status)
            jurisdiction = get_jurisdiction(connection, edition.jurisdiction_code)
            view = Bbox(*outline_of_edition(connection, edition_id).bounds)
        folder.mkdir(parents=True, exist_ok=True)
        project = folder / f"draft-{edition_id}.qgs"
        service_file = folder / "pg_service.conf"
        title = f"{jurisdiction.name}: draft {edition_id}, {edition.title}"
        try:
            with atomic_write(project, overwrite=force) as unfinished:
                unfinished.write_bytes(project_xml(title, project_layers(edition_id, jurisdiction.id), view))
        except FileExistsError as exc:
            raise ProjectExists(file=str(project)) from exc
        with atomic_write(service_file, overwrite=True) as unfinished:
            unfinished.write_text(service_section(address), encoding="utf-8")
        return WrittenProject(edition, project, service_file)


def project_layers(edition_id: int, jurisdiction_id: int) -> tuple[ProjectLayer, ...]:
    """Return the layers of a draft's project, the uppermost first: the draft, then what is drawn last on the map.

    Each layer of the catalogue is there once, but for those about people.
    """
    draft = ProjectLayer(
        id=f"geoservice_draft_{edition_id}", title=f"Draft {edition_id} (edit this)", table="draft_grid",
        rows=f"edition_id = {edition_id}", fill="255,196,87,60", line="176,84,0,255", line_mm=0.6, label="code",
        editable=True, defaults=(("edition_id", str(edition_id)),), hidden=("id", "edition_id"),
    )  # fmt: skip
    looks = {layer.id: (layer, style) for layer, style in reversed(styles()) if not layer.personal}
    return (draft, *(one for look in looks.values() for one in catalogue_layers(*look, jurisdiction_id)))


def service_section(address: DatabaseAddress) -> str:
    """Return the section of pg_service.conf that the project reads; who signs in is left to be filled in."""
    return (
        f"# Where the project finds the database. Put this section into ~/.pg_service.conf, on Windows into\n"
        f"# %APPDATA%\\postgresql\\.pg_service.conf, and your login behind user=. Leave the password out: QGIS asks\n"
        f"# for it, or libpq takes it from ~/.pgpass (Windows: %APPDATA%\\postgresql\\pgpass.conf), a line\n"
        f"#   {address.host}:{address.port}:{address.name}:LOGIN:PASSWORD\n"
        f"[{SERVICE}]\nhost={address.host}\nport={address.port}\ndbname={address.name}\n# user=\n"
    )
