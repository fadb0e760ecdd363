"""Codes and names in the database and in Python are refused for the same reasons: every character is tried."""

from __future__ import annotations

import functools
import sys
import unicodedata
from typing import Any

import pytest
from psycopg import Connection

from layers.grids.model import code_fault, name_fault


@functools.cache
def assigned() -> list[str]:
    """Return all characters but those that Unicode knows only since a later version than one of the two sides."""
    # Surrogates are no characters, NUL no text in PostgreSQL.
    characters = (chr(n) for n in range(1, sys.maxunicode + 1) if not 0xD800 <= n <= 0xDFFF)
    return [c for c in characters if unicodedata.category(c) not in ("Cn", "Co")]


def refused(connection: Connection[Any], function: str, texts: list[str]) -> set[str]:
    query = "SELECT t FROM unnest(%s::text[]) AS t WHERE NOT geoservice.is_code(t)"
    query = query if function == "is_code" else query.replace("is_code", "is_name")
    return {t for (t,) in connection.execute(query.encode(), [texts])}


def test_the_database_and_python_refuse_the_same_characters_in_codes(connection: Connection[Any]) -> None:
    codes = [f"a{character}b" for character in assigned()]

    assert refused(connection, "is_code", codes) == {code for code in codes if code_fault(code)}


def test_the_database_and_python_refuse_the_same_characters_in_names(connection: Connection[Any]) -> None:
    names = [f"a{character}b" for character in assigned()]

    assert refused(connection, "is_name", names) == {name for name in names if name_fault(name)}


def test_the_database_and_python_refuse_the_same_spaces_at_the_ends_of_codes(connection: Connection[Any]) -> None:
    codes = [padded for c in assigned() if c.isspace() for padded in (f"{c}a", f"a{c}")]

    assert refused(connection, "is_code", codes) == {code for code in codes if code_fault(code)}


@pytest.mark.parametrize("code", ["", "x" * 65, " a", "a ", "a\nb", "e\u0301", "a\u200bb", "a\u202eb"])
def test_a_code_that_people_can_not_read_is_refused_by_both(connection: Connection[Any], code: str) -> None:
    assert code_fault(code) is not None
    assert refused(connection, "is_code", [code]) == {code}


@pytest.mark.parametrize("code", ["网格 3-02", "A/7", "0111", "ä", "x" * 64, "'; DROP TABLE grid; --"])
def test_any_readable_text_can_be_a_code(connection: Connection[Any], code: str) -> None:
    assert code_fault(code) is None
    assert refused(connection, "is_code", [code]) == set()


@pytest.mark.parametrize("character", ["\u2066", "\u2067", "\u2068", "\u2069", "\u061c", "\u206a", "\U000e0041"])
def test_characters_that_nobody_sees_are_refused_by_both(connection: Connection[Any], character: str) -> None:
    code = f"a{character}b"

    assert code_fault(code) is not None
    assert refused(connection, "is_code", [code]) == {code}
