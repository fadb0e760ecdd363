"""The chain of the audit: what is sealed in which order, and how each kind of tampering is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from geoservice.records.audit.model import NO_HASH
from geoservice.records.audit.queries import seal_some, waiting
from geoservice.services.audit.anchors import Anchor, AnchorFile, AnchorUnreadable, read_anchor
from geoservice.services.audit.exporting import chain_head, chain_lines
from geoservice.services.audit.verifying import Verified, verify_chain
from layers.db.session import Database
from tests.geoservice.services.audit import tampering
from tests.geoservice.services.audit.tampering import as_tamperer, seal_all, write_entries
from tests.waiting import wait_until

COUNT, AT_ONCE, SOMEWHERE = 300, 7, 137


@pytest.fixture
def chain(database_url: str, database: Database) -> Iterator[str]:
    """Return the address of a database with a sealed chain."""
    write_entries(database_url, COUNT, at_once=AT_ONCE)
    seal_all(database)
    yield database_url


def head_of(database: Database) -> Anchor:
    head = chain_head(database)
    return Anchor(head.seq, head.hash, "kept")


def kinds(found: Verified) -> list[tuple[str, int]]:
    return [(fault.kind, fault.number) for fault in found.faults]


def test_a_chain_that_nobody_touched_is_whole(chain: str, database: Database) -> None:
    found = verify_chain(database, [head_of(database)])

    assert (found.seq, found.faults, found.unnamed, found.waiting.count, found.anchors) == (COUNT, (), 0, 0, 1)
    assert found.hash == head_of(database).hash


@pytest.mark.parametrize(
    ("deed", "found_without_anchor", "found_with_anchor"),
    [
        (tampering.change, [("changed", SOMEWHERE)], []),
        (tampering.remove, [("removed", SOMEWHERE)], []),
        (tampering.remove_with_seal, [("gap", SOMEWHERE)], []),
        (tampering.reorder, [("changed", SOMEWHERE), ("changed", SOMEWHERE + 1)], []),
        (tampering.cut_tail, [], [("cut off", COUNT)]),
        (tampering.make_anew, [], [("another chain", COUNT)]),
    ],
)
def test_tampering_is_found(
    chain: str, database: Database, deed: tampering.Deed, found_without_anchor: list[Any], found_with_anchor: list[Any]
) -> None:
    anchor = head_of(database)
    with as_tamperer(chain) as connection:
        deed(connection, SOMEWHERE)

    assert kinds(verify_chain(database, [])) == found_without_anchor
    assert kinds(verify_chain(database, [anchor])) == found_without_anchor + found_with_anchor


def test_an_entry_that_is_slipped_in_between_older_ones_is_found(chain: str, database: Database) -> None:
    with as_tamperer(chain) as connection:
        tampering.slip_in(connection, SOMEWHERE)
        slipped = connection.execute("SELECT max(id) FROM geoservice.audit_entry").fetchone()
    seal_all(database)

    assert kinds(verify_chain(database, [])) == [("slipped in", slipped[0])]


def test_an_end_that_is_cut_off_clumsily_is_found_without_an_anchor(chain: str, database: Database) -> None:
    with as_tamperer(chain) as connection:
        connection.execute("DELETE FROM geoservice.audit_seal WHERE seq > %s", [SOMEWHERE])

    assert ("cut off", COUNT) in kinds(verify_chain(database, []))


def test_an_anchor_of_long_ago_is_enough(chain: str, database: Database, database_url: str) -> None:
    old = head_of(database)
    write_entries(database_url, 50, at_once=50)
    seal_all(database)
    assert verify_chain(database, [old]).faults == ()
    with as_tamperer(chain) as connection:
        tampering.make_anew(connection, SOMEWHERE)

    assert kinds(verify_chain(database, [old])) == [("another chain", COUNT)]


def test_what_is_sealed_is_final(database_url: str, database: Database) -> None:
    """A lower number that is still open keeps a higher one that is committed from being sealed."""

    def is_sealed(who: str) -> bool:
        with database.transaction() as connection:
            seal_some(connection)
        query = """SELECT FROM geoservice.audit_seal AS s JOIN geoservice.audit_entry AS e ON e.id = s.entry_id
                    WHERE e.touched ->> 'who' = %s"""
        with psycopg.connect(database_url) as connection:
            return connection.execute(query, [who]).fetchone() is not None

    note = "SELECT geoservice.note_audit('incident_read', NULL, jsonb_build_object('who', %s::text))"
    with psycopg.connect(database_url) as early, psycopg.connect(database_url) as late:
        early.execute(note, ["early"])
        late.execute(note, ["late"])
        late.commit()
        assert not is_sealed("late")
        early.commit()
    wait_until(lambda: is_sealed("late"), "the late one is sealed")

    order = """SELECT e.touched ->> 'who' FROM geoservice.audit_seal AS s
                 JOIN geoservice.audit_entry AS e ON e.id = s.entry_id ORDER BY s.seq"""
    with psycopg.connect(database_url) as connection:
        assert [who for (who,) in connection.execute(order)] == ["early", "late"]


def test_what_waits_is_counted(database_url: str, database: Database) -> None:
    write_entries(database_url, 3, at_once=3)
    with database.transaction() as connection:
        waits = waiting(connection)

    assert waits.count == 3 and waits.oldest_at is not None
    assert verify_chain(database, []).waiting == waits


def test_after_a_restore_into_another_cluster_entries_follow_those_before(chain: str, database: Database) -> None:
    """Transactions are counted from elsewhere there: without an era of its own the next entry would look slipped in."""
    with as_tamperer(chain) as connection:
        connection.execute("UPDATE geoservice.audit_head SET cluster = '1', sealed_tx = sealed_tx + 1000000000")
    with psycopg.connect(chain) as connection:
        assert connection.execute("SELECT geoservice.begin_audit_era()").fetchone() == (2,)
        assert connection.execute("SELECT geoservice.begin_audit_era()").fetchone() == (2,)
    write_entries(chain, 5, at_once=1)
    seal_all(database)

    found = verify_chain(database, [])
    assert (found.seq, found.faults) == (COUNT + 5, ())


# Nobody but the one function writes.


WRITES = [
    "INSERT INTO geoservice.audit_entry (era, who, what) VALUES (1, 'a', 'sign_in')",
    "UPDATE geoservice.audit_entry SET who = 'a'",
    "DELETE FROM geoservice.audit_entry",
    "TRUNCATE geoservice.audit_entry",
    "INSERT INTO geoservice.audit_seal VALUES (1, 1, decode(repeat('00', 32), 'hex'))",
    "UPDATE geoservice.audit_seal SET entry_id = 0",
    "DELETE FROM geoservice.audit_seal",
    "TRUNCATE geoservice.audit_seal",
    "UPDATE geoservice.audit_head SET seq = 0",
    "SELECT geoservice.begin_audit_era()",
]
ROLES = ["geoservice_everywhere", "geoservice_within", "geoservice_analyst", "geoservice_reader"]


@pytest.mark.parametrize("statement", WRITES)
@pytest.mark.parametrize("role", ROLES)
def test_no_role_of_the_service_writes_entries_by_itself(database_url: str, role: str, statement: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(f"SET ROLE {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


@pytest.mark.parametrize("role", ["geoservice_analyst", "geoservice_reader"])
@pytest.mark.parametrize("statement", ["SELECT FROM geoservice.audit_entry", "SELECT geoservice.note_audit('sign_in')"])
def test_logins_of_people_neither_read_nor_write_entries(database_url: str, role: str, statement: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(f"SET ROLE {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


@pytest.mark.parametrize("table", ["audit_entry", "audit_seal"])
@pytest.mark.parametrize("verb", ["UPDATE geoservice.{} SET {}", "DELETE FROM geoservice.{}", "TRUNCATE geoservice.{}"])
def test_not_even_the_owner_does_so_by_mistake(chain: str, table: str, verb: str) -> None:
    column = "who = who" if table == "audit_entry" else "seq = seq"
    with (
        psycopg.connect(chain) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="only ever added"),
    ):
        connection.execute(verb.format(table, column))


# What is told elsewhere.


def test_anchors_are_told_beside_the_database(chain: str, database: Database, tmp_path: Path, capsys: Any) -> None:
    file = AnchorFile(tmp_path / "audit" / "anchors.jsonl")
    with database.transaction() as connection:
        assert [file.tell_head(connection), file.tell_head(connection)] == [1, 0]
        assert AnchorFile(file.path).tell_head(connection) == 0

    head = head_of(database)
    assert [(one.seq, one.hash) for one in file.anchors()] == [(head.seq, head.hash)]
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert head.hash.hex() in capsys.readouterr().out
    assert read_anchor(f"{head.seq}:{head.hash.hex()}").hash == head.hash


def test_nothing_is_told_of_an_empty_chain(database: Database, tmp_path: Path) -> None:
    with database.transaction() as connection:
        assert AnchorFile(tmp_path / "anchors.jsonl").tell_head(connection) == 0
    assert not (tmp_path / "anchors.jsonl").exists()


@pytest.mark.parametrize("line", ["", "{}", '{"seq": 1, "hash": "x"}', "null", "[1]"])
def test_an_anchor_that_can_not_be_read_is_told(tmp_path: Path, line: str) -> None:
    (tmp_path / "anchors.jsonl").write_text(f"{line}\n")

    with pytest.raises(AnchorUnreadable, match="line 1"):
        list(AnchorFile(tmp_path / "anchors.jsonl").anchors())


@pytest.mark.parametrize("text", ["", "1", "0:" + "0" * 64, "1:0", "x:" + "0" * 64])
def test_an_anchor_that_is_none_is_told(text: str) -> None:
    with pytest.raises(AnchorUnreadable):
        read_anchor(text)


def test_what_is_exported_verifies_without_the_database(chain: str, database: Database) -> None:
    lines = list(chain_lines(database, after=0, up_to=COUNT))
    last = NO_HASH
    for seq, line in lines:
        text = line.partition(' "entry": ')[2].removesuffix("}")
        last = hashlib.sha256(last + text.encode()).digest()
        told = json.loads(line)
        assert (told["seq"], told["hash"], told["entry"]) == (seq, last.hex(), json.loads(text))

    assert (len(lines), last) == (COUNT, head_of(database).hash)
    assert list(chain_lines(database, after=200, up_to=COUNT)) == lines[200:]
