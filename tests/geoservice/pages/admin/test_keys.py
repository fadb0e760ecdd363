"""Keys on pages: made, rotated with overlap and revoked, each said what it costs; the secret shown once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from geoservice.auth.model import Role
from geoservice.services.keys import KeyElsewhere
from geoservice.wiring import Services
from tests.geoservice.pages.admin.people import Administrator, errors, make_town, noted, secret, seen
from tests.geoservice.web.attacks import hostile_texts

NEW = {"label": "<b>alarms & co", "role": "reporter", "place": "sare", "staff": "", "ends": "", "networks": ""}


def test_a_key_is_made_rotated_and_revoked(services: Services, community_url: str) -> None:
    admin = Administrator(services)
    first = secret(admin.send("new-key", **NEW | {"networks": "10.1.0.0/16\n192.0.2.7"}))
    key = next(one for one in services.keys.keys() if one.label == NEW["label"])
    [grant] = key.grants
    assert (grant.role, grant.jurisdiction_code, key.created_by) == ("reporter", "sare", "admin:admin-5")
    assert services.keys.identify(first, "10.1.2.3") is not None
    with pytest.raises(KeyElsewhere):
        services.keys.identify(first, "10.2.0.1")
    listed = admin.show("keys").text
    assert "&lt;b&gt;alarms &amp; co" in listed
    assert "<b>alarms" not in listed
    assert "10.1.0.0/16, 192.0.2.7/32" in listed
    assert "admin:admin-5" in listed
    path = f"keys/{key.id}"
    assert "stops working unless" in admin.show(f"{path}/rotate").text
    assert errors(admin.send(f"{path}/rotate", overlap="3")).keys() == {"overlap"}
    second = secret(admin.send(f"{path}/rotate", overlap="24"))
    assert second != first
    assert services.keys.identify(first, "10.1.2.3") is not None
    assert "secret before good until" in admin.show(path).text
    third = secret(admin.send(f"{path}/rotate", overlap="0"))
    assert [services.keys.identify(one, "10.1.2.3") is None for one in (first, second, third)] == [True, True, False]
    assert "can not be undone" in admin.show(f"{path}/revoke").text
    done = admin.send(f"{path}/revoke")
    assert services.keys.identify(third, "10.1.2.3") is None
    assert noted(community_url, "api_key_changed")[0] == "admin:admin-5"
    told = admin.get(done.headers["Location"]).text
    assert "The key is void." in told
    assert f"{path}/rotate" not in told
    for action in ("rotate", "revoke"):
        assert "not in use any more" in admin.send(f"{path}/{action}", overlap="24").text
    assert all(one.removeprefix(f"grd_{key.id}_") not in told + listed for one in (first, second, third))


def test_a_form_that_is_sent_twice_makes_one_key(services: Services) -> None:
    admin = Administrator(services)
    asked = seen(admin.show("new-key"))
    secret(admin.send("new-key", **NEW, seen=asked))
    again = admin.send("new-key", **NEW, seen=asked)
    assert again.status_code == 412
    assert "A key was made meanwhile" in again.text
    assert [one.label for one in services.keys.keys()].count(NEW["label"]) == 1
    secret(admin.send("new-key", **NEW, seen=seen(again)))


def test_a_rotation_that_is_sent_twice_leaves_the_secret_that_is_in_use(services: Services) -> None:
    admin = Administrator(services)
    first = secret(admin.send("new-key", **NEW))
    path = f"keys/{next(one for one in services.keys.keys() if one.label == NEW['label']).id}/rotate"
    asked = seen(admin.show(path))
    secret(admin.send(path, overlap="24", seen=asked))
    assert admin.send(path, overlap="24", seen=asked).status_code == 412
    assert services.keys.identify(first, "192.0.2.1") is not None


def test_keys_of_others_are_not_there(services: Services, community_url: str) -> None:
    make_town(community_url)
    services.keys.create(Role.READER, "of the town", jurisdiction="town")
    services.keys.create(Role.READER, "of all")
    admin = Administrator(services)
    listed = admin.show("keys").text
    assert "of the town" not in listed
    assert "of all" not in listed
    for one in services.keys.keys():
        if one.label in ("of the town", "of all"):
            assert admin.show(f"keys/{one.id}").status_code == 404
            assert admin.send(f"keys/{one.id}/revoke").status_code == 404
            assert admin.send(f"keys/{one.id}/rotate", overlap="0").status_code == 404
    assert errors(admin.send("new-key", **NEW | {"place": ""})).keys() == {"place"}
    assert all(one.revoked_at is None and one.previous_until is None for one in services.keys.keys())
    everywhere = Administrator(services, "admin-6", None)
    assert "of all" in everywhere.show("keys").text


@hostile_texts(1)
def test_what_is_wrong_is_told_beside_its_field(services: Services, texts: Sequence[str]) -> None:
    admin = Administrator(services)
    before = len(services.keys.keys())
    for changed, field in (
        ({"label": ""}, "label"), ({"label": "13800138000"}, "label"), ({"label": "x" * 201}, "label"),
        ({"label": "a\x00b"}, "label"), ({"role": "officer"}, "staff"), ({"role": "public"}, "role"),
        ({"networks": "10.1.0.0/8"}, "networks"), ({"networks": "here"}, "networks"),
        ({"networks": "10.0.0.1 " * 21}, "networks"), ({"ends": "2020-01-01"}, "ends"),
    ):  # fmt: skip
        assert errors(admin.send("new-key", **NEW | changed)).keys() == {field}, changed
    assert len(services.keys.keys()) == before
    token = admin.token()
    assert admin.post("/admin/sare/new-key", **NEW).status_code == 403
    for text in texts:
        answer = admin.post("/admin/sare/new-key?lang=en", token=token, **NEW | {"label": text, "networks": text})
        assert answer.status_code in (200, 422), text
        assert "<script>alert" not in answer.text
