"""Signing in with a code: set up, asked for after the password and only then, good once, slowed like passwords."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from geoservice.auth.attempts import FREE_OF_NAME, FREE_OF_NETWORK, code_subject
from geoservice.auth.model import Role
from geoservice.auth.sessions import Session, secret_sha256
from geoservice.services.accounts.account_errors import (
    AccountUnknown,
    CodeRefused,
    PendingSignInOver,
    SecondFactorMissing,
    SecondFactorThere,
    SignInMustWait,
    SignInRefused,
)
from geoservice.services.accounts.sessions import CodePending, NewSession, SessionService
from layers.errors import TooBusy
from tests.geoservice.services.accounts.desk import ELSEWHERE, HERE, LIMITS, NEW, Desk, code_of


def show(desk: Desk, half: CodePending, code: str, address: str = HERE) -> NewSession:
    return desk.sessions.show_code(half.secret, code, address=address)


def half_of(desk: Desk, **more: Any) -> CodePending:
    half = desk.sign_in(**more)
    assert isinstance(half, CodePending)
    return half


def session_of(desk: Desk, secret: str) -> Session:
    session = desk.sessions.find(secret)
    assert session is not None
    return session


# Setting it up.


def test_who_set_it_up_signs_in_with_password_and_code(desk: Desk) -> None:
    secret, codes = desk.enrol()

    half = half_of(desk)
    assert desk.sessions.find(half.secret) is None
    assert desk.sessions.listener(half.secret) is None
    assert desk.sql("SELECT count(*) FROM geoservice.session WHERE revoked_at IS NULL") == [(0,)]

    begun = show(desk, half, code_of(secret))

    assert session_of(desk, begun.secret).identity.actor == "dispatcher:desk-1"
    assert len(codes) == 10
    standing = desk.second_factors.standing("desk-1")
    assert standing is not None
    assert standing.codes_left == 10


def test_until_a_code_was_shown_nobody_is_asked_for_one(desk: Desk) -> None:
    session = session_of(desk, desk.sign_in().secret)
    enrolment = desk.second_factors.begin(session, desk.password, address=HERE)

    with pytest.raises(CodeRefused):
        desk.second_factors.confirm("desk-1", enrolment.secret, code_of(enrolment.secret, around=9), keep=None)

    assert isinstance(desk.sign_in(), NewSession)
    assert desk.second_factors.standing("desk-1") is None
    desk.sql("UPDATE geoservice.second_factor SET made_at = now() - interval '16 minutes'")
    with pytest.raises(SecondFactorMissing):
        desk.second_factors.confirm("desk-1", enrolment.secret, code_of(enrolment.secret), keep=None)


def test_whoever_found_a_browser_open_sets_up_nothing_and_guesses_no_faster(desk: Desk) -> None:
    session = session_of(desk, desk.sign_in().secret)
    for _ in range(FREE_OF_NAME):
        with pytest.raises(SignInRefused):
            desk.second_factors.begin(session, "wrong", address=HERE)

    with pytest.raises(SignInMustWait):
        desk.second_factors.begin(session, desk.password, address=HERE)
    assert desk.sql("SELECT count(*) FROM geoservice.second_factor") == [(0,)]


def test_nobody_confirms_what_he_was_not_shown(desk: Desk) -> None:
    session = session_of(desk, desk.sign_in().secret)
    before = desk.second_factors.begin(session, desk.password, address=HERE).secret
    secret = desk.second_factors.begin(session, desk.password, address=HERE).secret

    for shown in (None, b"", before):
        for code in (code_of(secret), code_of(before)):
            with pytest.raises(SecondFactorMissing):
                desk.second_factors.confirm("desk-1", shown, code, keep=None)
    assert len(desk.second_factors.confirm("desk-1", secret, code_of(secret), keep=None)) == 10


def test_setting_it_up_ends_every_other_session_and_replaces_none_that_is_there(desk: Desk) -> None:
    here, elsewhere = desk.sign_in(), desk.sign_in()
    session = session_of(desk, here.secret)
    secret = desk.second_factors.begin(session, desk.password, address=HERE).secret

    desk.second_factors.confirm("desk-1", secret, code_of(secret), keep=here.secret)

    assert desk.sessions.find(here.secret) is not None
    assert desk.sessions.find(elsewhere.secret) is None
    with pytest.raises(SecondFactorThere):
        desk.second_factors.begin(session, desk.password, address=HERE)
    with pytest.raises(SecondFactorThere):
        desk.second_factors.confirm("desk-1", secret, code_of(secret), keep=here.secret)
    # The code that it was set up with is used.
    with pytest.raises(CodeRefused):
        show(desk, half_of(desk), code_of(secret))


def test_it_is_taken_off_against_a_code(desk: Desk) -> None:
    secret, codes = desk.enrol()
    with pytest.raises(CodeRefused):
        desk.second_factors.take_off("desk-1", code_of(secret, around=9), address=HERE)
    assert desk.second_factors.standing("desk-1") is not None
    half = half_of(desk)

    desk.second_factors.take_off("desk-1", codes[3], address=HERE)

    assert isinstance(desk.sign_in(), NewSession)
    with pytest.raises(PendingSignInOver):
        show(desk, half, code_of(secret))
    with pytest.raises(SecondFactorMissing):
        desk.second_factors.take_off("desk-1", codes[4], address=HERE)
    assert desk.sql("SELECT count(*) FROM geoservice.recovery_code") == [(0,)]


# A code is good once.


def test_a_code_is_accepted_once_and_none_before_it(desk: Desk) -> None:
    secret, _ = desk.enrol()
    code, before = code_of(secret, around=1), code_of(secret)
    show(desk, half_of(desk), code)

    for used in (code, before):
        with pytest.raises(CodeRefused):
            show(desk, half_of(desk), used)


def test_of_many_who_show_one_code_at_once_one_is_let_in(desk: Desk) -> None:
    secret, _ = desk.enrol()
    halves, code = [half_of(desk) for _ in range(4)], code_of(secret)

    def let_in(half: CodePending) -> bool:
        try:
            show(desk, half, code)
        except CodeRefused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(let_in, halves)) == 1
    assert desk.sql("SELECT count(*) FROM geoservice.session WHERE revoked_at IS NULL") == [(1,)]


def test_of_two_codes_for_one_sign_in_at_once_one_begins_a_session(desk: Desk) -> None:
    secret, codes = desk.enrol()
    half = half_of(desk)

    def let_in(code: str) -> bool:
        try:
            show(desk, half, code)
        except (CodeRefused, PendingSignInOver):
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(let_in, (code_of(secret), codes[0], codes[1]))) == 1
    # What was not let in used up nothing.
    assert desk.sql("SELECT count(*) FROM geoservice.recovery_code")[0][0] >= 9


def test_a_recovery_code_stands_in_once(desk: Desk) -> None:
    _, codes = desk.enrol()

    show(desk, half_of(desk), codes[0].upper().replace("-", " "))

    with pytest.raises(CodeRefused):
        show(desk, half_of(desk), codes[0])
    show(desk, half_of(desk), codes[1])
    standing = desk.second_factors.standing("desk-1")
    assert standing is not None
    assert standing.codes_left == 8


@pytest.mark.parametrize("typed", ["", "0", "\x00", "\ud800", "x" * 100_000, "１２３４５６"])
def test_whatever_is_typed_is_a_wrong_code(desk: Desk, typed: str) -> None:
    desk.enrol()
    with pytest.raises(CodeRefused):
        show(desk, half_of(desk), typed)


def test_a_code_of_another_account_is_none(desk: Desk) -> None:
    desk.enrol()
    other = desk.accounts.create("desk-2", Role.DISPATCHER, created_by="test", jurisdiction="town")
    secret, codes = desk.enrol("desk-2", other)

    for typed in (code_of(secret), codes[0]):
        with pytest.raises(CodeRefused):
            show(desk, half_of(desk), typed)


# The step before.


def test_what_waits_for_a_code_is_bound_to_the_password_and_ends_by_itself(desk: Desk) -> None:
    secret, _ = desk.enrol()
    late, changed, disabled = (half_of(desk) for _ in range(3))

    desk.sql(
        "UPDATE geoservice.pending_sign_in SET expires_at = now() WHERE secret_sha256 = %s", secret_sha256(late.secret)
    )
    assert not desk.sessions.is_code_wanted(late.secret)
    with pytest.raises(PendingSignInOver):
        show(desk, late, code_of(secret))
    password = desk.accounts.reset("desk-1")
    with pytest.raises(SignInRefused):
        show(desk, changed, code_of(secret))
    half = half_of(desk, password=password)
    show(desk, half, code_of(secret))  # what was refused used up no code
    with pytest.raises(PendingSignInOver):
        show(desk, half, code_of(secret))
    desk.accounts.disable("desk-1")
    with pytest.raises(SignInRefused):
        show(desk, disabled, code_of(secret, around=1))


@pytest.mark.parametrize("secret", ["", "x", "A" * 43, "A" * 10**6, "\ud800"])
def test_who_was_not_asked_for_a_code_shows_one_in_vain(desk: Desk, secret: str) -> None:
    factor, _ = desk.enrol()

    assert not desk.sessions.is_code_wanted(secret)
    with pytest.raises(PendingSignInOver):
        desk.sessions.show_code(secret, code_of(factor), address=HERE)


def test_a_session_is_no_half_and_a_half_no_session(desk: Desk) -> None:
    secret, _ = desk.enrol()
    begun = show(desk, half_of(desk), code_of(secret))

    with pytest.raises(PendingSignInOver):
        desk.sessions.show_code(begun.secret, code_of(secret, around=1), address=HERE)


def test_nobody_learns_of_a_second_factor_without_the_password(desk: Desk) -> None:
    desk.enrol()
    desk.accounts.create("desk-2", Role.DISPATCHER, created_by="test", jurisdiction="town")

    for login in ("desk-1", "desk-2", "nobody"):
        with pytest.raises(SignInRefused):
            desk.sign_in("wrong", login)


# Guessing.


def test_who_guesses_codes_waits_and_the_password_gives_no_new_tries(desk: Desk) -> None:
    secret, _ = desk.enrol()
    wrong = code_of(secret, around=9)
    for _ in range(FREE_OF_NAME):
        with pytest.raises(CodeRefused):
            show(desk, half_of(desk), wrong)

    half = half_of(desk)
    with pytest.raises(SignInMustWait):
        show(desk, half, code_of(secret), address=ELSEWHERE)
    desk.time_passes("2 seconds")
    show(desk, half, code_of(secret))
    assert desk.sql("SELECT count(*) FROM geoservice.sign_in_attempt WHERE subject = %s", code_subject("desk-1")) == [
        (0,)
    ]


def test_many_codes_at_once_are_not_many_free_tries(desk: Desk) -> None:
    secret, _ = desk.enrol()
    halves, wrong = [half_of(desk) for _ in range(10)], code_of(secret, around=9)

    def looked_at(half: CodePending) -> bool:
        try:
            show(desk, half, wrong)
        except SignInMustWait:
            return False
        except CodeRefused:
            return True
        raise AssertionError

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(looked_at, halves)) == FREE_OF_NAME


def test_a_network_waits_for_codes_of_many_names(desk: Desk) -> None:
    desk.enrol()
    half = half_of(desk, address=ELSEWHERE)
    for number in range(FREE_OF_NETWORK):
        desk.fail(1, login=f"nobody-{number}")

    with pytest.raises(SignInMustWait):
        show(desk, half, "000000")


# Demanded, and taken off.


def test_a_role_that_has_to_have_one_does_nothing_before(desk: Desk) -> None:
    strict = SessionService(desk.database, LIMITS, {Role.DISPATCHER})
    begun = desk.sign_in()
    assert not begun.must_enrol

    found = strict.find(begun.secret)
    assert found is not None
    assert found.must_enrol
    assert strict.listener(desk.sessions.change_password("desk-1", desk.password, NEW, address=HERE).secret) is None

    entered = strict.sign_in("desk-1", NEW, address=HERE)
    assert isinstance(entered, NewSession)
    assert entered.must_enrol
    desk.enrol(password=NEW)
    half = strict.sign_in("desk-1", NEW, address=HERE)
    assert isinstance(half, CodePending)
    reader = desk.accounts.create("watch", Role.READER, created_by="test", jurisdiction="town")
    plain = strict.find(desk.sign_in(reader, "watch").secret)
    assert plain is not None
    assert not plain.must_enrol


def test_an_administrator_takes_it_off_and_every_session_ends(desk: Desk) -> None:
    secret, _ = desk.enrol()
    begun, half = show(desk, half_of(desk), code_of(secret)), half_of(desk)

    assert desk.second_factors.reset("desk-1")

    assert desk.sessions.find(begun.secret) is None
    with pytest.raises(PendingSignInOver):
        show(desk, half, code_of(secret))
    assert isinstance(desk.sign_in(), NewSession)
    assert not desk.second_factors.reset("desk-1")
    with pytest.raises(AccountUnknown):
        desk.second_factors.reset("nobody")


def test_each_of_it_leaves_an_entry_without_a_secret(desk: Desk) -> None:
    secret, codes = desk.enrol()
    half = half_of(desk)
    with pytest.raises(CodeRefused):
        show(desk, half, code_of(secret, around=9))
    show(desk, half, code_of(secret))
    show(desk, half_of(desk), codes[0])
    desk.second_factors.reset("desk-1")

    entries = desk.entries()
    known = ("sign_in", "code_", "second_factor", "recovery", "half")
    told = [(who, what, touched) for who, what, touched in entries if what.startswith(known)]
    me = "dispatcher:desk-1"
    assert [(what, touched.get("second_factor")) for _, what, touched in told] == [
        ("sign_in", None), ("second_factor_added", None), ("second_factor_changed", None),
        ("code_asked", None), ("sign_in_refused", "code"), ("sign_in", "code"),
        ("code_asked", None), ("sign_in", "recovery_code"), ("second_factor_removed", None),
    ]  # fmt: skip
    assert {who for who, what, _ in told if what in ("code_asked", "sign_in", "sign_in_refused")} == {me}
    assert told[2][2]["columns"] == ["confirmed_at"]
    assert not any(text in str(entries) for text in (secret.hex(), *codes, code_of(secret)))


def test_no_login_of_people_reads_it(desk: Desk) -> None:
    rights = desk.sql(
        "SELECT r, t, has_any_column_privilege(r, 'geoservice.' || t, 'SELECT, INSERT, UPDATE') OR"
        " has_table_privilege(r, 'geoservice.' || t, 'DELETE')"
        " FROM unnest(ARRAY['geoservice_reader', 'geoservice_analyst', 'public']) AS r,"
        " unnest(ARRAY['second_factor', 'recovery_code', 'pending_sign_in']) AS t"
    )
    assert {has for _, _, has in rights} == {False}
    assert len(rights) == 9


@pytest.mark.parametrize("table", ["second_factor", "recovery_code", "pending_sign_in"])
def test_no_transaction_of_the_service_sees_it_but_those_that_sign_in(desk: Desk, table: str) -> None:
    desk.enrol()
    half_of(desk)
    policies = desk.sql(
        "SELECT c.relrowsecurity, array_agg(DISTINCT r) FROM pg_class AS c"
        " JOIN pg_policies AS p ON p.tablename = c.relname, unnest(p.roles) AS r"
        " WHERE c.oid = ('geoservice.' || %s)::regclass GROUP BY 1", table,
    )  # fmt: skip
    assert policies == [(True, ["geoservice_everywhere"])]


def test_many_who_sign_in_and_guess_at_once_do_not_wait_for_each_other_for_good(desk: Desk) -> None:
    """Of rows that several lock, each is locked in one order: no deadlock, whichever name and network they are of."""
    _, codes = desk.enrol()
    names = [f"desk-{number}" for number in range(2, 6)]
    passwords = [desk.accounts.create(name, Role.READER, created_by="test", jurisdiction="town") for name in names]

    def work(number: int) -> str:
        try:
            if number % 3 == 0:
                desk.fail(1, login=f"nobody-{number}", address=ELSEWHERE)
            elif number % 3 == 1:
                desk.sign_in(passwords[number % 4], names[number % 4], address=HERE)
            else:
                show(desk, half_of(desk), codes[number % 10], address=HERE)
        except TooBusy:  # an answer, too, where passwords are hashed by few at once
            return "busy"
        return "done"

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(work, range(2, 26)))
    assert set(answers) <= {"done", "busy"}
    assert "done" in answers
