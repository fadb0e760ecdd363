"""Why an embedded database cannot run: each class is one fact, with what the operator can do about it."""

from __future__ import annotations


class EmbeddedError(Exception):
    """The embedded database cannot be used."""

    #: What the operator can do; may name the error's fields in braces.
    remedy: str = "The lines above and the database's log say more."

    def __init__(self, **fields: object) -> None:
        super().__init__()
        self.fields = fields

    def __str__(self) -> str:
        """Return the sentence of the class and, in brackets, the facts of this case."""
        sentence = (type(self).__doc__ or "").splitlines()[0]
        facts = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in self.fields.items())
        return f"{sentence.rstrip('.')} ({facts})." if facts else sentence

    def advice(self) -> str:
        """Return the remedy with the fields of this case filled in."""
        return self.remedy.format_map({name: str(value) for name, value in self.fields.items()})


class PostgisNotFound(EmbeddedError):
    """No PostgreSQL with PostGIS is installed on this machine."""

    remedy = (
        "Install it (Debian 12: apt-get install postgresql-15-postgis-3), "
        "or set GEOSERVICE_DATABASE_URL to a PostGIS of your own."
    )


class ClientTooOld(EmbeddedError):
    """No pg_dump and pg_restore here are as new as the server; older ones leave out what they do not know."""

    remedy = "Install postgresql-client-{server}, or run this on the machine of the database."


class OtherMajorVersion(EmbeddedError):
    """The data directory was made by another major version of PostgreSQL."""

    remedy = (
        "Install postgresql-{made_by} and postgresql-{made_by}-postgis-3 beside the present version; "
        "or dump with them, move {data_dir} away, start again and restore the dump."
    )


class DataDirRefused(EmbeddedError):
    """The data directory cannot be used."""

    remedy = "Set GEOSERVICE_DATA_DIR to a directory that you may write to, or correct its owner and mode."


class DatabaseRuns(EmbeddedError):
    """The embedded database of this data directory runs: nothing is restored over it."""

    remedy = "Run `geoservice stop`, then mv {database} {database}.old; or set GEOSERVICE_DATA_DIR to a new directory."


class DatabaseThere(EmbeddedError):
    """There is an embedded database already: nothing is restored over it."""

    remedy = "Move it away (mv {database} {database}.old); or set GEOSERVICE_DATA_DIR to a new directory."


class NotCreated(EmbeddedError):
    """There is no embedded database yet."""

    remedy = "Run `geoservice up`: it makes one. Or set GEOSERVICE_DATABASE_URL to a PostGIS of your own."


class DataDirUnreachable(EmbeddedError):
    """The account that runs the database cannot enter a directory above the data directory."""

    remedy = "Set GEOSERVICE_DATA_DIR to another place (such as /var/lib/geoservice), or run chmod a+x {closed}."


class AccountUnknown(EmbeddedError):
    """What root starts does not run as root, and the account to run it as does not exist."""

    remedy = "Set GEOSERVICE_SERVICE_ACCOUNT to an existing unprivileged account, or run: useradd --system {account}."


class SocketPathTooLong(EmbeddedError):
    """The path of the database's socket is longer than a Unix socket may be."""

    remedy = "Set GEOSERVICE_DATA_DIR to a shorter path."


class DatabasePortTaken(EmbeddedError):
    """The port of the embedded database is taken by another program."""

    remedy = "Set GEOSERVICE_DATABASE_PORT to a free port."


class DiskFull(EmbeddedError):
    """The disk of the data directory is full."""

    remedy = "Free some space, or set GEOSERVICE_DATA_DIR to a directory on another disk."


class InitFailed(EmbeddedError):
    """PostgreSQL could not make a new data directory."""


class StartFailed(EmbeddedError):
    """PostgreSQL did not start."""

    remedy = "Read the database's log; if a process is named there that is not PostgreSQL's, end it or restart."


class StopFailed(EmbeddedError):
    """PostgreSQL did not stop in time."""

    remedy = "Try again; if it stays, end the process {pid} yourself."
