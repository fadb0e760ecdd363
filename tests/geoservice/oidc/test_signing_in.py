"""Signing in by a real identity provider: who is linked is let in; no answer is taken but its own, to this browser."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from geoservice.auth.attempts import FREE_OF_NETWORK
from geoservice.auth.model import Role
from geoservice.oidc import provider
from geoservice.oidc.errors import AnswerRefused, ProviderAway
from geoservice.oidc.provider import Provider
from geoservice.records.accounts.links import use_once
from geoservice.services.accounts import providers
from geoservice.services.accounts.account_errors import (
    AccountUnknown,
    LinkTaken,
    NotLinked,
    SignInMustWait,
    SignInRefused,
)
from geoservice.services.accounts.providers import LinkService, ProviderSignInService
from geoservice.services.accounts.sessions import CodePending, NewSession
from layers.db.scope import NOTHING, choose, leave
from layers.db.session import Database
from layers.errors import RefusedByDatabase
from tests.conftest import free_port
from tests.factories import make_town
from tests.geoservice.services.accounts.desk import HERE, Desk, code_of
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, providing

CALLBACK = "http://127.0.0.1:9/signin/provider/back"
SUBJECT = "a5f3-subject"


@pytest.fixture(scope="module")
def issuer() -> Iterator[IdentityProvider]:
    with providing(free_port(), CALLBACK) as running:
        yield running


@pytest.fixture(scope="module")
def other_issuer() -> Iterator[IdentityProvider]:
    with providing(free_port(), CALLBACK) as running:
        yield running


class Linked(Desk):
    """A desk whose dispatcher a provider knows."""

    def __init__(self, url: str, database: Database, issuer: IdentityProvider) -> None:
        super().__init__(url, database)
        self.issuer, self.links = issuer, LinkService(database)
        self.provider = ProviderSignInService(database, self.sessions, Provider(issuer.settings), "test")
        self.links.link("desk-1", issuer=issuer.settings.issuer, subject=SUBJECT)

    def come_back(self, subject: str = SUBJECT) -> tuple[str, dict[str, str]]:
        """Begin, and sign in at the provider; return the browser's secret, and what it comes back with."""
        address, secret = self.provider.begin()
        return secret, self.issuer.answer_to(address, subject)

    def finish(self, secret: str, answer: dict[str, str]) -> NewSession | CodePending:
        return self.provider.finish(secret, answer, address=HERE)

    def refused(self, secret: str, answer: dict[str, str]) -> str:
        with pytest.raises(AnswerRefused) as caught:
            self.finish(secret, answer)
        assert self.sql("SELECT count(*) FROM geoservice.session") == [(0,)]
        return caught.value.reason

    def reasons(self) -> list[Any]:
        return [touched.get("reason") for _, what, touched in self.entries() if what == "sign_in_refused"]


@pytest.fixture
def desk(database_url: str, database: Database, issuer: IdentityProvider) -> Iterator[Linked]:
    with psycopg.connect(database_url) as connection:
        make_town(connection)
    before = choose(NOTHING)
    yield Linked(database_url, database, issuer)
    leave(before)


def test_whoever_is_linked_is_let_in_and_asked_for_no_password(desk: Linked) -> None:
    begun = desk.finish(*desk.come_back())

    assert isinstance(begun, NewSession)
    assert not begun.must_change  # the one-time password was never seen by anybody
    session = desk.sessions.find(begun.secret)
    assert session is not None
    assert (session.identity.actor, session.by_provider, session.must_change) == ("dispatcher:desk-1", True, False)
    assert desk.entries()[-1] == ("dispatcher:desk-1", "sign_in", {"by": "provider"})


def test_what_is_sent_asks_for_a_code_with_pkce_and_tells_no_secret(desk: Linked) -> None:
    address, secret = desk.provider.begin()

    asked = {name: value for name, [value] in parse_qs(urlsplit(address).query).items()}
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == CALLBACK
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert secret not in address
    again = parse_qs(urlsplit(desk.provider.begin()[0]).query)
    assert not {asked["state"], asked["nonce"], asked["code_challenge"]} & {
        again["state"][0], again["nonce"][0], again["code_challenge"][0]
    }  # fmt: skip


def test_a_second_factor_is_asked_for_all_the_same(desk: Linked) -> None:
    factor, _ = desk.enrol()
    desk.sql("DELETE FROM geoservice.session")

    half = desk.finish(*desk.come_back())

    assert isinstance(half, CodePending)
    assert desk.sql("SELECT count(*) FROM geoservice.session") == [(0,)]
    begun = desk.sessions.show_code(half.secret, code_of(factor), address=HERE)
    session = desk.sessions.find(begun.secret)
    assert session is not None
    assert session.by_provider


def test_who_came_by_a_provider_sets_one_up_without_a_password(desk: Linked) -> None:
    begun = desk.finish(*desk.come_back())
    assert isinstance(begun, NewSession)
    session = desk.sessions.find(begun.secret)
    assert session is not None

    enrolment = desk.second_factors.begin(session, "", address=HERE)
    desk.second_factors.confirm("desk-1", enrolment.secret, code_of(enrolment.secret), keep=begun.secret)

    assert desk.sessions.find(begun.secret) is not None


# Who is not.


def test_a_subject_that_is_not_linked_is_told_who_he_is_and_nobody_is_made(desk: Linked) -> None:
    accounts = len(desk.accounts.accounts())
    secret, answer = desk.come_back("somebody-else")

    with pytest.raises(NotLinked) as caught:
        desk.finish(secret, answer)

    assert caught.value.subject == "somebody-else"
    assert len(desk.accounts.accounts()) == accounts
    assert desk.entries()[-1] == ("unknown", "sign_in_refused", {"by": "provider", "reason": "not_linked"})


def test_the_same_subject_of_another_provider_is_somebody_else(desk: Linked) -> None:
    desk.links.unlink("desk-1", issuer=desk.issuer.settings.issuer, subject=SUBJECT)
    desk.links.link("desk-1", issuer="https://other.example", subject=SUBJECT)

    with pytest.raises(NotLinked):
        desk.finish(*desk.come_back())


def test_who_is_disabled_is_refused(desk: Linked) -> None:
    desk.accounts.disable("desk-1")

    with pytest.raises(SignInRefused):
        desk.finish(*desk.come_back())


def test_a_link_that_is_taken_back_ends_what_came_by_it(desk: Linked) -> None:
    begun = desk.finish(*desk.come_back())
    assert isinstance(begun, NewSession)
    by_password = desk.sign_in()

    assert desk.links.unlink("desk-1", issuer=desk.issuer.settings.issuer, subject=SUBJECT)

    assert desk.sessions.find(begun.secret) is None
    assert desk.sessions.find(by_password.secret) is not None
    assert not desk.links.unlink("desk-1", issuer=desk.issuer.settings.issuer, subject=SUBJECT)


def test_a_subject_is_one_account(desk: Linked) -> None:
    issuer = desk.issuer.settings.issuer
    desk.links.link("desk-1", issuer=issuer, subject=SUBJECT)  # once more: nothing to do
    password = desk.accounts.create_unless_there("desk-2", Role.DISPATCHER, created_by="test", jurisdiction="town")
    assert password

    with pytest.raises(LinkTaken):
        desk.links.link("desk-2", issuer=issuer, subject=SUBJECT)
    with pytest.raises(AccountUnknown):
        desk.links.link("nobody", issuer=issuer, subject="x")
    for bad in ({"issuer": "ftp://x", "subject": "x"}, {"issuer": issuer, "subject": "x" * 256}):
        with pytest.raises(RefusedByDatabase):
            desk.links.link("desk-1", **bad)
    assert [what for _, what, _ in desk.entries()][-2:] == ["account_added", "access_grant_added"]


# Attacks.


def test_an_answer_that_is_brought_again_is_refused(desk: Linked) -> None:
    secret, answer = desk.come_back()
    assert isinstance(desk.finish(secret, answer), NewSession)

    with pytest.raises(AnswerRefused):
        desk.finish(secret, answer)
    assert desk.sql("SELECT count(*) FROM geoservice.session") == [(1,)]


def test_a_state_that_was_used_is_refused_with_a_fresh_code_too(desk: Linked) -> None:
    address, secret = desk.provider.begin()
    first, second = (desk.issuer.answer_to(address, SUBJECT) for _ in range(2))
    assert first["code"] != second["code"]
    assert isinstance(desk.finish(secret, first), NewSession)

    with pytest.raises(AnswerRefused) as caught:
        desk.finish(secret, second)
    assert caught.value.reason == "used"


def test_of_two_that_bring_fresh_codes_for_one_state_at_once_one_is_let_in(desk: Linked) -> None:
    address, secret = desk.provider.begin()
    answers = [desk.issuer.answer_to(address, SUBJECT) for _ in range(3)]

    def let_in(answer: dict[str, str]) -> bool:
        try:
            desk.finish(secret, answer)
        except (AnswerRefused, SignInMustWait):
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(let_in, answers)) == 1


def test_an_answer_to_another_browser_is_refused(desk: Linked) -> None:
    _, answer = desk.come_back()
    secret = desk.provider.begin()[1]

    assert desk.refused(secret, answer) == "state"
    assert desk.refused("nonsense", answer) == "state"
    assert desk.reasons() == ["state"]


def test_a_code_for_another_browser_is_refused_by_its_verifier(desk: Linked) -> None:
    _, theirs = desk.come_back()
    secret, mine = desk.come_back()

    assert desk.refused(secret, mine | {"code": theirs["code"]}) == "code"


def altered(address: str, **parameters: str) -> str:
    asked = urlsplit(address)
    return asked._replace(query=urlencode(dict(parse_qsl(asked.query)) | parameters)).geturl()


def test_a_token_with_another_nonce_is_refused(desk: Linked) -> None:
    address, secret = desk.provider.begin()
    answer = desk.issuer.answer_to(altered(address, nonce="of somebody else"), SUBJECT)

    assert desk.refused(secret, answer) == "token"


def test_a_challenge_of_another_verifier_is_refused(desk: Linked) -> None:
    address, secret = desk.provider.begin()
    answer = desk.issuer.answer_to(altered(address, code_challenge="A" * 43), SUBJECT)

    assert desk.refused(secret, answer) == "code"


@pytest.mark.parametrize("said", ["https://evil.example", "", None])
def test_an_answer_of_another_issuer_or_of_none_is_refused(desk: Linked, said: str | None) -> None:
    secret, answer = desk.come_back()
    assert answer["iss"] == desk.issuer.settings.issuer
    mixed_up = {name: value for name, value in (answer | {"iss": said}).items() if value is not None}

    assert desk.refused(secret, mixed_up) == "issuer"
    assert isinstance(desk.finish(secret, answer), NewSession)  # the code was shown to nobody


def test_an_answer_of_another_real_provider_is_refused(desk: Linked, other_issuer: IdentityProvider) -> None:
    address, secret = desk.provider.begin()
    elsewhere = address.replace(f":{desk.issuer.port}/", f":{other_issuer.port}/")
    answer = other_issuer.answer_to(elsewhere, SUBJECT)

    assert desk.refused(secret, answer) == "issuer"
    assert desk.refused(secret, answer | {"iss": desk.issuer.settings.issuer}) == "code"


def test_who_denies_is_told_so(desk: Linked) -> None:
    secret, answer = desk.come_back()
    denied = {"state": answer["state"], "iss": answer["iss"], "error": "access_denied"}

    assert desk.refused(secret, denied) == "denied"
    assert desk.refused(secret, {"state": answer["state"], "iss": answer["iss"]}) == "code"
    assert desk.refused(secret, {}) == "state"
    assert desk.refused(secret, {"state": "\ud800"}) == "state"


def test_a_token_that_another_signed_is_refused(desk: Linked) -> None:
    provider = Provider(desk.issuer.settings)
    provider.address_for("A" * 43)
    assert provider._told is not None
    others = KeySet([RSAKey.generate_key(2048)])
    provider._told = replace(provider._told, keys=others)
    desk.provider = ProviderSignInService(desk.database, desk.sessions, provider, "test")

    assert desk.refused(*desk.come_back()) == "token"
    # Half a minute later its keys are asked for once more: it may have others since.
    provider._told = replace(provider._told, at_s=provider._told.at_s - 31)
    assert isinstance(desk.finish(*desk.come_back()), NewSession)


KEY = RSAKey.generate_key(2048, {"kid": "k"})


def claims(issuer: IdentityProvider, **other: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {
        "iss": issuer.settings.issuer, "aud": CLIENT_ID, "sub": SUBJECT, "nonce": "n", "iat": now, "exp": now + 60,
    }  # fmt: skip
    return {name: value for name, value in (whole | other).items() if value is not None}


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"}, {"iss": None}, {"aud": "another service"}, {"aud": None}, {"sub": None},
        {"sub": ""}, {"sub": 7}, {"nonce": "of another"}, {"nonce": None}, {"exp": 1}, {"exp": None}, {"iat": None},
        {"iat": 2**40}, {"nbf": 2**40}, {"aud": [CLIENT_ID, "another"]}, {"azp": "another service"},
        {"at_hash": "A" * 22},
    ],
    ids=str,
)  # fmt: skip
def test_each_claim_of_a_token_is_looked_at(issuer: IdentityProvider, wrong: dict[str, Any]) -> None:
    provider = knowing_the_key(issuer)
    good = jwt.encode({"alg": "RS256", "kid": "k"}, claims(issuer), KEY)
    assert provider._verified({"id_token": good, "access_token": "a"}, "n") == SUBJECT

    bad = jwt.encode({"alg": "RS256", "kid": "k"}, claims(issuer, **wrong), KEY)
    with pytest.raises(AnswerRefused):
        provider._verified({"id_token": bad, "access_token": "a"}, "n")


def knowing_the_key(issuer: IdentityProvider) -> Provider:
    provider = Provider(issuer.settings)
    provider.address_for("A" * 43)
    assert provider._told is not None
    provider._told = replace(provider._told, keys=KeySet([KEY]))
    return provider


def part(said: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


@pytest.mark.parametrize("forged", ["none", "secret", "public", "other", "garbage", "empty"])
def test_a_token_that_is_signed_otherwise_is_refused(issuer: IdentityProvider, forged: str) -> None:
    provider, said = knowing_the_key(issuer), claims(issuer)
    signed_with = {"secret": CLIENT_SECRET.encode(), "public": KEY.as_pem(private=False)}
    if forged in signed_with:
        head = f"{part({'alg': 'HS256', 'kid': 'k'})}.{part(said)}"
        mac = hmac.new(signed_with[forged], head.encode(), hashlib.sha256).digest()
        token = f"{head}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    else:
        other = RSAKey.generate_key(2048, {"kid": "k"})
        token = {
            "none": f"{part({'alg': 'none', 'kid': 'k'})}.{part(said)}.",
            "other": jwt.encode({"alg": "RS256", "kid": "k"}, said, other), "garbage": "a.b.c", "empty": "",
        }[forged]  # fmt: skip

    with pytest.raises(AnswerRefused):
        provider._verified({"id_token": token}, "n")


def test_a_provider_that_names_itself_otherwise_or_is_away_is_told(desk: Linked) -> None:
    named = replace(desk.issuer.settings, issuer=f"http://localhost:{desk.issuer.port}")
    away = replace(desk.issuer.settings, issuer=f"http://127.0.0.1:{free_port()}")
    for settings in (named, away):
        with pytest.raises(ProviderAway):
            ProviderSignInService(desk.database, desk.sessions, Provider(settings), "test").begin()


def test_a_provider_that_does_not_answer_holds_nobody_up(desk: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "TIMEOUT_S", 2.0)
    monkeypatch.setattr(provider, "WAIT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        away = Provider(replace(desk.issuer.settings, issuer=f"http://127.0.0.1:{mute.getsockname()[1]}"))
        signing_in = ProviderSignInService(desk.database, desk.sessions, away, "test")

        def begin(_: int) -> type[Exception] | None:
            try:
                signing_in.begin()
            except ProviderAway as exc:
                return type(exc)
            return None

        with ThreadPoolExecutor(8) as several:
            assert set(several.map(begin, range(24))) == {ProviderAway}
        mute.setblocking(False)
        mute.accept()[0].close()
        with pytest.raises(BlockingIOError):  # one asked for all
            mute.accept()


def test_whoever_redeems_codes_leaves_threads_to_others(desk: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "WAIT_S", 0.05)
    secret, answer = desk.come_back()
    places = [desk.provider._provider._redeeming for _ in range(provider.AT_ONCE)]
    for one in places:
        one.acquire()
    with pytest.raises(ProviderAway):
        desk.finish(secret, answer)
    for one in places:
        one.release()
    assert isinstance(desk.finish(secret, answer), NewSession)


def test_who_makes_up_answers_waits(desk: Linked) -> None:
    secret, answer = desk.come_back()
    for _ in range(FREE_OF_NETWORK):
        with pytest.raises(AnswerRefused):
            desk.finish(desk.provider.begin()[1], answer)

    with pytest.raises(SignInMustWait):
        desk.finish(secret, answer)


def test_no_login_of_people_reads_links(desk: Linked) -> None:
    rights = desk.sql(
        "SELECT has_any_column_privilege(r, 'geoservice.' || t, 'SELECT, INSERT, UPDATE')"
        " FROM unnest(ARRAY['geoservice_reader', 'geoservice_analyst', 'public']) AS r,"
        " unnest(ARRAY['account_link', 'provider_sign_in']) AS t"
    )
    assert set(rights) == {(False,)}


def test_a_link_that_is_taken_back_meanwhile_lets_nobody_in(desk: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*asked: Any, **more: Any) -> Any:
        monkeypatch.undo()
        assert desk.links.unlink("desk-1", issuer=desk.issuer.settings.issuer, subject=SUBJECT)
        return use_once(*asked, **more)

    secret, answer = desk.come_back()
    monkeypatch.setattr(providers, "use_once", slow)

    with pytest.raises(NotLinked):
        desk.finish(secret, answer)
    assert desk.sql("SELECT count(*) FROM geoservice.session") == [(0,)]
