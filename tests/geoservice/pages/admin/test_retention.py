"""Retention on pages: what is past its time, and what another term would take away, said before it counts."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from geoservice.auth.model import Role
from geoservice.wiring import Services
from layers.jurisdictions.model import Retention
from tests.geoservice.pages.admin.people import Administrator, errors, make_town, noted
from tests.geoservice.pages.admin.test_calendar import SEEN, agreed
from tests.geoservice.pages.desk.test_pages import Browser
from tests.geoservice.web.attacks import hostile_texts

TERMS = {"words": "180", "deliveries": "30", "report_keys": "7", "sessions": "7"}


def kept(services: Services) -> Retention:
    return services.administration.place("sare")[0].retention


def test_terms_are_changed_once_what_goes_was_read(services: Services, community_url: str) -> None:
    admin = Administrator(services)
    with psycopg.connect(community_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")  # as if they had been closed long ago
        connection.execute(
            "UPDATE geoservice.incident SET status_since = now() - interval '60 days' WHERE id IN ("
            " SELECT id FROM geoservice.incident WHERE NOT geoservice.is_open(status) ORDER BY id LIMIT 50)"
        )
        [(closed, old)] = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE NOT geoservice.is_open(status)"
            "  AND status_since < now() - interval '9 days') FROM geoservice.incident WHERE words_gone_at IS NULL"
        ).fetchall()
    assert 0 < old < closed
    assert admin.send("retention/terms", **TERMS).status_code == 303
    asked = admin.send("retention/terms", **TERMS | {"words": "９", "deliveries": "40", "sessions": ""})
    assert "Words of reports and of steps: 9 days in place of 180 days." in asked.text
    assert f"takes {old:,} of {closed:,} away" in asked.text
    assert "Messages of webhooks: 40 days in place of 30 days. Nothing is past its time now." in asked.text
    assert "Sessions: for good in place of 7 days. Nothing goes by itself any more" in asked.text
    assert kept(services) == Retention()
    other = admin.send("retention/terms", **TERMS | {"words": "8"}, agreed=agreed(asked))
    assert "8 days in place of 180 days" in other.text
    assert kept(services) == Retention()
    done = admin.send("retention/terms", **TERMS | {"words": "9"}, agreed=agreed(
        admin.send("retention/terms", **TERMS | {"words": "9"})))  # fmt: skip
    assert kept(services) == Retention(words=9)
    told = admin.get(done.headers["Location"]).text
    assert "How long is kept is saved." in told
    assert f"{old:,} of {closed:,}" in told
    assert "Nothing went so far." in told
    assert noted(community_url, "jurisdiction_changed")[0] == "admin:admin-5"
    went = sum(services.retention.run(actor="test"))
    assert went >= old
    told = admin.show("retention").text
    assert f"0 of {closed - old:,}" in told
    assert "Nothing went so far." not in told


@hostile_texts(7)
def test_terms_that_are_none_are_told_beside_their_fields(services: Services, texts: Sequence[str]) -> None:
    admin = Administrator(services)
    wrong = {"words": "7", "deliveries": "0", "report_keys": "36501", "sessions": "1.5"}
    assert errors(admin.send("retention/terms", **wrong)).keys() == wrong.keys()
    token = admin.token()
    for text in texts:
        answer = admin.post("/admin/sare/retention/terms?lang=en", token=token, **TERMS | {"sessions": text})
        assert answer.status_code in (200, 303, 422), text
        assert "<script>alert" not in answer.text
    assert admin.post("/admin/sare/retention/terms", **TERMS).status_code == 403
    assert kept(services) == Retention()


def test_terms_that_somebody_else_changed_are_not_overwritten_unseen(services: Services) -> None:
    admin = Administrator(services)
    found = SEEN.search(admin.show("retention/terms").text)
    assert found is not None
    services.administration.jurisdictions.keep("sare", {"words": 90})
    assert admin.send("retention/terms", **TERMS, seen=found[1]).status_code == 412
    assert kept(services).words == 90


def test_retention_is_not_for_others(services: Services, community_url: str) -> None:
    make_town(community_url)
    stranger, desk = Administrator(services, "admin-6", "town"), Browser(services, "desk-7", Role.DISPATCHER, "sare")
    token = stranger.token()
    for path in ("retention", "retention/terms"):
        assert stranger.get(f"/admin/sare/{path}").status_code == 403
        assert desk.get(f"/admin/sare/{path}").status_code == 403
    assert stranger.post("/admin/sare/retention/terms", token=token, **TERMS).status_code == 403
    assert stranger.show("retention").status_code == 200
