"""What most commands begin with: the settings, and the database that they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from geoservice.lazy_modules import lazily

with lazily():
    import pydantic

    from geoservice import settings, wiring
    from geoservice.services.layers import own

if TYPE_CHECKING:
    from geoservice.reading.limits import Limits
    from geoservice.settings import DatabaseUrls
    from layers.db.session import Database


class SettingsRefused(Exception):
    """Settings are wrong; the text says which and why."""


def read_settings() -> settings.Settings:
    """Return the settings as they are now; raise SettingsRefused."""
    try:
        return settings.Settings()
    except pydantic.ValidationError as exc:
        # The value is left out: it may be a database address with its password.
        wrong = [f"GEOSERVICE_{str(one['loc'][0]).upper()}: {one['msg']}" for one in exc.errors() if one["loc"]]
        raise SettingsRefused(f"A setting is wrong. {'; '.join(wrong)}.") from None


def database_urls() -> DatabaseUrls:
    """Return the addresses of the database that the settings name; raise NoDatabase."""
    return wiring.database_urls(read_settings())


@contextmanager
def open_database() -> Iterator[Database]:
    """Open the database that the settings name, for one command that then knows its own layers; raise NoDatabase."""
    database = wiring.open_database(read_settings())
    try:
        own.OwnLayerService(database).renew()
        yield database
    finally:
        database.close()


def hold_own_layers() -> None:
    """Have the catalogue hold the own layers of the database that the settings name; raise NoDatabase."""
    with open_database():
        pass


def import_limits() -> Limits:
    """Return how much a file that is imported may ask of the machine."""
    return wiring.import_limits(read_settings())
