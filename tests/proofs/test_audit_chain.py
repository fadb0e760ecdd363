"""A million entries in the chain: each kind of tampering is found, and sealing keeps up; figures are printed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from geoservice.records.audit.queries import waiting
from geoservice.services.audit.anchors import Anchor
from geoservice.services.audit.exporting import chain_head
from geoservice.services.audit.verifying import verify_chain
from geoservice.services.clock import JOBS, Scheduler
from layers.db.session import Database
from tests.conftest import DatabaseMaker, as_service
from tests.geoservice.services.audit import tampering
from tests.geoservice.services.audit.tampering import NOTE, as_tamperer, seal_all, write_entries

pytestmark = pytest.mark.prove

COUNT, AT_ONCE, SOMEWHERE = 1_000_000, 500, 654_321
#: Each of the writers writes so many transactions of so many entries: somewhat more than 500 a second for 80 s.
WRITERS, TRANSACTIONS, AT_ONCE_BESIDE, PAUSE_S = 4, 1_200, 10, 0.06


@pytest.fixture
def maker(cluster_url: str) -> Iterator[DatabaseMaker]:
    maker = DatabaseMaker(cluster_url)
    yield maker
    maker.drop_all()


def test_a_million_entries_and_each_kind_of_tampering(maker: DatabaseMaker, template: str) -> None:
    url = maker.clone(template)
    began = time.monotonic()
    write_entries(url, COUNT, at_once=AT_ONCE)
    written_s = time.monotonic() - began
    database = Database.connect(as_service(url), pool_size=2)
    began = time.monotonic()
    seal_all(database)
    sealed_s = time.monotonic() - began
    head = chain_head(database)
    anchor = Anchor(head.seq, head.hash, "kept")
    began = time.monotonic()
    assert verify_chain(database, [anchor]).faults == ()
    verified_s = time.monotonic() - began
    database.close()
    with psycopg.connect(url) as connection:
        sizes = "SELECT sum(pg_total_relation_size(t::regclass)) FROM unnest(%s::text[]) AS t"
        size = connection.execute(sizes, [["geoservice.audit_entry", "geoservice.audit_seal"]]).fetchone()
    print(
        f"\n{size and int(size[0]) / 1e6:,.0f} MB; {COUNT:,} entries written in {written_s:.1f} s,"
        f" sealed in {sealed_s:.1f} s ({COUNT / sealed_s:,.0f} a second), verified in {verified_s:.1f} s"
    )

    found = {deed.__name__: _tampered(maker, url, deed, anchor) for deed in (
        tampering.change, tampering.remove, tampering.remove_with_seal, tampering.slip_in, tampering.reorder,
        tampering.cut_tail, tampering.make_anew,
    )}  # fmt: skip

    print(found)
    assert found == {
        "change": ([("changed", SOMEWHERE)], []),
        "remove": ([("removed", SOMEWHERE)], []),
        "remove_with_seal": ([("gap", SOMEWHERE)], []),
        "slip_in": ([("slipped in", COUNT + 1)], []),
        "reorder": ([("changed", SOMEWHERE), ("changed", SOMEWHERE + 1)], []),
        "cut_tail": ([], [("cut off", COUNT)]),
        "make_anew": ([], [("another chain", COUNT)]),
    }


def _tampered(maker: DatabaseMaker, url: str, deed: tampering.Deed, anchor: Anchor) -> tuple[Any, Any]:
    """Return what is found after a deed: by the chain itself, and by the anchor alone."""
    database_url = maker.clone(str(make_url(url).database))
    with as_tamperer(database_url) as connection:
        deed(connection, SOMEWHERE)
    database = Database.connect(as_service(database_url), pool_size=1)
    faults = verify_chain(database, [anchor]).faults
    database.close()
    with psycopg.connect(maker.cluster_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {make_url(database_url).database}".encode())
    maker.made.remove(str(make_url(database_url).database))
    found = [(fault.kind, fault.number, fault.source) for fault in faults]
    return [one[:2] for one in found if not one[2]], [one[:2] for one in found if one[2]]


def test_sealing_keeps_up(database_url: str, database: Database) -> None:
    """The clock itself seals, as often as it does, while four writers write."""
    clock = Scheduler(database, [job for job in JOBS if job.name == "audit_seals"])
    running = threading.Thread(target=clock.run)
    running.start()
    writers = [threading.Thread(target=_write, args=(database_url,)) for _ in range(WRITERS)]
    began = time.monotonic()
    for writer in writers:
        writer.start()
    most = 0
    while any(writer.is_alive() for writer in writers):
        with database.transaction() as connection:
            most = max(most, waiting(connection).count)
        time.sleep(0.2)
    written_s = time.monotonic() - began
    clock.stop()
    running.join()
    by_clock = chain_head(database).seq
    began = time.monotonic()
    seal_all(database)
    rest_s = time.monotonic() - began

    written = WRITERS * TRANSACTIONS * AT_ONCE_BESIDE
    print(
        f"\n{written:,} entries in {written_s:.0f} s ({written / written_s:.0f} a second, {AT_ONCE_BESIDE} a"
        f" transaction): at most {most:,} waited, the clock sealed {by_clock:,}; the rest took {rest_s:.2f} s"
    )
    found = verify_chain(database, [])
    assert (found.seq, found.faults, found.waiting.count) == (written, (), 0)
    assert by_clock > 0


def _write(url: str) -> None:
    """Write a share of the entries, evenly."""
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(TRANSACTIONS):
            connection.execute(NOTE, [1, AT_ONCE_BESIDE])
            time.sleep(PAUSE_S)
