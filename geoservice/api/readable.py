"""Who may read single features of a layer: those of people only who keeps them."""

from __future__ import annotations

from geoservice.auth.model import Role
from geoservice.auth.permissions import Permission, permitted, roles_with
from geoservice.services.layers.staging import written_layer
from geoservice.web.guard import current_identity
from geoservice.web.parsing import Forbidden, Unauthorised


def require_readable(layer_id: str) -> None:
    """Raise unless whoever asks may read single features of the layer."""
    layer, identity = written_layer(layer_id), current_identity()
    needed = Permission.READ_HOUSEHOLDS if layer.personal else Permission(layer.read)
    if not permitted(identity, needed):
        if identity.role is Role.PUBLIC:
            raise Unauthorised
        raise Forbidden(role=identity.role.value, roles=", ".join(one.value for one in roles_with(needed)))
