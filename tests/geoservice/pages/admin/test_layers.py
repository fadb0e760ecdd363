"""Layers on pages: what there is, who changed what field by field, and a change undone as one step."""

from __future__ import annotations

import psycopg

from geoservice.auth.model import Role
from geoservice.wiring import Services
from tests.geoservice.pages.admin.people import Administrator, make_town
from tests.geoservice.pages.desk.test_pages import Browser


def changed(url: str, statement: str) -> int:
    """Change a layer straight in the database; return the change that this was."""
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())
        row = connection.execute("SELECT max(id) FROM geoservice.change").fetchone()
    assert row is not None
    return int(row[0])


BUILDING = "(SELECT code FROM geoservice.building WHERE name IS NOT NULL AND code <> 'A-town' ORDER BY code LIMIT 1)"


def name_of(url: str) -> tuple[str, str]:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT code, name FROM geoservice.building WHERE name IS NOT NULL AND code <> 'A-town'"
            " ORDER BY code LIMIT 1"
        ).fetchone()
    assert row is not None
    return row


def test_a_change_is_shown_field_by_field_and_undone(services: Services, community_url: str) -> None:
    admin, (code, before) = Administrator(services), name_of(community_url)
    change = changed(community_url, f"UPDATE geoservice.building SET name = '<b>new' WHERE code = {BUILDING}")  # noqa: S608
    listed = admin.show("layers").text
    assert f'href="/admin/sare/changes/{change}?lang=en"' in listed
    assert "Buildings: 0, 1, 0" in listed
    with psycopg.connect(community_url) as connection:
        [(buildings,)] = connection.execute("SELECT count(*) FROM geoservice.building").fetchall()
    assert f">{buildings:,}<" in listed
    shown = admin.show(f"changes/{change}").text
    assert "Buildings: 1 to 1 of 1 (0 added, 1 changed, 0 removed)" in shown
    assert f">{code}<" in shown
    assert f"name: {before} → &lt;b&gt;new" in shown
    asked = admin.show(f"changes/{change}/undo").text
    assert "0 that it added are removed, 1 that it changed are as they were, 0 that it removed are put back" in asked
    assert admin.post(f"/admin/sare/changes/{change}/undo", token="").status_code == 403
    assert name_of(community_url)[1] == "<b>new"
    done = admin.send(f"changes/{change}/undo")
    told = admin.get(done.headers["Location"]).text
    assert "It is undone." in told
    assert f"undoes change {change}" in told
    assert name_of(community_url)[1] == before
    after = admin.show(f"changes/{change}").text
    assert "undone by change" in after
    assert f"changes/{change}/undo" not in after
    with psycopg.connect(community_url) as connection:
        [(who, door)] = connection.execute(
            "SELECT actor, door FROM geoservice.change WHERE undoes = %s", [change]
        ).fetchall()
    assert (who, door) == ("admin:admin-5", "api")


def test_what_was_changed_since_is_named_and_not_undone(services: Services, community_url: str) -> None:
    admin, (code, _) = Administrator(services), name_of(community_url)
    first = changed(community_url, f"UPDATE geoservice.building SET name = 'one' WHERE code = {BUILDING}")  # noqa: S608
    changed(community_url, f"UPDATE geoservice.building SET name = 'two' WHERE code = {BUILDING}")  # noqa: S608
    assert f"1 of the features that it touched were changed since ({code})" in admin.show(f"changes/{first}/undo").text
    refused = admin.send(f"changes/{first}/undo")
    assert refused.status_code == 422
    assert "It can not be undone: what it touched was changed since" in refused.text
    assert name_of(community_url)[1] == "two"


def test_long_lists_say_x_of_y_and_go_on(services: Services, community_url: str) -> None:
    admin = Administrator(services)
    change = changed(community_url, "UPDATE geoservice.building SET name = coalesce(name, '') || ' x'")
    with psycopg.connect(community_url) as connection:
        [(buildings,)] = connection.execute("SELECT count(*) FROM geoservice.building").fetchall()
    shown = admin.show(f"changes/{change}").text
    assert f"1 to 100 of {buildings:,}" in shown
    assert f"/admin/sare/changes/{change}?lang=en&amp;layer=buildings&amp;offset=100" in shown
    last = admin.show(f"changes/{change}", f"&layer=buildings&offset={buildings - 1}").text
    assert f"{buildings:,} to {buildings:,} of {buildings:,}" in last
    for _ in range(51):
        changed(community_url, f"UPDATE geoservice.building SET name = name || 'x' WHERE code = {BUILDING}")  # noqa: S608
    listed = admin.show("layers").text
    assert "Earlier ones" in listed
    assert f"changes/{change}?" not in listed
    assert f"changes/{change}?" in admin.show("layers", f"&before={change + 1}").text


def test_what_is_not_there_or_of_others_is_neither_shown_nor_undone(services: Services, community_url: str) -> None:
    change = changed(community_url, f"UPDATE geoservice.building SET name = 'one' WHERE code = {BUILDING}")  # noqa: S608
    make_town(community_url)
    stranger, desk = Administrator(services, "admin-6", "town"), Browser(services, "desk-7", Role.DISPATCHER, "sare")
    everywhere = Administrator(services, "admin-7", None)
    token = stranger.token()
    assert stranger.show("layers").status_code == 200
    for path in (f"changes/{change}", f"changes/{change}/undo"):
        assert stranger.show(path).status_code == 404
        assert stranger.get(f"/admin/sare/{path}").status_code == 403
        assert desk.get(f"/admin/sare/{path}").status_code == 403
        assert everywhere.get(f"/admin/town/{path}").status_code == 404
    assert stranger.post(f"/admin/town/changes/{change}/undo", token=token).status_code == 404
    assert stranger.post(f"/admin/sare/changes/{change}/undo", token=token).status_code == 403
    admin = Administrator(services)
    for wrong in ("0", "none", "9" * 30, "-1", "%00"):
        assert admin.show(f"changes/{wrong}").status_code == 404, wrong
        assert admin.show("layers", f"&before={wrong}").status_code in (200, 422), wrong
        assert admin.show(f"changes/{change}", f"&offset={wrong}").status_code in (200, 422), wrong
    assert name_of(community_url)[1] == "one"


def test_a_change_of_two_jurisdictions_is_undone_by_who_works_in_both(services: Services, community_url: str) -> None:
    make_town(community_url)
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "INSERT INTO geoservice.building (jurisdiction_id, code, name, geom)"
            " SELECT j.id, 'A-town', 'x', st_translate(c.geom, 1, 0) FROM geoservice.jurisdiction AS j,"
            " (SELECT geom FROM geoservice.building ORDER BY code LIMIT 1) AS c WHERE j.code = 'town'"
        )
    both = f"UPDATE geoservice.building SET name = 'both' WHERE code IN ('A-town', {BUILDING})"  # noqa: S608
    change = changed(community_url, both)
    admin, everywhere = Administrator(services), Administrator(services, "admin-7", None)
    asked = everywhere.show(f"changes/{change}/undo").text
    assert asked.index("Buildings: 0 that it added") < asked.index("town · Buildings: 0 that it added")
    later = changed(community_url, "UPDATE geoservice.building SET name = 'later' WHERE code = 'A-town'")
    assert "were changed since (A-town)" in everywhere.show(f"changes/{change}/undo").text
    refused = admin.show(f"changes/{change}/undo").text
    assert "A-town" not in refused
    assert "it touched another jurisdiction, too" in refused
    with psycopg.connect(community_url) as connection:
        connection.execute("SELECT geoservice.undo_change(%s)", [later])
    assert admin.send(f"changes/{change}/undo").status_code == 422
    assert name_of(community_url)[1] == "both"
    assert everywhere.send(f"changes/{change}/undo").status_code == 303
    assert name_of(community_url)[1] != "both"


def test_single_households_are_for_those_who_keep_them(services: Services, community_url: str) -> None:
    change = changed(community_url, "UPDATE geoservice.household SET floating = 1 WHERE floating = 0 AND residents > 0")
    analyst = Browser(services, "analyst-5", Role.ANALYST, "sare")
    shown = analyst.get(f"/admin/sare/changes/{change}?lang=en")
    assert shown.status_code == 200
    assert "shown to those alone who may read single households" in shown.text
    assert "floating:" not in shown.text
    assert "floating: 0 → 1" in Administrator(services).show(f"changes/{change}").text
    changed(community_url, "UPDATE geoservice.household SET floating = 0 WHERE floating = 1")
    with psycopg.connect(community_url) as connection:
        since = [key for _, _, key in connection.execute("SELECT * FROM geoservice.changed_since(%s)", [change])]
    assert since
    asked = analyst.get(f"/admin/sare/changes/{change}/undo?lang=en").text
    assert f"{len(since):,} of the features that it touched were changed since. Undo the later changes" in asked
    assert not [key for key in since if key in asked]
    told = Administrator(services, "admin-8").show(f"changes/{change}/undo").text
    assert f"({', '.join(sorted(since)[:6])} … 6 / {len(since):,})" in told
