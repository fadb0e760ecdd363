"""The demo community and a town behind one door, and keys that hold grants in both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from geoservice.auth.model import Identity, Role
from geoservice.services.grants import GrantService
from geoservice.services.incidents import NewReport
from layers.crs import declared_position
from layers.incidents.model import Incident
from tests.conftest import DatabaseMaker
from tests.factories import insert, make_town
from tests.geoservice.web.attacks import Answer, ask
from tests.geoservice.web.door import Door, open_door

#: Who is an officer, by jurisdiction.
OFFICERS = {"sare": "G03", "town": "G1"}


@dataclass(frozen=True)
class Towns:
    """The demo community and a town, behind a door."""

    door: Door
    url: str
    #: Longitude and latitude within the grid of the town's officer.
    place: tuple[float, float]

    def key(self, *grants: tuple[Role, str | None], label: str = "several") -> str:
        """Return a key with grants: a role, and where (None: everywhere)."""
        (role, place), *more = grants
        keys = self.door.services.keys
        text = keys.create(role, label, jurisdiction=place, staff=_holder(role, place))
        for role, place in more:
            self.give(text, role, place)
        return text

    def give(self, text: str, role: Role, place: str | None, **more: Any) -> int:
        return GrantService(self.door.services.database).give(
            "key_id", text.split("_")[1], role, by="test", jurisdiction=place,
            **{"staff": _holder(role, place)} | more,
        )  # fmt: skip

    def ask(self, key: str, path: str, method: str = "GET", **more: Any) -> Answer:
        return ask(self.door.client, path, method=method, headers={"Authorization": f"Bearer {key}"}, **more)

    def json(self, key: str, path: str, **more: Any) -> Any:
        answer = self.ask(key, path, **more)
        assert answer.status in (200, 201), answer.response.text
        return answer.response.json

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.url) as connection:
            found = connection.execute(statement.encode(), values)
            return found.fetchall() if found.description else []

    def report(self, place: str) -> Incident:
        lon, lat = (91.77, 29.24) if place == "sare" else self.place
        service = "cable" if place == "sare" else "light"
        report = NewReport(service, declared_position(lon, lat), "patrol", "words", jurisdiction_code=place)
        return self.door.services.incidents.report(report, identity=Identity(Role.DISPATCHER))[0]


def _holder(role: Role, place: str | None) -> tuple[str, str] | None:
    return None if role is not Role.OFFICER or place is None else (place, OFFICERS[place])


@contextmanager
def open_towns(cluster_url: str, community_template: str) -> Iterator[Towns]:
    """Yield both behind a door; each shows visitors its grids."""
    maker = DatabaseMaker(cluster_url)
    url = maker.clone(community_template)
    with psycopg.connect(url) as connection:
        town = make_town(connection).jurisdiction_id
        insert(connection, "staff", {"jurisdiction_id": town, "code": "G1", "call_sign": "G1", "role": "grid_officer"})
        place = connection.execute(
            "SELECT st_x(p.at), st_y(p.at), t.code FROM geoservice.territory AS t,"
            " LATERAL (SELECT st_pointonsurface(t.geom) AS at) AS p WHERE t.jurisdiction_id = %s LIMIT 1", [town]
        ).fetchone()  # fmt: skip
        assert place is not None
        posting = {"staff_code": "G1", "grid_code": place[2], "role": "grid_officer", "valid_from": "2020-01-01"}
        insert(connection, "posting", {"jurisdiction_id": town} | posting)
        connection.execute("UPDATE geoservice.jurisdiction SET visitors = 'grids'")
    with open_door(url) as door:
        yield Towns(door, url, (place[0], place[1]))
    maker.drop_all()
