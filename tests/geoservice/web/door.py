"""An application to knock at, with the keys to it and the names of what is behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI

from geoservice.auth.model import Role
from geoservice.wiring import Services


@dataclass(frozen=True)
class Door:
    """An application on the demo community, and what opens it."""

    app: OpenAPI
    client: FlaskClient
    services: Services
    #: A key for each role but the public.
    keys: dict[Role, str]
    #: Codes and ids that exist, by the name of the parameter that takes them.
    existing: dict[str, Any]

    def headers(self, role: Role = Role.ADMIN) -> dict[str, str]:
        """Return what shows the key of a role; nothing for the public."""
        return {"Authorization": f"Bearer {self.keys[role]}"} if role in self.keys else {}
