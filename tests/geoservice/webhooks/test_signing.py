"""Signatures are those of the standard: its published example, and its own library as the receiver."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoservice.webhooks.signing import new_secret, read_secret, sign
from geoservice.webhooks.webhook_errors import MessageRefused, SecretRefused

#: The example of the standard's libraries (libraries/python/tests/test_webhooks.py, test_sign_function).
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
SENT_AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

message_ids = st.text("abcXYZ019_-", min_size=1, max_size=64)
bodies = st.text(st.characters(exclude_categories=["Cs"])).map(str.encode)
keys = st.binary(min_size=24, max_size=64)


def secret_of(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


def test_published_example_is_signed_as_published() -> None:
    message = sign(MESSAGE_ID, BODY, secrets=[read_secret(SECRET)], sent_at=SENT_AT)

    assert message.headers == {
        "webhook-id": MESSAGE_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


@settings(deadline=None)
@given(message_ids, bodies, keys)
def test_library_of_the_standard_accepts_what_is_signed(message_id: str, body: bytes, key: bytes) -> None:
    oracle = pytest.importorskip("standardwebhooks.webhooks", reason="standardwebhooks is not installed")
    secret = secret_of(key)
    message = sign(message_id, body, secrets=[read_secret(secret)], sent_at=datetime.now(UTC))

    oracle.Webhook(secret).verify(body, message.headers, json_parse=False)

    with pytest.raises(oracle.WebhookVerificationError):
        oracle.Webhook(secret).verify(body + b" ", message.headers, json_parse=False)
    with pytest.raises(oracle.WebhookVerificationError):
        oracle.Webhook(secret).verify(body, message.headers | {"webhook-id": message_id + "x"}, json_parse=False)


def test_while_a_secret_is_replaced_the_holder_of_either_is_served() -> None:
    oracle = pytest.importorskip("standardwebhooks.webhooks", reason="standardwebhooks is not installed")
    old, new, other = new_secret(), new_secret(), new_secret()
    message = sign(MESSAGE_ID, BODY, secrets=[new, old], sent_at=datetime.now(UTC))

    for holder in (old, new):
        oracle.Webhook(holder.text).verify(BODY, message.headers)

    assert len(message.headers["webhook-signature"].split(" ")) == 2
    with pytest.raises(oracle.WebhookVerificationError):
        oracle.Webhook(other.text).verify(BODY, message.headers)


def test_signature_of_the_first_secret_comes_first() -> None:
    message = sign(MESSAGE_ID, BODY, secrets=[read_secret(SECRET), new_secret()], sent_at=SENT_AT)

    assert message.signatures[0] == SIGNATURE


def test_fraction_of_a_second_is_not_signed() -> None:
    message = sign(MESSAGE_ID, BODY, secrets=[read_secret(SECRET)], sent_at=SENT_AT.replace(microsecond=999_999))

    assert message.signatures == (SIGNATURE,)


@settings(deadline=None)
@given(keys)
def test_secret_is_read_as_it_was_written(key: bytes) -> None:
    assert read_secret(secret_of(key)).key == key
    assert read_secret(secret_of(key)).text == secret_of(key)


def test_fresh_secrets_differ() -> None:
    assert len({new_secret().text for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "text",
    ["", "whsec_", "whsec_é" * 20, SECRET.removeprefix("whsec_"), "WHSEC_" + "A" * 32, SECRET + "=", SECRET + "\n",
     SECRET[:-4], secret_of(b"x" * 23), secret_of(b"x" * 65), "whsec_whsec_" + "A" * 32, "whsk_" + "A" * 32,
     "whsec_" + "A" * 31 + "-", "whsec_" + "A" * 34 + "B="],
)  # fmt: skip
def test_other_texts_are_no_secrets_and_are_not_repeated(text: str) -> None:
    with pytest.raises(SecretRefused) as refused:
        read_secret(text)

    assert len(text) < 24 or text not in str(refused.value)


def test_neither_secret_nor_body_show_themselves() -> None:
    secret = read_secret(SECRET)
    shown = repr(secret) + repr(sign(MESSAGE_ID, BODY, secrets=[secret], sent_at=SENT_AT))

    assert "2432232314" not in shown
    assert SECRET[6:] not in shown
    assert repr(secret.key) not in shown


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "a\r\nb", "é", "x" * 65, "a\n"])
def test_id_that_could_shift_what_is_signed_is_refused(message_id: str) -> None:
    with pytest.raises(MessageRefused):
        sign(message_id, BODY, secrets=[new_secret()], sent_at=SENT_AT)


def test_without_secret_or_zone_nothing_is_signed() -> None:
    with pytest.raises(MessageRefused, match="secret"):
        sign(MESSAGE_ID, BODY, secrets=[], sent_at=SENT_AT)
    with pytest.raises(MessageRefused, match="time zone"):
        sign(MESSAGE_ID, BODY, secrets=[new_secret()], sent_at=SENT_AT.replace(tzinfo=None))
