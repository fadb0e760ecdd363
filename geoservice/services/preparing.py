"""What a database needs before the service can work in it: the schema, the login that serves, locks of our own."""

from __future__ import annotations

import psycopg

from geoservice.errors import GeoserviceError
from geoservice.services import schema
from geoservice.services.openings import of_locks
from geoservice.services.service_login import login_of, prepare_service_login
from geoservice.settings import DatabaseUrls
from layers.db.session import translated_errors

#: After a restore into another cluster transactions are counted from elsewhere.
_BEGIN_ERA = "SELECT geoservice.begin_audit_era()"
_CLOSE_LOCKS = "SELECT geoservice.close_locks() FROM pg_roles WHERE rolname = current_user AND rolsuper"


class OwnerNeeded(GeoserviceError):
    """The database can not be prepared with this login: it does not own the database, or may not make roles."""

    advice = "name-owner"


def prepare_database(urls: DatabaseUrls) -> str:
    """Bring the schema up to date, make the login that serves, and close locks to others; return the revision.

    Safe to repeat. Locks are closed by a superuser alone; where the owner is none, `find_openings` tells.

    Raises: OwnerNeeded, LayerNotAsDescribed, LayerError.
    """
    try:
        revision = schema.upgrade(urls.owner)
        prepare_service_login(urls.owner, urls.service)
    except psycopg.errors.InsufficientPrivilege as exc:
        raise OwnerNeeded(login=login_of(urls.owner)) from exc
    with translated_errors(), psycopg.connect(urls.owner) as connection:
        connection.execute(_BEGIN_ERA)
        if of_locks(connection):  # looked at each time: a restore can have opened them
            connection.execute(_CLOSE_LOCKS)
    return revision
