"""The phone pages as the server sends them: their policy, their words, what a phone keeps of them."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from geoservice.auth.model import PUBLIC, Identity
from geoservice.domain.lifecycle.table import legal_steps
from geoservice.maps import assets
from geoservice.pages.officer.pages import IN_HAND, officer_blueprint, steps_told
from geoservice.pages.report.pages import report_blueprint
from geoservice.pages.shell.files import PAGES as PLACE
from geoservice.pages.shell.files import files_blueprint
from geoservice.pages.words.catalogue import own_words, words
from geoservice.services.handling import Duty

PAGES = {"report": "/report", "follow": "/report/follow", "officer": "/officer"}
ROOMS = {"report": "report", "follow": "report", "officer": "officer"}
every_page = pytest.mark.parametrize("page", PAGES)
#: As they go over the line: what a resident loads of ours, and all that an officer's page loads, Leaflet too.
LARGEST_OWN_BYTES = 32_000
LARGEST_OFFICER_BYTES = 110_000


@dataclass(frozen=True)
class OneJurisdiction:
    """A viewing of one jurisdiction, which is all that these pages ask for."""

    name: str
    code: str = "sample"
    bbox: tuple[float, float, float, float] = (91.0, 29.0, 91.01, 29.01)
    attribution: str | None = None
    visitors: str = "grids"
    time_zone: str = "Asia/Shanghai"

    @property
    def name_en(self) -> str:
        return self.name

    def jurisdictions(self) -> tuple[OneJurisdiction, ...]:
        return (self,)


STREAM = "http://127.0.0.1:8081/v1/events"


class NobodyOnDuty:
    """A handling that knows nobody."""

    def duty(self, identity: Identity) -> Duty:
        return Duty(None, None, ())


def guard_of_nothing(permission: str):
    return lambda view: view


def client_of(*, public_reports: bool = True, text: str = "样例社区") -> FlaskClient:
    assets.build()
    app = Flask("phone")
    app.before_request(lambda: setattr(g, "identity", PUBLIC))
    viewing = OneJurisdiction(text)
    app.register_blueprint(files_blueprint(guard_of_nothing))
    app.register_blueprint(report_blueprint(viewing, guard_of_nothing, public_reports=public_reports))
    app.register_blueprint(
        officer_blueprint(NobodyOnDuty(), viewing, guard_of_nothing, lambda: STREAM, keep_s=600)  # type: ignore[arg-type]
    )
    return app.test_client()


def modules_of(page: str) -> set[str]:
    """Return the scripts that a page loads, as room and file."""
    found: set[str] = set()
    todo = [f"{ROOMS[page]}/scripts/{page}.js"]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            room = name.partition("/")[0]
            for other, file in re.findall(r"from '(?:\./|\.\./\.\./(\w+)/scripts/)(\w+)\.js'", text_of(name)):
                todo.append(f"{other or room}/scripts/{file}.js")
    return found


def text_of(file: str) -> str:
    """Return a static file, by its address below /pages/{version}."""
    room, _, path = file.partition("/")
    return (PLACE / room / "static" / path).read_text(encoding="utf-8")


def kept_by(client: FlaskClient, room: str) -> tuple[list[str], list[str]]:
    """Return the pages and the files that the worker of a room keeps."""
    told = client.get(f"/{room}/worker.js").text
    pages, files = (json.loads(re.search(rf"const {name} = (.*);", told)[1]) for name in ("PAGES", "FILES"))
    return pages, files


def sent_bytes(client: FlaskClient, addresses: list[str]) -> int:
    """Return how many bytes go over the line for addresses."""
    total = 0
    for address in addresses:
        with client.get(address, headers={"Accept-Encoding": "gzip"}) as sent:
            assert sent.status_code == 200, address
            total += len(sent.data)
    return total


@every_page
def test_a_page_lets_no_script_or_style_of_its_own_in_and_is_not_stored(page: str) -> None:
    told = client_of().get(PAGES[page])

    policy = told.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert not re.search(r"<script(?![^>]*(?: src=|type=.application/json))|<style|\sstyle=|\son\w+=", told.text)
    assert told.headers["Cache-Control"] == "no-store"
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", told.text)
    assert ("http://127.0.0.1:8081" in policy) == (page == "officer")


@every_page
@pytest.mark.parametrize(
    ("query", "lang"), [("", "zh-CN"), ("?lang=en", "en"), ("?lang=bo", "bo"), ("?lang=xx", "zh-CN")]
)
def test_a_page_speaks_chinese_unless_another_language_is_asked_for(page: str, query: str, lang: str) -> None:
    assert f'<html lang="{lang}">' in client_of().get(PAGES[page] + query).text


@every_page
def test_a_page_says_only_what_has_words(page: str) -> None:
    said = own_words(page, "zh")
    asked = {key for name in modules_of(page) for key in re.findall(r"say(?:First)?\('([^']+)'", text_of(name))}

    assert asked - said.keys() == set()
    assert said.keys() == own_words(page, "en").keys() == own_words(page, "bo").keys()


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


@pytest.mark.parametrize(("room", "paths"), [("report", ("/report", "/report/follow")), ("officer", ("/officer",))])
def test_the_worker_of_a_room_keeps_its_pages_and_all_that_they_load(room: str, paths: tuple[str, ...]) -> None:
    client = client_of()
    answer = client.get(f"/{room}/worker.js")

    assert answer.headers["Service-Worker-Allowed"] == paths[0]
    assert answer.content_type == "text/javascript; charset=utf-8"
    pages, files = kept_by(client, room)
    assert pages == [f"{path}{language}" for path in paths for language in ("", "?lang=zh", "?lang=en", "?lang=bo")]
    for page in pages:
        wanted = re.findall(r'(?:src|href)="(/(?:pages|assets)/[^"]+)"', client.get(page).text)
        assert set(wanted) <= set(files)
    loaded = {name for page, of in ROOMS.items() if of == room for name in modules_of(page)}
    kept = {re.sub(r"^/pages/\w+/", "", file) for file in files}
    assert loaded | {"shell/scripts/shell.js", "shell/scripts/theme.js"} == {one for one in kept if "/scripts/" in one}
    assert sent_bytes(client, files) > 0


def test_a_page_that_a_phone_keeps_names_nobody_who_is_signed_in() -> None:
    page = client_of().get("/officer?lang=en").text

    assert 'data-token=""' in page
    assert 'name="token" id="token" value=""' in page


def test_the_officers_page_offers_the_steps_of_the_lifecycle_and_no_other() -> None:
    told = steps_told()

    assert list(told) == [status.value for status in IN_HAND]
    for status, offered in told.items():
        legal = {step.action for step in legal_steps(status, ("officer",))}
        assert {one["action"] for one in offered} == legal - {"merge", "move"}
    assert [one["action"] for one in told["accepted"]] == ["resolve", "set-out", "ask", "return"]
    assert {one["action"]: one["words"] for one in told["accepted"]} == {
        "resolve": "taken", "set-out": "none", "ask": "needed", "return": "needed",
    }  # fmt: skip
    said = words("officer", "en")
    assert {f"action.{one['action']}" for offered in told.values() for one in offered} <= said.keys()
    assert {f"reason.{one['action']}" for one in told["accepted"] if one["words"] != "none"} <= said.keys()


def test_who_asks_without_a_session_is_nobody() -> None:
    told = client_of().get("/officer/session")

    assert told.headers["Cache-Control"] == "no-store"
    assert (told.json["login"], told.json["officer_code"], told.json["jurisdiction"]) == ("", None, None)


def test_a_file_goes_out_compressed_to_whom_can_read_that() -> None:
    client = client_of()
    path = re.search(r'href="(/pages/\w+/phone/styles/phone\.css)"', client.get("/report").text)[1]

    with (
        client.get(path) as plain,
        client.get(path, headers={"Accept-Encoding": "gzip"}) as small,
        client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": plain.headers["ETag"]}) as again,
    ):
        assert gzip.decompress(small.data) == plain.data
        assert (small.headers["Vary"], plain.headers["Vary"]) == ("Accept-Encoding", "Accept-Encoding")
        assert small.headers["ETag"] == "W/" + plain.headers["ETag"]
        assert again.status_code == 304


def test_what_a_phone_loads_stays_small() -> None:
    client = client_of()
    own, all_ = ([file for file in kept_by(client, room)[1] if file.startswith(begin)]
                 for room, begin in (("report", "/pages/"), ("officer", "/")))  # fmt: skip

    assert sent_bytes(client, ["/report", *own]) < LARGEST_OWN_BYTES
    assert sent_bytes(client, ["/officer", *all_]) < LARGEST_OFFICER_BYTES


def test_scripts_assign_no_markup() -> None:
    for room in ("phone", "report", "officer"):
        for path in (PLACE / room / "static").rglob("*.js"):
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", path.read_text())
