"""Codes are those of RFC 6238, good around their time alone; what an authenticator is told is what it takes."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from geoservice.auth.totp import (
    code_at,
    enrolment_address,
    new_recovery_codes,
    new_totp_secret,
    recovery_code_sha256,
    secret_text,
    step_of,
)

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("at_s", "code"),
    [
        (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
        (2000000000, "69279037"), (20000000000, "65353130"),
    ],
)  # fmt: skip
def test_codes_are_those_of_the_appendix_of_the_rfc(at_s: int, code: str) -> None:
    assert code_at(SECRET, at_s // 30) == code[2:]
    assert step_of(code[2:], SECRET, now_s=at_s) == at_s // 30


def test_a_code_is_good_one_step_around_its_own() -> None:
    now_s, step = 2_000_000_000.5, 2_000_000_000 // 30
    found = {around: step_of(code_at(SECRET, step + around), SECRET, now_s=now_s) for around in range(-3, 4)}

    assert found == {-3: None, -2: None, -1: step - 1, 0: step, 1: step + 1, 2: None, 3: None}


@pytest.mark.parametrize(
    "typed", ["", "28708", "2870822", "abcdef", "28708２", "١٢٣٤٥٦", "287082\x00", "-1", "2" * 10**6]
)
def test_what_is_no_code_is_of_no_step(typed: str) -> None:
    assert step_of(typed, SECRET, now_s=59) is None


@pytest.mark.parametrize("typed", ["287082", " 287 082 ", "287-082"])
def test_blanks_and_hyphens_do_not_count(typed: str) -> None:
    assert step_of(typed, SECRET, now_s=59) == 1


def test_an_authenticator_is_told_the_secret_whose_and_for_what() -> None:
    secret = new_totp_secret()
    told = urlsplit(enrolment_address(secret, login="desk-1", service="grid.example:8443 & more"))

    assert (told.scheme, told.netloc) == ("otpauth", "totp")
    assert unquote(told.path) == "/grid.example:8443 & more:desk-1"
    asked = parse_qs(told.query)
    assert asked["issuer"] == ["grid.example:8443 & more"]
    assert base64.b32decode(asked["secret"][0]) == secret == base64.b32decode(secret_text(secret).replace(" ", ""))
    assert "+" not in told.query  # which some authenticators take for itself


def test_recovery_codes_are_ten_and_known_however_they_are_typed() -> None:
    codes = new_recovery_codes()

    assert len(set(codes)) == 10
    assert recovery_code_sha256(codes[0]) == recovery_code_sha256(f" {codes[0].upper().replace('-', ' ')}")
    assert len({recovery_code_sha256(code) for code in codes}) == 10
    assert recovery_code_sha256("\ud800")  # whatever is typed has a hash
