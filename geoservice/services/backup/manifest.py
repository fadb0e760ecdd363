"""What a backup says of itself: of which database, of which moment, and how many rows of each table."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

#: Of the file. Another number is another form, which this version can not read.
FORMAT: Literal[1] = 1

Rows = Annotated[int, Field(ge=0)]


class Manifest(BaseModel):
    """One backup. Its rows are those of one snapshot: everything that was committed before `started_at` is in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = FORMAT
    #: Of the schema.
    revision: str = Field(pattern=r"^[0-9A-Za-z_]{1,32}$")
    #: By the database's clock: when the snapshot was taken, and when the last row was copied.
    started_at: datetime
    ended_at: datetime
    database: str
    #: PostgreSQL's number of the cluster; a restored database has another.
    cluster: str
    #: Version of the server, such as 150008, and of PostGIS, such as 3.3.2.
    server_version: int = Field(ge=90_000)
    postgis_version: str
    #: Roles besides those of the service that the database grants something to by name; a dump keeps no roles.
    roles: tuple[str, ...]
    #: Logins that were made for people; they have to be made again.
    logins: tuple[str, ...]
    #: Number of the last event that had one.
    last_event: int = Field(ge=0)
    #: Place and hash of the last link of the audit's chain; 0 and nothing: there was none.
    audit_seq: int = Field(default=0, ge=0)
    audit_hash: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    #: Rows by table, as schema.table.
    tables: dict[str, Rows]
    dump_bytes: int = Field(ge=0)
    dump_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(self.tables.values())

    @property
    def server_major(self) -> int:
        """Major version of the server."""
        return self.server_version // 10_000
