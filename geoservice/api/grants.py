"""What accounts and keys may: /v1/accounts, and the grants of accounts and keys. Passwords are told nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, model_validator

from geoservice.auth.model import Identity, Role
from geoservice.records.grants.model import StoredGrant
from geoservice.services.administration.accounts import AccountAdministration
from geoservice.services.administration.grants import GrantAdministration, Held
from geoservice.web.guard import current_identity, guard, identity_in
from geoservice.web.parsing import Code, Instant, RowNumber, StrictModel
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render

TAG = Tag(name="grants", description="What accounts and keys may, where and until when")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]
READING = problem_responses(401, 403, 404)
_WRITING = problem_responses(401, 403, 404, 409, 413, 415)
_GRANTS = "/<name>/grants"


#: What may be granted.
GivenRole = Literal[
    "reader", "reporter", "officer", "dispatcher", "analyst", "publisher", "steward", "auditor", "admin"
]


class PlaceQuery(StrictModel):
    """Where whoever asks looks after it."""

    jurisdiction: Code


class HolderPath(StrictModel):
    """Whose grants: an account by its login name, a key by its id."""

    name: Code


class GrantPath(HolderPath):
    """Which of them."""

    id: RowNumber


class GrantBody(StrictModel):
    """A grant to be given; good in the jurisdiction that is asked about, unless another is named, or everywhere."""

    role: GivenRole = Field(description="One that may nothing there which whoever gives it may not himself")
    jurisdiction: Code | None = Field(None, description="Where it is good, when that is not where it is asked about")
    everywhere: bool = Field(False, description="In all jurisdictions, those to come among them")
    staff_code: Code | None = Field(None, description="The member of staff who holds it; an officer's says so")
    valid_from: Instant | None = Field(None, description="From now on when absent")
    valid_to: Instant | None = Field(
        None, description="Without an end when absent; no later than the right of whoever gives it ends there"
    )

    @model_validator(mode="after")
    def _is_of_one_place(self) -> GrantBody:
        if self.everywhere and self.staff_code is not None:
            raise ValueError("A member of staff is of one jurisdiction: leave everywhere out, or the staff_code.")
        if self.everywhere and self.jurisdiction is not None:
            raise ValueError("What is good everywhere names no jurisdiction: leave one of both out.")
        return self


class Nothing(StrictModel):
    """No fields: send {}."""


class GrantOut(BaseModel):
    """A grant."""

    id: int
    role: str
    jurisdiction: str | None = Field(description="Null: everywhere")
    staff_code: str | None
    valid_from: datetime
    valid_to: datetime | None = Field(description="Null: without an end")
    granted_by: str
    state: str = Field(description="in force, to come, over or revoked")


class GrantsOut(BaseModel):
    """The grants of an account or a key, as far as they are whoever asks's to look after; the oldest first."""

    grants: list[GrantOut]


class AccountOut(BaseModel):
    """An account of a person."""

    login: str
    is_open: bool = Field(description="It can be signed in with")
    expires_at: datetime | None
    signed_in_at: datetime | None = Field(description="Last")
    has_second_factor: bool
    grants: list[GrantOut]


class AccountsOut(BaseModel):
    """The accounts with a grant in a jurisdiction, by login name."""

    accounts: list[AccountOut]


def accounts_blueprint(accounts: AccountAdministration) -> APIBlueprint:
    """Return the routes about accounts."""
    blueprint = blueprint_of("accounts")

    @blueprint.get("", summary="All accounts", responses={200: AccountsOut, **READING})
    @guard("manage_accounts")
    def every(query: PlaceQuery) -> Response:
        """List the accounts that hold a grant in a jurisdiction."""
        found = [
            AccountOut(
                login=one.login, is_open=one.is_open, expires_at=one.expires_at, signed_in_at=one.signed_in_at,
                has_second_factor=one.has_second_factor, grants=grants_out(one.grants),
            )
            for one in accounts.accounts(query.jurisdiction, current_identity())
        ]  # fmt: skip
        return render(AccountsOut(accounts=found))

    add_grants(blueprint, "manage_accounts", accounts.grants, accounts.held)
    return blueprint


def blueprint_of(name: str) -> APIBlueprint:
    """Return a blueprint without routes, of accounts or keys."""
    return APIBlueprint(f"{name}_api", __name__, url_prefix=f"/v1/{name}", abp_tags=[TAG], abp_security=SECURITY)


def add_grants(
    blueprint: APIBlueprint, needed: str, grants: GrantAdministration, held_by: Callable[[str, str, Identity], Held]
) -> None:  # fmt: skip
    """Add the routes about what one account, or one key, holds."""

    @blueprint.get(_GRANTS, summary="Its grants", responses={200: GrantsOut, **READING})
    @guard(needed)
    def held(path: HolderPath, query: PlaceQuery) -> Response:
        """List what it may, may later, and might before."""
        return render(GrantsOut(grants=grants_out(held_by(query.jurisdiction, path.name, current_identity()).grants)))

    @blueprint.post(_GRANTS, summary="Give a grant", responses={201: GrantOut, **_WRITING})
    @guard(needed)
    def give(path: HolderPath, query: PlaceQuery, body: GrantBody) -> Response:
        """Let it act in one more role, or everywhere; sessions of an account end."""
        at = body.jurisdiction or query.jurisdiction
        held, place = held_by(query.jurisdiction, path.name, current_identity()), None if body.everywhere else at
        identity = current_identity() if at == query.jurisdiction else identity_in(at)
        number = grants.give(
            held, Role(body.role), jurisdiction=place,
            staff=None if body.staff_code is None or place is None else (place, body.staff_code),
            valid_from=body.valid_from, valid_to=body.valid_to, identity=identity,
        )  # fmt: skip
        return render(_one(held_by(at, path.name, identity), number), status=201)

    @blueprint.delete(f"{_GRANTS}/<int:id>", summary="Take a grant back", responses={200: GrantOut, **_WRITING})
    @guard(needed)
    def take_back(path: GrantPath, query: PlaceQuery) -> Response:
        """End a grant at once; sessions of an account end."""
        identity = current_identity()
        grants.take_back(held_by(query.jurisdiction, path.name, identity), path.id, identity)
        return render(_one(held_by(query.jurisdiction, path.name, identity), path.id))

    @blueprint.post(f"{_GRANTS}/<int:id>/restore", summary="Give it again", responses={200: GrantOut, **_WRITING})
    @guard(needed)
    def give_again(path: GrantPath, query: PlaceQuery, body: Nothing) -> Response:
        """Give a grant that was taken back again as it was."""
        identity = current_identity()
        grants.give_again(held_by(query.jurisdiction, path.name, identity), path.id, identity)
        return render(_one(held_by(query.jurisdiction, path.name, identity), path.id))


def _one(held: Held, number: int) -> GrantOut:
    [found] = [one for one in grants_out(held.grants) if one.id == number]
    return found


def grants_out(grants: Iterable[StoredGrant]) -> list[GrantOut]:
    """Return grants as they are told."""
    now = datetime.now(UTC)
    return [
        GrantOut(
            id=one.id, role=one.role, jurisdiction=one.jurisdiction_code, staff_code=one.staff_code,
            valid_from=one.valid_from, valid_to=one.valid_to, granted_by=one.granted_by, state=one.state(now),
        )
        for one in grants
    ]  # fmt: skip
