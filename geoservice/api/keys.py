"""Keys of programs: /v1/keys, listed, made, given another secret, revoked. A secret is told once, when it is made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field, field_validator, model_validator

from geoservice.api.grants import (
    READING,
    GivenRole,
    GrantOut,
    HolderPath,
    PlaceQuery,
    add_grants,
    blueprint_of,
    grants_out,
)
from geoservice.auth.model import Role
from geoservice.records.keys.queries import StoredKey
from geoservice.services.administration.keys import KeyAdministration
from geoservice.services.keys import LASTS
from geoservice.web.guard import current_identity, guard, identity_in
from geoservice.web.parsing import Code, Instant, Name, StrictModel
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render

_WRITING = problem_responses(401, 403, 404, 413, 415)
_NETWORKS_MOST = 20
_WEEK_H, _MONTH_H = 7 * 24, 30 * 24


class KeyBody(StrictModel):
    """A key to be made; good in the jurisdiction that is asked about, unless another is named, or everywhere."""

    label: Name = Field(description="What it is for: the name of a system, nobody's name or number")
    role: GivenRole = Field(description="One that may nothing there which whoever makes it may not himself")
    jurisdiction: Code | None = Field(None, description="Where it is good, when that is not where it is asked about")
    everywhere: bool = Field(False, description="In all jurisdictions, those to come among them")
    staff_code: Code | None = Field(None, description="The member of staff who holds it; an officer's says so")
    networks: list[Code] = Field(
        [], max_length=_NETWORKS_MOST, description="Where alone it may be shown, such as 10.1.0.0/16; none: wherever"
    )
    expires_at: Instant | None = Field(None, description="When it ends; after 365 days when absent")
    no_end: bool = Field(False, description="It never ends")

    @field_validator("networks")
    @classmethod
    def _are_networks(cls, networks: list[str]) -> list[str]:
        for one in networks:
            try:
                ip_network(one)
            except ValueError:
                raise ValueError("A network is an address, or such as 10.1.0.0/16.") from None
        return networks

    @model_validator(mode="after")
    def _is_said_once(self) -> KeyBody:
        if self.everywhere and (self.staff_code is not None or self.jurisdiction is not None):
            raise ValueError("What is good everywhere names no jurisdiction and no staff_code.")
        if self.no_end and self.expires_at is not None:
            raise ValueError("Say when it ends or that it never does, not both.")
        return self

    @property
    def where(self) -> list[IPv4Network | IPv6Network]:
        """Return the networks."""
        return [ip_network(one) for one in self.networks]

    @property
    def ends(self) -> datetime | None:
        """Return when it ends; None: never."""
        return None if self.no_end else self.expires_at or datetime.now(UTC) + LASTS


class RotateBody(StrictModel):
    """How a key gets another secret."""

    overlap_hours: Annotated[int, Field(ge=0, le=_MONTH_H)] = Field(
        _WEEK_H, description="How long the secret before is good, too, but not beyond its own end; 0: it ends at once"
    )
    keep_end: bool = Field(
        False, description="It keeps its end; else that is put off to 365 days from now, or as far as who asks may give"
    )


class KeyOut(BaseModel):
    """A key of a program, without its secret."""

    id: str
    label: str
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None = Field(description="Last, to some minutes")
    networks: list[str] = Field(description="Where alone it may be shown; none: wherever")
    grants: list[GrantOut]


class KeysOut(BaseModel):
    """The keys with a grant in a jurisdiction, the oldest first."""

    keys: list[KeyOut]


class KeyMadeOut(KeyOut):
    """A key just made, or with another secret."""

    key: str = Field(description="What the program shows; given out this once")


class KeyRotatedOut(KeyMadeOut):
    """A key with another secret."""

    previous_until: datetime = Field(description="Until when the secret before is good")


def keys_blueprint(keys: KeyAdministration) -> APIBlueprint:
    """Return the routes about keys."""
    blueprint = blueprint_of("keys")

    @blueprint.get("", summary="All keys", responses={200: KeysOut, **READING})
    @guard("manage_keys")
    def every(query: PlaceQuery) -> Response:
        """List the keys that hold a grant in a jurisdiction."""
        found = [_key_out(one) for one in keys.keys(query.jurisdiction, current_identity())]
        return render(KeysOut(keys=found))

    add_grants(blueprint, "manage_keys", keys.grants, keys.held)
    _add_changes(blueprint, keys)
    return blueprint


def _add_changes(blueprint: APIBlueprint, keys: KeyAdministration) -> None:
    """Add the routes that change keys."""

    @blueprint.post("", summary="Make a key", responses={201: KeyMadeOut, **_WRITING})
    @guard("manage_keys")
    def make(query: PlaceQuery, body: KeyBody) -> Response:
        """Make a key and give it out, this once."""
        at = body.jurisdiction or query.jurisdiction
        place = None if body.everywhere else at
        identity = current_identity() if at == query.jurisdiction else identity_in(at)
        text = keys.create(
            Role(body.role), body.label, jurisdiction=place, networks=body.where, expires_at=body.ends,
            staff=None if body.staff_code is None or place is None else (place, body.staff_code), identity=identity,
        )  # fmt: skip
        made = keys.key(at, text.split("_")[1], identity)
        return render(KeyMadeOut(**_key_out(made).model_dump(), key=text), status=201)

    @blueprint.post("/<name>/rotate", summary="Give a key another secret", responses={200: KeyRotatedOut, **_WRITING})
    @guard("manage_keys")
    def rotate(path: HolderPath, query: PlaceQuery, body: RotateBody) -> Response:
        """Give out another secret, this once; its id, rights and history stay."""
        identity = current_identity()
        text, until = keys.rotate(
            query.jurisdiction, path.name, identity, overlap=timedelta(hours=body.overlap_hours),
            lasts=None if body.keep_end else LASTS,
        )  # fmt: skip
        told = _key_out(keys.key(query.jurisdiction, path.name, identity)).model_dump()
        return render(KeyRotatedOut(**told, key=text, previous_until=until))

    @blueprint.delete("/<name>", summary="Revoke a key", responses={200: KeyOut, **_WRITING})
    @guard("manage_keys")
    def revoke(path: HolderPath, query: PlaceQuery) -> Response:
        """Make a key void at once, for good."""
        identity = current_identity()
        keys.revoke(query.jurisdiction, path.name, identity)
        return render(_key_out(keys.key(query.jurisdiction, path.name, identity)))


def _key_out(one: StoredKey) -> KeyOut:
    """Return a key as it is told."""
    return KeyOut(
        id=one.id, label=one.label, expires_at=one.expires_at, revoked_at=one.revoked_at, used_at=one.used_at,
        networks=[str(network) for network in one.networks], grants=grants_out(one.grants),
    )  # fmt: skip
