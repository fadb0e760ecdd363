"""What is said of second factors and of a provider is whole, and safe to ask, or the service does not start."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from geoservice.auth.model import Role
from geoservice.settings import Settings

WHOLE = {
    "oidc_issuer": "https://id.example", "oidc_client_id": "geoservice",
    "oidc_callback": "https://grid.example/signin/provider/back",
}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "roles"),
    [("", set()), ("admin", {Role.ADMIN}), (" admin , dispatcher,", {Role.ADMIN, Role.DISPATCHER})],
)
def test_roles_that_have_to_have_a_second_factor(said: str, roles: set[Role]) -> None:
    assert Settings(second_factor_roles=said).demanded_second_factors == roles


@pytest.mark.parametrize("said", ["boss", "public", "admin;dispatcher", "Admin"])
def test_what_is_no_role_is_refused(said: str) -> None:
    with pytest.raises(ValidationError, match="there is no role"):
        Settings(second_factor_roles=said)


def test_a_provider_is_named_whole_and_by_a_safe_address() -> None:
    assert Settings(**WHOLE, oidc_client_secret="").oidc_client_secret is None
    assert Settings(**WHOLE | {"oidc_issuer": "http://127.0.0.1:9"}).oidc_issuer
    wrong: tuple[dict[str, Any], ...] = (
        {"oidc_client_id": ""}, {"oidc_callback": ""}, {"oidc_issuer": "http://id.example"},
        {"oidc_issuer": "id.example"}, {"oidc_callback": "http://grid.example/signin/provider/back"},
        {"oidc_callback": "javascript:alert(1)"}, {"oidc_issuer": "http://127.0.0.1.evil.example"},
    )  # fmt: skip
    for one in wrong:
        with pytest.raises(ValidationError):
            Settings(**WHOLE | one)
