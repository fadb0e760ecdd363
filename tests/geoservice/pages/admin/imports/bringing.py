"""Somebody who brings files of features, and what the pages answer."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import psycopg
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from tests.geoservice.pages.desk.test_pages import OWN, PERSON, Browser

CSV = "code,kind,status,lon,lat\nN-1,dome,online,91.77,29.24\nN-2,fixed,online,91.771,29.241\n"
SHOWN = re.compile(r'name="shown" value="([^"]+)"')
SELECT = re.compile(r'<select[^>]* name="(column_\d+)"[^>]*>(.*?)</select>', re.DOTALL)
CHOSEN = re.compile(r'<option value="([^"]*)" selected>')


def bring(
    admin: Browser, content: str | bytes = CSV, name: str = "cameras.csv", *, place: str = "sare",
    layer: str = "cameras", token: str | None = None, **form: Any,
) -> TestResponse:  # fmt: skip
    said = content.encode() if isinstance(content, str) else content
    data = {"token": admin.token() if token is None else token, "layer": layer, "crs": "wgs84", **form}
    boundary, body = encode_multipart({**data, "file": FileStorage(io.BytesIO(said), name)})
    return admin.client.post(
        f"/admin/{place}/imports?lang=en", data=body, content_type=f"multipart/form-data; boundary={boundary}",
        headers=PERSON | OWN,
    )  # fmt: skip


def brought(admin: Browser, content: str | bytes = CSV, name: str = "cameras.csv", **form: Any) -> str:
    """Bring a file; return the address of its columns, without its query."""
    answer = bring(admin, content, name, **form)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].partition("?")[0]


def proposed(page: TestResponse) -> dict[str, str]:
    """Return what each column is taken for on the page that asks for it, and what the page brings along."""
    assert page.status_code == 200, page.text
    found = {name: CHOSEN.search(options) for name, options in SELECT.findall(page.text)}
    shown = SHOWN.search(page.text)
    assert shown is not None
    return {name: "" if one is None else one[1] for name, one in found.items()} | {"shown": shown[1], "crs": "wgs84"}


def compared(admin: Browser, path: str, **form: str) -> TestResponse:
    """Say what columns are as it is proposed, or otherwise; return the page of what would change."""
    said = proposed(admin.get(f"{path}?lang=en")) | form
    led = admin.post(f"{path}?lang=en", token=admin.token(), **said)
    assert led.status_code == 303, led.text
    return admin.get(led.headers["Location"])


def written(admin: Browser, path: str, page: TestResponse, **form: str) -> TestResponse:
    shown = SHOWN.search(page.text)
    assert shown is not None, page.text
    return admin.post(f"{path}/difference?lang=en", token=admin.token(), shown=shown[1], **form)


def cells(page: TestResponse) -> list[str]:
    return [html.unescape(re.sub(r"<[^>]+>", "", one)).strip()
            for one in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", page.text, re.DOTALL)]  # fmt: skip


def count(url: str, where: str = "true") -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM geoservice.camera WHERE {where}".encode()).fetchone()  # noqa: S608
    assert row is not None
    return int(row[0])
