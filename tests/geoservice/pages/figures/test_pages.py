"""The page of figures over HTTP: five numbers first, and tables that add up to them, in every language."""

from __future__ import annotations

import html
import re

import pytest

from geoservice.auth.model import Role
from geoservice.domain.languages import Language
from geoservice.pages.words.catalogue import words
from geoservice.wiring import Services
from tests.geoservice.pages.desk.test_pages import Browser

#: Tags of a Tibetan page say of their words that they are Chinese.
CARDS = re.compile(r'<dl class="cards" id="numbers"[^>]*>(.*?)</dl>', re.DOTALL)
CARD = re.compile(
    r'<div class="card card-(\w+)"[^>]*>\s*<dt[^>]*>(.*?)</dt>.*?<b class="value"[^>]*>(.*?)</b>', re.DOTALL
)
TABLE = re.compile(r'<table class="numbers table-(\w+)"[^>]*>.*?<tbody[^>]*>(.*?)</tbody>', re.DOTALL)
ROW = re.compile(r"<tr[^>]*>(.*?)</tr>", re.DOTALL)
CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")


@pytest.fixture
def manager(services: Services) -> Browser:
    return Browser(services, "desk-8", Role.DISPATCHER)


def text(markup: str) -> str:
    return html.unescape(TAG.sub("", markup)).strip()


def number(cell: str) -> int:
    return int(text(cell).replace(",", ""))


@pytest.mark.parametrize("lang", ["zh", "en", "bo"])
def test_five_numbers_are_first_and_every_table_adds_up_to_what_was_received(manager: Browser, lang: Language) -> None:
    page = manager.get(f"/figures/sare?span=thirty&lang={lang}").text
    said, found = words("figures", lang), CARDS.search(page)
    assert found is not None
    cards = CARD.findall(found[1])
    tables = {name: [CELL.findall(row) for row in ROW.findall(rows)] for name, rows in TABLE.findall(page)}

    assert len(cards) == 5
    (name, word, value), *_ = cards
    assert (name, text(word)) == ("received", text(said["received"]))
    assert len(tables["grids"]) >= 8
    assert number(value) > 200
    for table in ("grids", "services"):
        assert sum(number(row[0]) for row in tables[table]) == number(value), table
    assert sum(number(cell) for row in tables["hours"] for cell in row) == number(value)
    assert page.count('<svg class="chart ') == 2
