"""Which language a page is written in, and which one its links lead to."""

from __future__ import annotations

import pytest
from flask import Flask

from geoservice.web.language import asked_language, page_address

CASES = pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", None, "zh"), ("", "", "zh"), ("", "en-GB,en;q=0.9", "en"), ("", "zh-TW,en;q=0.5", "zh"),
        ("", "fr,en;q=0.3,zh;q=0.8", "zh"), ("", "fr", "zh"), ("", "*", "zh"), ("", "\x00;q=x,,;", "zh"),
        ("?lang=zh", "en", "zh"), ("?lang=en", "zh", "en"), ("?lang=fr", "en", "en"), ("?lang=", None, "zh"),
        ("", "bo", "bo"), ("", "bo-CN,zh;q=0.8,en;q=0.5", "bo"), ("", "dz,bo;q=0", "zh"), ("?lang=bo", "zh", "bo"),
    ],
)  # fmt: skip


@CASES
def test_the_address_decides_else_the_browser(query: str, accepted: str | None, language: str) -> None:
    headers = {} if accepted is None else {"Accept-Language": accepted}
    with Flask("pages").test_request_context(f"/desk{query}", headers=headers):
        assert asked_language() == language


@CASES
@pytest.mark.parametrize("wanted", ["zh", "en", "bo"])
def test_a_link_leads_to_its_language_whatever_the_browser_prefers(query, accepted, language, wanted) -> None:
    headers = {} if accepted is None else {"Accept-Language": accepted}
    app = Flask("pages")
    with app.test_request_context(f"/desk{query}", headers=headers):
        link = page_address("/officer", wanted, after=None, grid="01,02")
    assert "grid=01,02" in link
    with app.test_request_context(link, headers=headers):
        assert asked_language() == wanted
