"""The phone pages as the server sends them: their policy, their words, what a phone keeps of them."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from geoservice.auth.model import PUBLIC
from geoservice.maps import assets
from geoservice.pages.phone.pages import phone_blueprint
from geoservice.pages.phone.shell import FILES, STATIC, TEMPLATES
from geoservice.pages.shell.files import files_blueprint
from geoservice.pages.words.catalogue import own_words

PAGES = {"report": "/report", "follow": "/report/follow", "officer": "/officer"}
every_page = pytest.mark.parametrize("page", PAGES)
#: Of our own, as they go over the line; Leaflet and the layers of the map come on top.
LARGEST_OWN_BYTES = 25_000


@dataclass(frozen=True)
class OneJurisdiction:
    """A viewing of one jurisdiction, which is all that these pages ask for."""

    name: str
    code: str = "sample"
    bbox: tuple[float, float, float, float] = (91.0, 29.0, 91.01, 29.01)
    attribution: str | None = None
    visitors: str = "grids"

    @property
    def name_en(self) -> str:
        return self.name

    def jurisdictions(self) -> tuple[OneJurisdiction, ...]:
        return (self,)


def guard_of_nothing(permission: str):
    return lambda view: view


def client_of(*, public_reports: bool = True, text: str = "样例社区") -> FlaskClient:
    assets.build()
    app = Flask("phone")
    app.before_request(lambda: setattr(g, "identity", PUBLIC))
    viewing = OneJurisdiction(text)
    app.register_blueprint(files_blueprint(guard_of_nothing))
    app.register_blueprint(phone_blueprint(viewing, guard_of_nothing, public_reports=public_reports))
    return app.test_client()


def modules_of(page: str) -> set[str]:
    """Return the names of the scripts that a page loads."""
    found: set[str] = set()
    todo = [page]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += re.findall(r"from '\./(\w+)\.js'", (STATIC / f"scripts/{name}.js").read_text(encoding="utf-8"))
    return found


@every_page
def test_a_page_has_its_policy_a_fresh_nonce_and_is_not_stored(page: str) -> None:
    client = client_of()

    first, second = client.get(PAGES[page]), client.get(PAGES[page])

    nonce = first.headers["Content-Security-Policy"].split("'nonce-")[1].split("'")[0]
    assert set(re.findall(r'<script[^>]* nonce="([^"]*)"', first.text)) == {nonce}
    assert first.text.count("<script") == first.text.count(f'nonce="{nonce}"')
    assert nonce not in second.text
    assert first.headers["Cache-Control"] == "no-store"
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", first.text)


@every_page
@pytest.mark.parametrize(("query", "lang"), [("", "zh-CN"), ("?lang=en", "en"), ("?lang=xx", "zh-CN")])
def test_a_page_speaks_chinese_unless_english_is_asked_for(page: str, query: str, lang: str) -> None:
    assert f'<html lang="{lang}">' in client_of().get(PAGES[page] + query).text


@every_page
def test_a_page_says_only_what_has_words(page: str) -> None:
    said = own_words(page, "zh")
    template = TEMPLATES.loader.get_source(TEMPLATES, f"{page}.html")[0]  # type: ignore[union-attr]
    asked = set(re.findall(r"words\.(\w+)", template))
    for name in modules_of(page):
        asked |= set(re.findall(r"say\('([^']+)'", (STATIC / f"scripts/{name}.js").read_text(encoding="utf-8")))

    assert asked - said.keys() == set()
    assert said.keys() == own_words(page, "en").keys()


def test_hostile_names_are_text_in_the_page() -> None:
    hostile = "</script><script>alert(1)</script>{{ 6 * 7 }}"

    page = client_of(text=hostile).get("/report").text

    assert "<script>alert" not in page
    told = json.loads(re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)[1])
    assert told["jurisdictions"][0]["name"] == hostile


def test_where_residents_may_not_report_the_page_says_so() -> None:
    page = client_of(public_reports=False).get("/report").text

    assert "GEOSERVICE_PUBLIC_REPORTS=true" in page
    assert '<form id="form"' not in page


def test_the_worker_keeps_the_residents_pages_and_all_that_they_load() -> None:
    client = client_of()
    answer = client.get("/report/worker.js")

    assert answer.headers["Service-Worker-Allowed"] == "/report"
    assert answer.content_type == "text/javascript; charset=utf-8"
    pages, files = (json.loads(re.search(rf"const {name} = (.*);", answer.text)[1]) for name in ("PAGES", "FILES"))
    paths, said = ("/report", "/report/follow"), ("", "?lang=zh", "?lang=en")
    assert pages == [f"{path}{language}" for path in paths for language in said]
    for page in pages:
        wanted = re.findall(r'(?:src|href)="(/(?:phone|assets)/[^"]+)"', client.get(page).text)
        assert set(wanted) <= set(files)
    loaded = {f"scripts/{name}.js" for name in modules_of("report") | modules_of("follow")}
    assert loaded == {file for file in FILES if file.startswith("scripts/")}
    for file in files:
        with client.get(file) as sent:
            assert sent.status_code == 200


def test_a_file_is_kept_for_ever_under_its_version_only() -> None:
    client = client_of()
    current = re.search(r"/phone/(\w+)/styles/phone\.css", client.get("/report").text)[1]

    with (
        client.get(f"/phone/{current}/styles/phone.css") as kept,
        client.get("/phone/000000000000/styles/phone.css") as old,
    ):
        assert "immutable" in kept.headers["Cache-Control"]
        assert "immutable" not in old.headers["Cache-Control"]
        assert old.data == kept.data
    for trick in ("../pages.py", "..%2fpages.py", "styles/none.css", "styles"):
        assert client.get(f"/phone/{current}/{trick}").status_code == 404


def test_a_file_goes_out_compressed_to_whom_can_read_that() -> None:
    client = client_of()
    path = re.search(r'href="(/phone/\w+/styles/phone\.css)"', client.get("/report").text)[1]

    with (
        client.get(path) as plain,
        client.get(path, headers={"Accept-Encoding": "gzip"}) as small,
        client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": plain.headers["ETag"]}) as again,
    ):
        assert gzip.decompress(small.data) == plain.data
        assert (small.headers["Vary"], plain.headers["Vary"]) == ("Accept-Encoding", "Accept-Encoding")
        assert small.headers["ETag"] == "W/" + plain.headers["ETag"]
        assert again.status_code == 304


def test_what_a_resident_loads_of_ours_stays_small() -> None:
    sent = [gzip.compress((STATIC / file).read_bytes(), 5) for file in FILES]
    sent.append(client_of().get("/report", headers={"Accept-Encoding": "gzip"}).data)

    assert sum(map(len, sent)) < LARGEST_OWN_BYTES


def test_scripts_assign_no_markup() -> None:
    for path in Path(STATIC).rglob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", path.read_text()), path
