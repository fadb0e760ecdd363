"""Whatever rule of the database a door meets, people read a sentence that says what to do, not the rule's name."""

from __future__ import annotations

import re

import psycopg
import pytest

from layers.db.sentences import SENTENCES, broken, missing
from layers.db.session import Database
from layers.errors import RefusedByDatabase
from tests.own_layers import one_of_each

#: Written by triggers and by the service's own bookkeeping alone: a rule of theirs that breaks is our mistake.
OUR_OWN = {
    "applied_edition", "audit_entry", "audit_head", "audit_seal", "delivery", "draft_change", "draft_step",
    "edition_period", "ended_right", "erasure", "finding", "grid_lineage", "key_use", "layer", "lifecycle", "outbox",
    "outbox_head", "pending_sign_in", "preview", "provider_sign_in", "recovery_code", "report_key", "retention_run",
    "scheduled_job", "second_factor", "session", "sign_in_attempt", "territory", "working_span",
}  # fmt: skip
RULES = """
    SELECT t.relname, c.conname FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.conrelid
     WHERE t.relnamespace = 'geoservice'::regnamespace
       AND NOT (c.contype = 't' AND c.conname = 'audit')  -- it refuses nothing: it leaves a trace
    UNION SELECT t.relname, x.relname FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid
      JOIN pg_class AS x ON x.oid = i.indexrelid
     WHERE t.relnamespace = 'geoservice'::regnamespace AND i.indisunique
"""


@pytest.fixture
def rules(database_url: str) -> set[tuple[str, str]]:
    """Return the rules of every table, those of layers that people make among them."""
    with psycopg.connect(database_url) as connection:
        one_of_each(connection)
        return set(connection.execute(RULES))


def test_each_rule_that_a_door_can_meet_has_its_sentence(rules: set[tuple[str, str]]) -> None:
    met = {rule for table, rule in rules if table not in OUR_OWN}

    assert len(met) > 100
    assert sorted(rule for rule in met if rule in broken(rule)) == []


def test_each_sentence_is_about_a_rule_that_there_is(rules: set[tuple[str, str]]) -> None:
    names = {rule for _, rule in rules}

    assert [end for end in SENTENCES if not any(name == end or name.endswith(f"_{end}") for name in names)] == []
    assert OUR_OWN <= {table for table, _ in rules}


@pytest.mark.parametrize("sentence", sorted(set(SENTENCES.values())))
def test_a_sentence_is_one(sentence: str) -> None:
    assert re.fullmatch(r"[A-Z].{10,180}\.", sentence)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("INSERT INTO geoservice.jurisdiction (code, name, outline, metric_srid) VALUES"
         " ('a', ' \u202e', st_multi(st_makeenvelope(91, 29, 92, 30, 4326)), 4540)", "The name of a jurisdiction is"),
        ("INSERT INTO geoservice.access_grant (login, role) VALUES ('desk', 'king')", "A role is reader"),
        ("INSERT INTO geoservice.service (jurisdiction_id, code, name) VALUES (7, 'a', 'a')", "no such jurisdiction"),
        ("INSERT INTO geoservice.staff (jurisdiction_id, code, call_sign, role) VALUES (7, 'a', 'a', 'cook')",
         "Staff are grid_officer"),
        ("INSERT INTO geoservice.service (jurisdiction_id, code) VALUES (7, 'a')", "name is missing: give it."),
        ("INSERT INTO geoservice.incident (service_code, geom, description) VALUES"
         " ('light', 'SRID=4326;POINT(1 1)', '找 138/1234/5678')", "There is no service light"),
    ],
)  # fmt: skip
def test_people_read_it(database_url: str, statement: str, said: str) -> None:
    database = Database.connect(database_url, pool_size=1)
    try:
        with pytest.raises(RefusedByDatabase, match=said), database.transaction() as connection:
            connection.exec_driver_sql("RESET ROLE")
            connection.exec_driver_sql(statement)
    finally:
        database.close()


def test_an_unknown_rule_is_named_so_that_it_can_be_asked_about() -> None:
    assert broken("of_tomorrow") == "The data break the rule of_tomorrow."
    assert missing(None) == "Something is missing: give it."
