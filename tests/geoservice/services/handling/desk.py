"""A town with officers in two of its grids, and the services that act on its incidents."""

from __future__ import annotations

from uuid import UUID

import psycopg

from geoservice.auth.model import Identity, Role
from geoservice.services.handling import ActionDetails, HandlingService
from geoservice.services.incidents import IncidentService, NewReport
from layers.crs import declared_position
from layers.db.session import Database
from layers.incidents.model import Incident
from tests import places
from tests.factories import insert, make_town
from tests.places import Place

DISPATCHER = Identity(Role.DISPATCHER, "k1")
STAFF = (("G1", "B", "grid_officer"), ("P1", "B", "police_officer"), ("G2", "a", "grid_officer"))


class Desk:
    """A town with an officer and a police officer in B, one in a, nobody in the rest."""

    def __init__(self, database: Database, url: str) -> None:
        with psycopg.connect(url) as connection:
            town = make_town(connection)
            for code, grid, role in STAFF:
                known = {"jurisdiction_id": town.jurisdiction_id}
                insert(connection, "staff", known | {"code": code, "call_sign": code, "role": role})
                insert(connection, "posting", known | {"staff_code": code, "grid_code": grid, "role": role,
                                                       "valid_from": "2020-01-01"})  # fmt: skip
        self.jurisdiction_id = town.jurisdiction_id
        self.handling, self.incidents = HandlingService(database), IncidentService(database)

    def officer(self, code: str) -> Identity:
        return Identity(Role.OFFICER, "k2", (self.jurisdiction_id, code))

    def report(self, place: Place = places.CENTRE) -> tuple[Incident, str]:
        report = NewReport("light", declared_position(place.lon, place.lat), "resident")
        return self.incidents.report(report, identity=DISPATCHER)

    def act(self, incident: Incident | UUID, action: str, who: Identity = DISPATCHER, **details: object) -> Incident:
        incident_id = incident.id if isinstance(incident, Incident) else incident
        return self.handling.act(incident_id, action, ActionDetails(**details), identity=who)  # type: ignore[arg-type]

    def told(self, incident: Incident) -> list[tuple[str, str, str]]:
        return [(line.rule, line.to_status, line.actor) for line in self.incidents.history(incident.id)]
