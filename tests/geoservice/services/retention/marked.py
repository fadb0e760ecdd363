"""Words that are known again, written through every door that takes words of a report; looking for them everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from flask.testing import FlaskClient
from psycopg import sql

from geoservice.auth.model import Role
from geoservice.wiring import Services

MARK = "zqmarkzq"
#: Of the demo community: a service, to which these tests add something to answer, and a place with an officer.
SERVICE, PLACE = "light", {"lon": 91.77, "lat": 29.24}
#: Types of columns that can hold words.
WORDED = (
    "text",
    "character varying",
    "character",
    "jsonb",
    "json",
    "bytea",
    "ARRAY",
    "xml",
    "tsvector",
    "USER-DEFINED",
)


class Writer:
    """Writes marked words into reports."""

    def __init__(self, client: FlaskClient, services: Services, url: str) -> None:
        self._client, self._services, self._url = client, services, url
        self._keys = {role: services.keys.create(role, "test") for role in (Role.DISPATCHER, Role.REPORTER)}
        with psycopg.connect(url) as connection:
            asked = json.dumps([{"code": "pole", "datatype": "text", "required": False, "description": "Which one?"}])
            connection.execute("UPDATE geoservice.service SET attributes = %s WHERE code = %s", [asked, SERVICE])

    def call(self, address: str, *, role: Role | None = None, token: str = "", key: str = "", **body: Any) -> Any:
        """Send JSON, and return the answer; it must be a good one."""
        headers = {} if role is None else {"Authorization": f"Bearer {self._keys[role]}"}
        headers |= {"Report-Token": token} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        answer = self._client.post(address, json=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text
        return answer.json

    def step(self, incident: str, action: str, **body: Any) -> None:
        self.call(f"/v1/incidents/{incident}/actions/{action}", role=Role.DISPATCHER, **body)

    def words(self, where: str) -> str:
        return f"{MARK} {where}"

    def by_resident(self) -> tuple[str, str]:
        """Report as a resident, and have every kind of step with words taken; return the incident and its token."""
        told = self.call(
            "/v1/report", key=f"a-key-of-a-phone-{MARK}", service_code=SERVICE, description=self.words("report"),
            **PLACE,
        )  # fmt: skip
        incident, token = told["id"], told["token"]

        def own(action: str, **body: Any) -> None:
            self.call(f"/v1/report/actions/{action}", token=token, **body)

        self.step(incident, "ask", reason=self.words("question"))
        own("answer", reason=self.words("answer"))
        self.step(incident, "return", reason=self.words("return"))
        self.step(incident, "dispatch", reason=self.words("dispatch"))
        grid = self._client.get(
            f"/v1/incidents/{incident}", headers={"Authorization": f"Bearer {self._keys[Role.DISPATCHER]}"}
        ).json["grid_code"]
        self.step(incident, "overrule", grid=grid, reason=self.words("overrule"))
        self.step(incident, "accept")
        self.step(incident, "resolve", reason=self.words("resolve"))
        own("reopen", reason=self.words("reopen"))
        self.step(incident, "accept")
        self.step(incident, "resolve", reason=self.words("again"))
        self.step(incident, "verify", reason=self.words("verify"))
        own("rate", rating=2, reason=self.words("comment"))
        return incident, token

    def cancelled(self) -> tuple[str, str]:
        """Report with a key, move it, and have its reporter cancel it."""
        told = self.call(
            "/v1/incidents", role=Role.REPORTER, key=f"a-key-of-a-hotline-{MARK}", service_code=SERVICE,
            source="hotline", description=self.words("hotline"), **PLACE,
        )  # fmt: skip
        self.step(told["id"], "move", lon=91.7701, lat=29.2401, reason=self.words("move"))
        self.call("/v1/report/actions/cancel", token=told["token"], reason=self.words("cancel"))
        return told["id"], told["token"]

    def by_open311(self) -> str:
        """Report by GeoReport v2, with all that a form takes."""
        form = {
            "api_key": self._keys[Role.REPORTER], "service_code": SERVICE, "lat": PLACE["lat"], "long": PLACE["lon"],
            "description": self.words("form"), "attribute[pole]": self.words("attribute"), "first_name": MARK,
            "last_name": MARK, "email": f"{MARK}@example.org", "device_id": MARK, "account_id": MARK,
            "media_url": f"https://example.org/{MARK}.jpg", "jurisdiction_id": "sare",
        }  # fmt: skip
        sent_once = {"Idempotency-Key": f"a-key-of-open311-{MARK}"}
        answer = self._client.post("/open311/v2/requests.json", data=form, headers=sent_once)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json[0]["service_request_id"])

    def duplicate(self) -> str:
        """Report, and merge it into another."""
        first, second = (
            self.call("/v1/report", service_code=SERVICE, description=self.words("twice"), **PLACE)["id"]
            for _ in range(2)
        )
        self.step(second, "merge", duplicate_of=first, reason=self.words("merge"))
        self.step(first, "cancel", reason=self.words("both"))
        self.also = first
        return str(second)

    def everything(self) -> list[UUID]:
        """Write through every door; return the incidents."""
        found = [self.by_resident()[0], self.cancelled()[0], self.by_open311(), self.duplicate()]
        return [UUID(one) for one in (*found, self.also)]


def columns_of(connection: psycopg.Connection[Any]) -> list[tuple[str, str, str]]:
    """Return every column of every table that can hold words, those of tomorrow, too."""
    return connection.execute(
        "SELECT c.table_schema, c.table_name, c.column_name FROM information_schema.columns AS c"
        "  JOIN information_schema.tables AS t USING (table_schema, table_name)"
        " WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')"
        "   AND c.data_type = ANY (%s) ORDER BY 1, 2, 3",
        [list(WORDED)],
    ).fetchall()


def found_in_database(url: str, *signs: bytes) -> Iterator[str]:
    """Yield the columns that hold one of some texts, as text or as bytes."""
    with psycopg.connect(url) as connection:
        for schema, table, column in columns_of(connection):
            query = sql.SQL(
                "SELECT count(*) FROM {} AS t WHERE EXISTS (SELECT FROM unnest(%s::text[]) AS sign"
                " WHERE position(sign IN t.{}::text) > 0 OR position(encode(sign::bytea, 'hex') IN t.{}::text) > 0)"
            ).format(sql.Identifier(schema, table), sql.Identifier(column), sql.Identifier(column))
            row = connection.execute(query, [[sign.decode() for sign in signs]]).fetchone()
            if row and row[0]:
                yield f"{schema}.{table}.{column}"


def found_in_files(folder: Path, *signs: bytes) -> list[Path]:
    """Return the files below a folder that hold one of some texts."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(sign in path.read_bytes() for sign in signs)]
