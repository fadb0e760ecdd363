"""The promise about people, held against the schema: what can not be stored can not leak."""

from __future__ import annotations

import random
import re

import psycopg
import pytest
from sqlalchemy import text

from geoservice.domain.privacy import PERSONAL as PERSONAL_TEXT
from geoservice.domain.privacy import holds_personal_number
from geoservice.domain.words import has_words
from layers.db.session import Database

#: Parts of column names that speak of a person. `name` alone is the name of a place or thing and is listed below.
PERSONAL = re.compile(
    r"first_?name|last_?name|surname|full_?name|phone|mobile|email|passport|id_?card|id_?number|birth|sex|gender|"
    r"religion|ethnic|nation|health|disease|face|photo|picture|image|video|plate|track|wechat|account"
)
#: Tables and views whose `name` is that of a place or thing.
NAMED_THINGS = {
    "jurisdiction",
    "grid",
    "draft_grid",
    "territory",
    "basemap_feature",
    "building",
    "basemap_feature_history",
    "building_history",
    "organisation_history",
    "organisation",
    "service",
    "tile_grid",
    "served_grid",
    "served_figure",
    "grid_figure",
    "served_building",
}


def columns(database: Database) -> list[tuple[str, str]]:
    with database.transaction() as connection:
        return list(
            connection.execute(
                text("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'geoservice'")
            )
        )


def test_no_column_speaks_of_a_person(database: Database) -> None:
    found = columns(database)

    assert len(found) > 100
    assert [(table, column) for table, column in found if PERSONAL.search(column)] == []


def test_only_places_and_things_have_names(database: Database) -> None:
    assert {table for table, column in columns(database) if column in ("name", "name_en")} <= NAMED_THINGS


def test_a_household_holds_counts_and_nothing_else(database: Database) -> None:
    household = {column for table, column in columns(database) if table == "household"}

    assert household == {
        "id", "jurisdiction_id", "code", "households", "change_id",
        "building_code", "unit", "geom", "age_0_13", "age_14_17", "age_18_59", "age_60_79",
        "age_80_plus", "residents", "floating", "grid_code", "recorded_at",
    }  # fmt: skip


#: Nothing of a person: lists, coordinates, orders, links, dates, money, devices.
PLAIN = (
    "路灯不亮", "单号 139123456789", "编号 540502001001002", "2026-11-23 08:00 第3栋",
    "Lamps 15 17 19 21 23 7 dark", "29.2412345, 91.7712345", "91.13812345678 29.1", "131.12345678, 45.1",
    "13912.345678", "订单号 13820261128", "单号：15012345678", "order no. 139 1234 5678", "ticket #13912345678",
    "https://x.org/a/13912345678?id=1", "看 http://m.cn/p?t=540502199001011234", "13,812,345,678",
    "灯杆 1 3 5 7 9 11 13 坏", "138 12 34 56 78 号灯", "周一、三、五、七", "一三五七九", "wechat 2026-11-28 notice",
    "wechat payment broken", "微信支付坏了", "C10203 灯杆", "K1234+567", "a1b2c3d413912345678f",
    "202611281234567890", "139.6917, 35.6895", "Lamps 1 2 3 4 5 6 19 20 11 12 13 14", "电表 6222 1391 2345 6789",
    "3月15日至3月19日", "拨 12345 或 110", "400-123-4567", "9:00-17:00", "@门口", "川流不息", "",
)  # fmt: skip
#: A number or an address, as people write it and as they hide it.
PERSONAL_WORDS = (
    "电话 13912345678", "tel:13912345678.", "540502199001011234", "54050219900101123X 的事", "138/1234/5678",
    "138,1234,5678", "(138)12345678", "138\u200b1234\u200b5678", "1\u20603812345678", "138\n1234\n5678",
    "138\r\n 12345678", "①③⑧①②③④⑤⑥⑦⑧", "❶❸❽❶❷❸❹❺❻❼❽", "➀➂➇12345678",
    "一三八一二三四五六七八", "幺三八 一二三四 五六七八", "壹叁捌壹贰叁肆伍陆柒捌", "١٣٨١٢٣٤٥٦٧٨", "۱۳۸۱۲۳۴۵۶۷۸",
    "༡༣༨༡༢༣༤༥༦༧༨", "１３８１２３４５６７８", "𝟏𝟑𝟖𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖", "tel13912345678", "402 13812345678 找",
    "13812345678一下", "+86 138 1234 5678", "0086-138-1234-5678", "8613812345678", "1 3 8 1 2 3 4 5 6 7 8",
    "1-3-8-1-2-3-4-5-6-7-8", "138.1234.5678", "138 - 1234 - 5678", "1381 2345 678", "138—1234—5678",
    "138_1234_5678", "540502 19900101 1234", "5405 0219 9001 0112 34", "0893-7823456", "(0893)7823456",
    "010 6234 5678", "08937823456", "a.b@qq.com", "ａ＠ｂ.cn", "藏A12345", "藏A·D1234", "京AD12345", "藏a12345",
    "微信：abc_123", "微信号 zhangsan", "QQ 12345678", "QQ号123456", "wx:zs1990", "VX zs1990",
)  # fmt: skip


def said_by_database(database: Database, corpus: list[str]) -> list[bool]:
    with database.transaction() as connection:
        asked = text("SELECT geoservice.holds_personal_number(w) FROM unnest(CAST(:words AS text[])) WITH ORDINALITY"
                     " AS t (w, n) ORDER BY n")  # fmt: skip
        return list(connection.execute(asked, {"words": corpus}).scalars())


def test_what_is_no_number_of_a_person_is_taken(database: Database) -> None:
    assert [words for words in PLAIN if holds_personal_number(words)] == []
    assert [words for words, no in zip(PLAIN, said_by_database(database, list(PLAIN)), strict=True) if no] == []


def test_what_is_one_is_refused_however_it_is_written(database: Database) -> None:
    corpus = list(PERSONAL_WORDS)

    assert [words for words in corpus if not holds_personal_number(words)] == []
    assert [words for words, no in zip(corpus, said_by_database(database, corpus), strict=True) if not no] == []


def test_interface_and_database_hold_the_same_texts(database: Database) -> None:
    with database.transaction() as connection:
        assert connection.execute(text("SELECT geoservice.personal_numbers()")).scalar_one() == PERSONAL_TEXT


def test_interface_and_database_agree_on_whatever_is_written(database: Database) -> None:
    chance = random.Random(20261129)
    pieces = [
        *PLAIN,
        *PERSONAL_WORDS,
        *"0123456789①②٣༤五六,.-/() ：\u3000\u200b\n@·京Aawx+",
        "138",
        "1234",
        "5678",
        "2026-11-28",
    ]
    corpus = ["".join(chance.choices(pieces, k=chance.randint(1, 14))) for _ in range(3000)]
    corpus += ["".join(chance.sample(words, len(words))) for words in PERSONAL_WORDS for _ in range(5)]
    corpus += [words[:at] + chance.choice(pieces) + words[at:] for words in PERSONAL_WORDS for at in range(len(words))]

    mine = [holds_personal_number(words) for words in corpus]

    said = said_by_database(database, corpus)
    assert [words for words, a, b in zip(corpus, mine, said, strict=True) if a is not b] == []
    assert 0.2 < sum(mine) / len(mine) < 0.8


def test_interface_and_database_agree_on_what_says_something(database: Database) -> None:
    silent = [
        "",
        " ",
        "\u3000",
        "\u200b\u2060",
        "...",
        "。。。",
        "！？",
        "—",
        "👍",
        "\u3164",
        "\u2800",
        "\t\n",
        "\u0301",
        "***",
    ]
    saying = ["好", "ok", "7", "。是。", "བོད", "é", "ひ", "１", "Ω!", "२"]
    with database.transaction() as connection:
        asked = text(
            "SELECT geoservice.has_words(w) FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS t (w, n) ORDER BY n"
        )
        said = list(connection.execute(asked, {"words": silent + saying}).scalars())

    assert said == [False] * len(silent) + [True] * len(saying)
    assert [has_words(words) for words in silent + saying] == said


def test_direct_sql_can_not_store_a_phone_number(community_url: str) -> None:
    with psycopg.connect(community_url) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "INSERT INTO geoservice.incident (service_code, geom, description)"
            " SELECT code, 'SRID=4326;POINT(91.77 29.24)', '找 13912345678' FROM geoservice.service LIMIT 1"
        )


def test_the_map_shows_no_text_of_an_incident(services, client) -> None:  # type: ignore[no-untyped-def]
    features = client.get("/maps/sare/layers/incidents.geojson").json["features"]

    assert len(features) == 286
    assert all("description" not in feature["properties"] for feature in features)
