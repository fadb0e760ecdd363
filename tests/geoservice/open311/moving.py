"""A town whose reports move while somebody reads them, and a client that reads as FixMyStreet does."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import orjson
import psycopg
from flask.testing import FlaskClient

AT = "/open311/v2"
_REPORTS = """
    INSERT INTO geoservice.incident (jurisdiction_id, service_code, geom, reported_at)
    SELECT j.id, 'dogs', st_setsrid(st_makepoint(91.77, 29.24), 4326), now() - make_interval(secs => n * %(apart_s)s)
      FROM geoservice.jurisdiction AS j, generate_series(1, %(count)s) AS n
    RETURNING id::text
"""


class Town:
    """The demo community's reports about dogs: nobody else reports any."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._run("DELETE FROM geoservice.incident WHERE service_code = 'dogs'", behind=True)

    def report(self, count: int, *, apart_s: float = 60.0) -> list[str]:
        """Make reports, the newest first; return their ids."""
        return [row[0] for row in self._run(_REPORTS, {"count": count, "apart_s": apart_s})]

    def cancel(self, ids: list[str]) -> None:
        """Close reports."""
        self._run(
            "UPDATE geoservice.incident SET status = 'cancelled', step_reason = 'done' WHERE id = ANY(%(ids)s::uuid[])",
            {"ids": ids},
        )

    def step(self, ids: list[str], status: str) -> None:
        """Let reports take a step."""
        self._run(
            "UPDATE geoservice.incident SET status = %(status)s, step_reason = 'so' WHERE id = ANY(%(ids)s::uuid[])",
            {"ids": ids, "status": status},
        )

    def spread_changes(self, ids: list[str]) -> None:
        """Let the changes of status of some reports lie two seconds apart, from 2026-01-01 on."""
        self._run(
            "WITH numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM geoservice.incident_event"
            "                   WHERE incident_id = ANY(%(ids)s::uuid[]))"
            " UPDATE geoservice.incident_event AS e"
            "    SET at = '2026-01-01T00:00:00Z'::timestamptz + make_interval(secs => 2 * n)"
            "   FROM numbered WHERE numbered.id = e.id",
            {"ids": ids},
            behind=True,
        )

    def _run(self, query: str, values: dict[str, Any] | None = None, *, behind: bool = False) -> list[Any]:
        """Run a statement; behind the back of the triggers where a history is to be written anew."""
        with psycopg.connect(self._url) as connection:
            connection.execute(f"SET session_replication_role = {'replica' if behind else 'origin'}")
            done = connection.execute(query, values)
            return done.fetchall() if done.description else []


def json_of(client: FlaskClient, path: str) -> Any:
    """Return what an address answers."""
    answer = client.get(f"{AT}/{path}")
    assert answer.status_code == 200, answer.data[:500]
    return orjson.loads(answer.data)


def xml_of(client: FlaskClient, path: str) -> list[dict[str, str | None]]:
    """Return the records of a list in XML."""
    answer = client.get(f"{AT}/{path}")
    assert answer.status_code == 200, answer.data[:500]
    return [{part.tag: part.text for part in record} for record in ET.fromstring(answer.data)]  # noqa: S314 - our own


#: perllib/Open311.pm, map_state, and the states of db/fixture.sql, by their kind.
_MAP_STATE = {
    "fixed": "fixed - council", "not councils responsibility": "not responsible", "no further action": "unable to fix",
    "open": "confirmed",
}  # fmt: skip
OPEN_STATES = ("confirmed", "investigating", "in progress", "planned", "action scheduled")
ENDED_STATES = ("closed", "unable to fix", "not responsible", "duplicate", "internal referral", "fixed - council")


def state_of(status: str | None) -> str:
    """Return the state that FixMyStreet takes a status for."""
    plain = str(status).lower().replace("_", " ")
    return _MAP_STATE.get(plain, plain)
