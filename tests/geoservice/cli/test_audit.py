"""audit verify, export and list at the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from geoservice.cli.main import geoservice
from geoservice.services.audit.anchors import AnchorFile, AnchorUnreadable
from geoservice.services.backup.dumping import back_up
from layers.db.session import Database
from tests.conftest import as_service
from tests.geoservice.services.audit import tampering
from tests.geoservice.services.audit.tampering import as_tamperer, seal_all, write_entries

COUNT, SOMEWHERE = 60, 33


@pytest.fixture
def chain(database_url: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return a superuser's address of a database with a chain, which the commands use."""
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", as_service(database_url))
    monkeypatch.setenv("GEOSERVICE_DATA_DIR", str(tmp_path))
    write_entries(database_url, COUNT, at_once=7)
    seal_all(database)
    yield database_url


def run(*arguments: str) -> Result:
    return CliRunner().invoke(geoservice, ["audit", *arguments], catch_exceptions=False)


def test_a_chain_that_is_whole_is_told_with_its_anchor(chain: str) -> None:
    result = run("verify")

    assert result.exit_code == 0, result.output
    assert f"{COUNT} entries, without an anchor to compare with: as they were sealed." in result.output
    assert f"anchor {COUNT}:" in result.output


def test_an_anchor_that_was_written_down_shows_a_chain_that_was_made_anew(chain: str) -> None:
    anchor = run("verify").output.splitlines()[-1].removeprefix("anchor ")
    with as_tamperer(chain) as connection:
        tampering.make_anew(connection, SOMEWHERE)

    assert run("verify").exit_code == 0
    result = run("verify", "--anchor", anchor)
    assert result.exit_code == 1
    assert f"link {COUNT} is another one than was told in stated" in result.output


def test_the_anchors_of_the_data_directory_are_compared_by_themselves(
    chain: str, database: Database, tmp_path: Path
) -> None:
    with database.transaction() as connection:
        AnchorFile(tmp_path / "audit" / "anchors.jsonl").tell_head(connection)
    assert "compared with 1 anchors" in run("verify").output
    with as_tamperer(chain) as connection:
        tampering.cut_tail(connection, SOMEWHERE)

    result = run("verify", "--json")
    told = json.loads(result.output.splitlines()[-1])
    assert result.exit_code == 1
    assert told["faults"] == [{"kind": "cut off", "number": COUNT, "source": "anchors.jsonl, line 1"}]


def test_a_backup_tells_an_anchor(chain: str, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    manifest = back_up(chain, file)
    assert (manifest.audit_seq, len(manifest.audit_hash)) == (COUNT, 64)
    assert run("verify", "--backup", str(file)).exit_code == 0
    with as_tamperer(chain) as connection:
        tampering.make_anew(connection, SOMEWHERE)

    result = run("verify", "--backup", str(file))
    assert result.exit_code == 1
    assert "one.backup" in result.output


def test_an_anchor_that_is_none_is_refused_in_a_sentence(chain: str) -> None:
    with pytest.raises(AnchorUnreadable, match="SEQ:HASH"):
        run("verify", "--anchor", "12")


def test_an_export_goes_on_where_it_ended(chain: str) -> None:
    first = run("export").stdout.splitlines()
    assert [json.loads(line)["seq"] for line in first] == list(range(1, COUNT + 1))

    assert run("export", "--after", "50").stdout.splitlines() == first[50:]
    assert run("export", "--after", str(COUNT)).stdout == ""


def test_entries_are_listed_and_counted(chain: str) -> None:
    result = run("list", "--what", "incident_read", "--limit", "5")

    assert result.stdout.count("incident_read") == 5
    assert f"5 of {COUNT} entries." in result.stderr
