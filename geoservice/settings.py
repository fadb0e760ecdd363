"""The service's settings: read once from GEOSERVICE_* variables, validated, frozen. None is needed to start."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from geoservice.auth.model import Role
from geoservice.domain.quotas import Quota

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


def default_data_dir() -> Path:
    """Return where the embedded database lives unless told: a system path for root, else the user's own."""
    if os.geteuid() == 0:
        return Path("/var/lib/geoservice")
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "geoservice"


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, _names(text)))


@dataclass(frozen=True)
class DatabaseUrls:
    """Two addresses of one database, as postgresql:// URLs; they hold passwords."""

    #: Of the login that serves: it owns nothing.
    service: str = field(repr=False)
    #: Of the login that owns the schema and makes logins.
    owner: str = field(repr=False)


class Settings(BaseSettings):
    """Everything that can be set from outside; docs/operating.md lists each with its meaning."""

    model_config = SettingsConfigDict(env_prefix="GEOSERVICE_", frozen=True, extra="ignore")

    #: Your own PostGIS, as postgresql://user:password@host:port/name. Empty: the embedded one is used.
    database_url: SecretStr | None = None
    #: The same database with a login that owns it, for the schema and for logins. Empty: database_url stands in.
    database_owner_url: SecretStr | None = None
    #: Directory of the embedded database, its socket, its logs and the lock of the running instance.
    data_dir: Path = Field(default_factory=default_data_dir)
    #: Loopback port of the embedded database, for QGIS and psql.
    database_port: int = Field(default=54330, ge=1024, le=65535)
    #: Unprivileged account that runs the embedded database when the service is started by root.
    service_account: str = "postgres"
    #: Address and port that the web server listens on.
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    #: Port of the server that streams events, on the same address: the web server's and one when not told, 0 for none.
    events_port: int | None = Field(default=None, ge=0, le=65535)
    #: Streams open at once; whoever comes then is told when to come again.
    event_streams: int = Field(default=1000, ge=1, le=100_000)
    #: Of these, how many one stranger may have open. Strangers together get four fifths: the rest are for those known.
    event_streams_per_address: int = Field(default=20, ge=1, le=100_000)
    #: Web worker processes and the threads of each.
    workers: int = Field(default=1, ge=1, le=64)
    threads: int = Field(default=16, ge=1, le=512)
    #: Database connections of each worker; a request waits this long for one before it is told 503.
    pool_size: int = Field(default=8, ge=1, le=200)
    pool_timeout_s: float = Field(default=2.0, gt=0, le=30)
    #: A statement that a request runs in the database is cancelled after this time.
    statement_timeout_s: float = Field(default=5.0, gt=0, le=600)
    #: Of logins that are made for people: connections of each, how long a statement of theirs may run, and how long
    #: they may leave a transaction open and ask nothing.
    login_connections: int = Field(default=10, ge=1, le=1000)
    login_statement_timeout_s: float = Field(default=60.0, gt=0, le=86_400)
    login_idle_in_transaction_s: float = Field(default=600.0, gt=0, le=86_400)
    #: A session of somebody who signed in ends when it was not used for so long, and in any case after so long.
    session_idle_s: float = Field(default=8 * 3600.0, ge=300, le=30 * 86_400)
    session_longest_s: float = Field(default=7 * 86_400.0, ge=300, le=90 * 86_400)
    #: Roles whose accounts do nothing until they have a second factor, comma separated, such as admin,dispatcher.
    second_factor_roles: str = ""
    #: An identity provider (OpenID Connect) that people may sign in by, beside their passwords: its address, as its
    #: tokens name it. Empty: none. What it knows this service as, and where it sends people back to, which is
    #: https://this.service/signin/provider/back, as it was told there; how its button is called.
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_callback: str = ""
    oidc_name: str = Field(default="", max_length=60)
    #: Networks of proxies that say by X-Forwarded-For whom they heard, comma separated, such as 10.1.0.0/16.
    proxy_networks: str = ""
    #: How often one may, written so many/in so many seconds; empty: as often as he likes. Strangers who report, or ask
    #: who owns a place, and who show keys that are none: by where they come from. Who shows a key or is signed in.
    limit_reports: str = "20/600"
    limit_look_ups: str = "6000/60"
    limit_failures: str = "30/600"
    limit_requests: str = ""
    #: Host names that requests may carry, comma separated; empty: any.
    trusted_hosts: str = ""
    #: Largest request body in bytes, refused before it is parsed.
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    #: The same for bodies that are worked on as they arrive: many positions as CSV, NDJSON or Arrow.
    max_stream_bytes: int = Field(default=268_435_456, ge=1_000)
    #: The most features and bytes of a file of polygons that is imported, or that points are assigned to.
    import_features: int = Field(default=100_000, ge=1)
    import_bytes: int = Field(default=209_715_200, ge=1_000)
    #: The same of a file that is brought on a page, and how long reading, comparing or writing it may take: a request
    #: waits for each. What is larger is imported at the command line.
    upload_features: int = Field(default=20_000, ge=1)
    upload_bytes: int = Field(default=20_971_520, ge=1_000)
    upload_s: float = Field(default=30.0, ge=1, le=600)
    #: The most layers that people make of files of theirs, and columns of each.
    own_layers: int = Field(default=100, ge=0, le=1000)
    own_layer_columns: int = Field(default=60, ge=1, le=500)
    #: Answer look-ups from memory, and how often to compare it with the database when nothing was announced.
    hold_editions: bool = True
    compare_every_s: float = Field(default=1.0, ge=0.05, le=60)
    #: What reads what is held: auto takes the compiled kernel where it is there, numpy does without it.
    engine: Literal["auto", "numpy"] = "auto"
    #: Answer plain look-ups without going through Flask.
    fast_path: bool = True
    #: Take reports of residents, who have no key: POST /v1/report and the page /report.
    public_reports: bool = True
    #: Keep vector tiles that were cut: where (in the data directory when empty), at most so many bytes, and only while
    #: so much of the disk is free. 0 bytes: none are kept on the disk.
    tile_store: Path | None = None
    tile_store_bytes: int = Field(default=2_000_000_000, ge=0)
    tile_store_reserve_bytes: int = Field(default=1_000_000_000, ge=0)
    #: Memory of each web worker for tiles, bytes.
    tile_memory_bytes: int = Field(default=64_000_000, ge=0)
    #: Features and bytes of a page of /ogc, at most. The test suite of the standard wants 2,500 features or more.
    ogc_page_features: int = Field(default=10_000, ge=100)
    ogc_page_bytes: int = Field(default=50_000_000, ge=1_000)
    #: Send webhooks, by a worker of its own.
    webhooks: bool = True
    #: Networks that webhooks may go to besides public ones, comma separated, such as 10.1.0.0/16.
    webhook_networks: str = ""
    #: Where backups of the embedded database are kept: made so often, in hours, and so many. Empty: none are made.
    backup_dir: Path | None = None
    backup_every_h: float = Field(default=24.0, ge=0.25, le=8760)
    backup_copies: int = Field(default=7, ge=1, le=10_000)
    #: Which reports somebody asked to have erased: a restore erases them again. Empty: in the data directory.
    erasure_list: Path | None = None
    #: Level of the log lines on standard error: debug, info, warning or error.
    log_level: str = "info"

    @field_validator(
        "database_url", "database_owner_url", "backup_dir", "erasure_list", "oidc_client_secret", mode="before"
    )
    @classmethod
    def _empty_means_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("database_owner_url")
    @classmethod
    def _owns_a_database_that_is_named(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and info.data.get("database_url") is None:
            raise ValueError("set GEOSERVICE_DATABASE_URL, too: to the address of the login that serves")
        return value

    @field_validator("webhook_networks", "proxy_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        try:
            _networks(value)
        except ValueError as exc:
            raise ValueError("write networks as 10.1.0.0/16, with commas between them") from exc
        return value

    @field_validator("second_factor_roles")
    @classmethod
    def _are_roles(cls, value: str) -> str:
        unknown = set(_names(value)) - {role.value for role in Role if role is not Role.PUBLIC}
        if unknown:
            raise ValueError(f"there is no role {min(unknown)}; write roles as admin,dispatcher")
        return value

    @field_validator("oidc_issuer", "oidc_callback")
    @classmethod
    def _is_safe_to_ask(cls, value: str) -> str:
        asked = urlsplit(value)
        if value and not (asked.scheme == "https" or (asked.scheme == "http" and asked.hostname in _THIS_MACHINE)):
            raise ValueError("write an https:// address; http:// is for 127.0.0.1 alone")
        return value

    @model_validator(mode="after")
    def _names_the_whole_provider(self) -> Self:
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_callback):
            raise ValueError("GEOSERVICE_OIDC_ISSUER needs GEOSERVICE_OIDC_CLIENT_ID and GEOSERVICE_OIDC_CALLBACK")
        return self

    @field_validator("limit_reports", "limit_look_ups", "limit_failures", "limit_requests")
    @classmethod
    def _is_a_quota(cls, value: str) -> str:
        Quota.parse(value)
        return value

    @property
    def demanded_second_factors(self) -> frozenset[Role]:
        """The roles whose accounts do nothing until they have a second factor."""
        return frozenset(map(Role, _names(self.second_factor_roles)))

    @property
    def allowed_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks that webhooks may go to besides public ones."""
        return _networks(self.webhook_networks)

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of proxies whose word is taken for whom they heard."""
        return _networks(self.proxy_networks)

    @property
    def events_at(self) -> int | None:
        """The port where events are streamed; None when nobody does."""
        return (self.port + 1 if self.events_port is None else self.events_port) or None

    @property
    def embedded(self) -> bool:
        """Whether the service runs its own database."""
        return self.database_url is None

    @property
    def database_urls(self) -> DatabaseUrls | None:
        """The addresses of the database that was named; None when the embedded one is meant."""
        if self.database_url is None:
            return None
        owner = self.database_owner_url or self.database_url
        return DatabaseUrls(self.database_url.get_secret_value(), owner.get_secret_value())
