"""Headers that lie, overflow or make no sense."""

from __future__ import annotations

import gzip

import pytest

from tests.depth import sampled
from tests.geoservice.web.attacks import ask
from tests.geoservice.web.door import Door

AUTHORISATIONS = (
    "", " ", "Bearer", "Bearer ", "bearer x", "Basic YTpi", "Digest x", "Bearer " + "x" * 100_000,
    "Bearer é\xff", "Bearer grd_", "Bearer grd_00000000_" + "A" * 43, "Bearer grd_00000000_" + "A" * 42,
    "Bearer grd_00000000_" + "A" * 42 + "\xb5", "Bearer grd_' OR 1=_" + "A" * 43, "grd_00000000_" + "A" * 43,
    "Bearer eyJhbGciOiJub25lIn0.e30.",
)  # fmt: skip


@pytest.mark.parametrize("text", AUTHORISATIONS)
@pytest.mark.parametrize("path", ["/v1/incidents", "/v1/jurisdictions"])
def test_a_malformed_or_wrong_key_is_refused_in_the_same_words(door: Door, text: str, path: str) -> None:
    answer = ask(door.client, path, headers={"Authorization": text})

    answer.assert_tame(statuses={401})
    assert answer.response.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.response.json["detail"] == "Send a valid key as `Authorization: Bearer grd_...`."


def test_the_secret_of_one_key_does_not_open_with_the_id_of_another(door: Door) -> None:
    keys = list(door.keys.values())
    mixed = keys[0][:12] + keys[1][12:]

    ask(door.client, "/v1/incidents", headers={"Authorization": f"Bearer {mixed}"}).assert_tame(statuses={401})


def test_a_revoked_key_is_refused_at_once(door: Door) -> None:
    text = door.services.keys.create(next(iter(door.keys)), "short")
    headers = {"Authorization": f"Bearer {text}"}
    assert ask(door.client, "/v1/jurisdictions", headers=headers).status == 200

    assert door.services.keys.revoke(text[4:12])

    ask(door.client, "/v1/jurisdictions", headers=headers).assert_tame(statuses={401})


LIES = (
    ("X-HTTP-Method-Override", "DELETE"), ("X-Method-Override", "TRACE"),
    ("X-Forwarded-For", "1.1.1.1, x" * 500), ("X-Forwarded-Host", "evil.example"),
    ("X_Forwarded_Host", "evil.example"), ("X-Forwarded-Proto", "javascript"),
    ("X-Forwarded-Prefix", "//evil.example"), ("X-Original-URL", "/metrics"), ("X-Rewrite-URL", "/metrics"),
    ("Forwarded", "host=evil.example"), ("If-None-Match", '"' * 500), ("If-Modified-Since", "garbage"),
    ("If-Range", '"'), ("Range", "bytes=abc"), ("Range", "bytes=" + ",".join(["0-1"] * 500)),
    ("Cookie", "=" * 5000), ("Expect", "nonsense"), ("Origin", "null"), ("Origin", "https://evil.example"),
    ("traceparent", "x" * 900), ("Accept-Language", "x" * 10_000), ("Accept-Encoding", "gzip;q=zz"),
    ("Accept-Charset", "utf-7"), ("User-Agent", "\x1b[31m${jndi:ldap://x}"), ("TE", "trailers"),
    ("Content-Length", "abc"), ("Upgrade", "h2c"), ("Via", "é"), ("Date", "9999"),
    ("Access-Control-Request-Method", "PUT"),
)  # fmt: skip

PATHS = ("/v1/jurisdictions", "/maps/sare/layers/grids.geojson", "/favicon.ico", "/docs")


@pytest.mark.parametrize(("name", "value"), LIES, ids=lambda text: text[:24])
@pytest.mark.parametrize("path", sampled(PATHS, 2))
def test_a_lying_header_changes_nothing(door: Door, path: str, name: str, value: str) -> None:
    plain = ask(door.client, path)

    answer = ask(door.client, path, headers={name: value})

    answer.assert_tame(statuses={200, 206, 416})
    if answer.status == 200:
        assert answer.response.get_data() == plain.response.get_data()
    assert not [header for header in answer.response.headers.keys() if header.startswith("Access-Control")]
    assert "evil" not in str(answer.response.headers)


@pytest.mark.parametrize(
    "accept", ["", "*/*;q=0", "x/y", "application/json;q=abc", "a" * 10_000, ",,,;;;", "*", "é", "text/html;q=NaN"]
)
@pytest.mark.parametrize("path", ["/v1/owner", "/v1/nothing", "/nothing"])
def test_an_odd_accept_still_gets_a_problem(door: Door, path: str, accept: str) -> None:
    answer = ask(door.client, path, headers={"Accept": accept})

    if not answer.response.content_type.startswith("text/html"):
        answer.assert_tame(statuses={404, 422})


def test_a_browser_gets_a_page_and_the_interface_stays_a_problem(door: Door) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

    page = ask(door.client, "/maps/<script>alert(1)</script>", headers=browser)

    assert page.status == 404
    assert page.response.content_type == "text/html; charset=utf-8"
    assert "<script>" not in page.response.text
    ask(door.client, "/v1/nothing", headers=browser).assert_tame(statuses={404})


def test_interfaces_speak_as_ever_to_whoever_prefers_a_language_of_the_pages(door: Door) -> None:
    """They are asked by `lang` or not at all; problems are told in English, and say no language."""
    for path in ("/ogc/features?f=html", "/ogc/features/collections", "/open311/v2/services.json", "/v1/nowhere"):
        plain, asked = (door.client.get(path, headers=headers) for headers in ({}, {"Accept-Language": "bo,zh;q=0.5"}))
        assert asked.status_code == plain.status_code
        assert asked.content_type == plain.content_type
        assert "Content-Language" not in asked.headers
        if plain.status_code == 200 and "html" not in plain.content_type:  # pages have a nonce
            assert asked.get_data() == plain.get_data()
    assert door.client.get("/ogc?f=html&lang=bo").status_code == 400


def test_a_list_is_packed_for_who_reads_that_and_what_is_edited_by_its_tag_is_not(door: Door) -> None:
    packing = door.headers() | {"Accept-Encoding": "gzip"}
    as_it_is, packed = (door.client.get("/v1/incidents", headers=one) for one in (door.headers(), packing))

    assert (as_it_is.headers.get("Content-Encoding"), packed.headers["Content-Encoding"]) == (None, "gzip")
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.data) == as_it_is.data
    assert len(packed.data) < len(as_it_is.data) / 3
    one = door.client.get(f"/v1/incidents/{as_it_is.get_json(force=True)['incidents'][0]['id']}", headers=packing)
    assert (one.headers.get("Content-Encoding"), one.headers["ETag"][0]) == (None, '"')
