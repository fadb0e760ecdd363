"""What `geoservice doctor` looks at: each check is a small function in CHECKS; none changes anything or waits long."""

from __future__ import annotations

import json
import shutil
import stat
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import Connection

from geoservice import wiring
from geoservice.counting.sealing import REGISTER_KEY
from geoservice.embedded.cluster_errors import EmbeddedError
from geoservice.engine.engines import ASKED_FOR, NOT_BUILT, REMEDY, engine_for
from geoservice.errors import GeoserviceError, NoDatabase
from geoservice.running import doctor_checks
from geoservice.running.addresses import base_url
from geoservice.running.database import embedded_cluster
from geoservice.running.instance import Instance
from geoservice.services import schema
from geoservice.services.backup import keeping
from geoservice.services.openings import find_openings
from geoservice.settings import Settings
from geoservice.web.security import trusted_hosts
from layers.db.scope import EVERYWHERE
from layers.errors import LayerError

Level = Literal["ok", "warn", "fail"]

#: No check may take longer.
MOST_S = 5.0
_STATEMENT_MS = 4000
#: Oldest versions that the service works with.
_POSTGRESQL, _POSTGIS = 15, (3, 3)
#: Of a disk: less free is a warning, much less a failure.
_FREE_BYTES, _FREE_SHARE, _FREE_LEAST_BYTES = 2_000_000_000, 0.05, 300_000_000
_CLOCK_WARN_S, _CLOCK_FAIL_S = 2.0, 60.0
#: What is numbered and sent within seconds, when whoever does it runs.
_LATE_WARN_S, _LATE_FAIL_S = 600.0, 3600.0
#: In shares of the time between two backups.
_BACKUP_WARN, _BACKUP_FAIL = 1.5, 3.0

_VERSIONS = "SELECT current_setting('server_version'), public.postgis_lib_version(), current_setting('server_encoding')"
_CLOCK = "SELECT extract(epoch FROM clock_timestamp())::float8"
_IN_FORCE = "SELECT j.code, geoservice.edition_at(j.id, now()) FROM geoservice.jurisdiction AS j ORDER BY j.code"
_OUTBOX = """
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(o.at)), 0)::float8 FROM geoservice.outbox AS o
     WHERE o.number IS NULL
"""
_DELIVERIES = """
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(d.due_at)), 0)::float8
      FROM geoservice.delivery AS d JOIN geoservice.webhook AS w ON w.id = d.webhook_id
     WHERE d.status = 'waiting' AND d.due_at < clock_timestamp() AND w.disabled_at IS NULL
"""


@dataclass(frozen=True)
class Verdict:
    """What one check found."""

    check: str
    level: Level
    said: str
    #: What to do about it; empty when nothing is to be done.
    remedy: str = ""


#: What a check yields, before it has the check's name: level, what it says, what to do.
Found = tuple[Level, str, str]
Look = Callable[[Settings], Iterator[Found]]
Ask = Callable[[Connection[Any], Settings], Iterator[Found]]


def diagnose(settings: Settings) -> list[Verdict]:
    """Do every check, in order; those that ask the database are left when it does not answer."""
    verdicts: list[Verdict] = []
    answers = True
    for name, look, asks in CHECKS:
        if asks and not answers:
            verdicts.append(Verdict(name, "warn", "Not looked at: the database does not answer."))
            continue
        found = _in_time(name, look, settings)
        verdicts += found
        if look is _database:
            answers = all(one.level != "fail" for one in found)
    return verdicts


def _in_time(name: str, look: Look, settings: Settings) -> list[Verdict]:
    """Do one check; what hangs, such as a disk of another machine, is left to itself and told."""
    verdicts: list[Verdict] = []

    def work() -> None:
        try:
            verdicts.extend(Verdict(name, *found) for found in list(look(settings)))
        except (EmbeddedError, GeoserviceError, LayerError, OSError, psycopg.Error) as exc:
            verdicts.append(Verdict(name, "fail", _one_line(exc), "Mend what is named, and run this again."))

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    thread.join(MOST_S)
    if thread.is_alive():
        return [Verdict(name, "fail", f"It was not done after {MOST_S:.0f} s.", "Look at the disk and the database.")]
    return verdicts


def _one_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _connect(settings: Settings) -> Connection[Any]:
    """Return a connection that sees all rows and writes none."""
    options = f"-c role={EVERYWHERE.role} -c statement_timeout={_STATEMENT_MS} -c default_transaction_read_only=on"
    url = wiring.database_urls(settings).service
    return psycopg.connect(url, connect_timeout=3, options=options, autocommit=True)


def _asked(ask: Ask) -> Look:
    def look(settings: Settings) -> Iterator[Found]:
        with _connect(settings) as connection:
            yield from ask(connection, settings)

    return look


def _one(connection: Connection[Any], query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return None if row is None else row[0]


def _database(settings: Settings) -> Iterator[Found]:
    try:
        _connect(settings).close()
    except NoDatabase:
        yield "fail", "The embedded database does not run.", "Run: geoservice up"
    except psycopg.Error as exc:
        yield "fail", f"It does not let the service in: {_one_line(exc)}", "Run: geoservice db upgrade"
    else:
        yield "ok", "It answers.", ""


def _versions(connection: Connection[Any], settings: Settings) -> Iterator[Found]:
    server, postgis, encoding = connection.execute(_VERSIONS.encode()).fetchone() or ("0", "0", "")
    said = f"PostgreSQL {server}, PostGIS {postgis}, {encoding}."
    fits = (
        connection.info.server_version >= _POSTGRESQL * 10_000 and _numbers(postgis) >= _POSTGIS and encoding == "UTF8"
    )
    needed = f"It needs PostgreSQL {_POSTGRESQL}, PostGIS {'.'.join(map(str, _POSTGIS))} and UTF8: bring it up to that."
    yield ("ok", said, "") if fits else ("fail", said, needed)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _schema(connection: Connection[Any], settings: Settings) -> Iterator[Found]:
    found, needed = _one(connection, "SELECT version_num FROM public.geoservice_schema_version"), schema.head()
    if found == needed:
        yield "ok", f"Revision {found}.", ""
    elif found in schema.known_revisions():
        yield "fail", f"Revision {found}; this version needs {needed}.", "Run: geoservice db upgrade"
    else:
        yield "fail", f"Revision {found} is of a newer version than this one.", "Install that version of the service."


def _openings(settings: Settings) -> Iterator[Found]:
    found = find_openings(wiring.database_urls(settings).service)
    for one in found:
        yield "warn", one.what, " ".join(filter(None, (one.remedy, *one.statements)))
    if not found:
        yield "ok", "Nothing stands open.", ""


def _clock(connection: Connection[Any], settings: Settings) -> Iterator[Found]:
    before = time.time()
    there = float(_one(connection, _CLOCK))
    apart_s = max(before - there, there - time.time(), 0.0)
    level: Level = "fail" if apart_s > _CLOCK_FAIL_S else "warn" if apart_s > _CLOCK_WARN_S else "ok"
    remedy = "" if level == "ok" else "Have both machines keep their time by NTP."
    yield level, f"The clocks of this machine and of the database are {apart_s:.1f} s apart.", remedy


def _data_disk(settings: Settings) -> Iterator[Found]:
    yield _disk(settings.data_dir, "GEOSERVICE_DATA_DIR")


def _backup_disk(settings: Settings) -> Iterator[Found]:
    if settings.backup_dir is not None:
        yield _disk(settings.backup_dir, "GEOSERVICE_BACKUP_DIR")


def _disk(directory: Path, variable: str) -> Found:
    there = next(path for path in (directory.absolute(), *directory.absolute().parents) if path.exists())
    usage = shutil.disk_usage(there)
    said = f"{usage.free / 1e9:,.1f} GB of {usage.total / 1e9:,.1f} GB are free at {directory}."
    remedy = f"Free some space, or set {variable} to a directory on another disk."
    if usage.free < _FREE_LEAST_BYTES:
        return "fail", said, remedy
    if usage.free < min(_FREE_BYTES, _FREE_SHARE * usage.total):
        return "warn", said, remedy
    return "ok", said, ""


def _files(settings: Settings) -> Iterator[Found]:
    """Look at what nobody but its owner may read: words of residents, passwords, keys."""
    wide = [path for path in _closed_files(settings) if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    for path in wide:
        yield "fail", f"Others may read {path}, or enter it.", f"Run: chmod go= '{path}'"
    if not wide:
        yield "ok", "Others may read nothing that is not theirs.", ""


def _closed_files(settings: Settings) -> Iterator[Path]:
    cluster = embedded_cluster(settings)
    if cluster is not None:
        layout = cluster.layout
        yield from (layout.database, layout.socket_dir, layout.log_dir, layout.password_file)
    instance = Instance(settings.data_dir)
    yield from (instance.log_file, settings.data_dir / REGISTER_KEY)
    if settings.backup_dir is not None and settings.backup_dir.is_dir():
        yield from settings.backup_dir.glob("*.backup")


def _backups(settings: Settings) -> Iterator[Found]:
    if settings.backup_dir is None:
        how = "Set GEOSERVICE_BACKUP_DIR to a directory on another disk, or run: geoservice db backup FILE"
        yield "warn", "No backups are made on a schedule.", how
        return
    newest = keeping.newest_of(wiring.database_urls(settings).service, settings.backup_dir)
    if newest is None:
        yield "fail", f"There is no backup of this database in {settings.backup_dir}.", "Run: geoservice db backup"
        return
    age_h = (datetime.now(UTC) - newest[1].started_at).total_seconds() / 3600
    said = f"The newest backup is {age_h:.1f} hours old: {newest[0]}."
    share = age_h / settings.backup_every_h
    level: Level = "fail" if share > _BACKUP_FAIL else "warn" if share > _BACKUP_WARN else "ok"
    yield level, said, "" if level == "ok" else "Look into the log for why, or run: geoservice db backup"


def _outbox(connection: Connection[Any], settings: Settings) -> Iterator[Found]:
    yield _late(float(_one(connection, _OUTBOX)), "Events wait for their number for at most", settings)


def _deliveries(connection: Connection[Any], settings: Settings) -> Iterator[Found]:
    yield _late(float(_one(connection, _DELIVERIES)), "Deliveries of webhooks are late by at most", settings)


def _late(age_s: float, said: str, settings: Settings) -> Found:
    level: Level = "fail" if age_s > _LATE_FAIL_S else "warn" if age_s > _LATE_WARN_S else "ok"
    who = "geoservice up" if settings.embedded else "geoservice serve --worker"
    return level, f"{said} {age_s:.0f} s.", "" if level == "ok" else f"See that a worker runs: {who}"


def _grids(connection: Connection[Any], settings: Settings) -> Iterator[Found]:
    rows = connection.execute(_IN_FORCE.encode()).fetchall()
    for code in (code for code, edition in rows if edition is None):
        yield (
            "warn",
            f"No grids are in force in {code}: what is reported there waits in the queue.",
            (f"Publish an edition: geoservice edition list --jurisdiction {code}"),
        )
    in_force = sum(edition is not None for _, edition in rows)
    yield ("ok", f"Grids are in force in {in_force} of {len(rows)} jurisdictions.", "")


def _engine(settings: Settings) -> Iterator[Found]:
    name, why = engine_for(settings.engine)
    if name == "compiled":
        yield "ok", "The compiled kernel answers look-ups.", ""
        return
    # Nothing is wrong with an installation that could not compile; with a kernel that does not fit something is.
    level: Level = "ok" if why in (ASKED_FOR, NOT_BUILT) else "warn"
    yield level, f"numpy answers look-ups, the same and slower: {why}.", "" if why == ASKED_FOR else REMEDY


def _loaded(connection: Connection[Any], settings: Settings) -> Iterator[Found]:
    """Compare what is in force with what the web server holds in memory; it is asked once, of one of its workers."""
    held = _held(settings)
    if held is None:
        yield "warn", "The web server does not answer, so what it holds was not looked at.", "Run: geoservice up"
        return
    in_force = {(code, edition) for code, edition in connection.execute(_IN_FORCE.encode()) if edition is not None}
    # Of a closed jurisdiction it says the edition, but not whose it is.
    loaded = {(one["jurisdiction"], one["edition"]) for one in held.get("editions", ())}
    missing = sorted(one for one in in_force if one not in loaded and (None, one[1]) not in loaded)
    why = held.get("failure") or "it was not read yet"
    if not settings.hold_editions:
        yield "ok", "Look-ups are asked of the database.", ""
        return
    for code, edition in missing:
        yield (
            "fail",
            f"Edition {edition} of {code} is in force and could not be loaded: {why}.",
            (f"Run: geoservice edition validate {edition}, and look into the log."),
        )
    if not missing:
        yield "ok", f"The web server holds all {len(in_force)} editions in force.", ""


def _held(settings: Settings) -> dict[str, Any] | None:
    """Return what a worker of the web server says that it holds; None when nobody answers."""
    state = Instance(settings.data_dir).running()
    at = base_url(settings.host, settings.port) if state is None else base_url(state.host, state.port)
    asked = urllib.request.Request(f"{at}/readyz")  # noqa: S310  our own address, http
    host = next(iter(trusted_hosts(settings)), None)
    if host is not None:
        asked.add_header("Host", host.lstrip("."))
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=3) as answer:
            return dict(json.load(answer)["held"] or {})
    except (OSError, ValueError, KeyError, TypeError):
        return None


#: Name, check, and whether it asks the database. `_database` comes first: without it the others of it are left.
CHECKS: tuple[tuple[str, Look, bool], ...] = (
    ("database", _database, False),
    ("versions", _asked(_versions), True),
    ("schema", _asked(_schema), True),
    ("openings", _openings, True),
    ("clock", _asked(_clock), True),
    ("disk", _data_disk, False),
    ("disk of backups", _backup_disk, False),
    ("files", _files, False),
    ("backup", _backups, True),
    ("outbox", _asked(_outbox), True),
    ("deliveries", _asked(_deliveries), True),
    ("grids", _asked(_grids), True),
    ("engine", _engine, False),
    ("loaded editions", _asked(_loaded), True),
    ("keys and accounts", _asked(doctor_checks.ending), True),
    ("audit", _asked(doctor_checks.sealed), True),
    ("anchors", doctor_checks.anchored, False),
    ("retention", _asked(doctor_checks.words_go), True),
)
