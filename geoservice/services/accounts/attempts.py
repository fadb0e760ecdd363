"""Tries to sign in: each is counted as a failure before anything is reckoned, and taken back when it was none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from geoservice.auth.attempts import FREE_OF_NAME, FREE_OF_NETWORK, WINDOW, name_subject, network_subject, wait_s
from geoservice.auth.model import Identity, Role
from geoservice.auth.passwords import is_password
from geoservice.records.accounts.attempts import (
    count_failure,
    forget_failures,
    forget_old_failures,
    forgive_failure,
    lock_subjects,
    take_subjects,
)
from geoservice.records.accounts.queries import StoredAccount, find_account
from geoservice.records.audit.queries import note
from geoservice.records.grants.model import home_of
from geoservice.services.accounts.account_errors import SignInMustWait, SignInRefused
from layers.db.session import Database
from layers.errors import TooBusy


@dataclass(frozen=True)
class Attempt:
    """A try, counted as a failure until it has succeeded."""

    #: What is counted: the name that is tried, by its passwords or by its codes.
    subject: bytes
    subject_until: datetime
    network: bytes
    network_until: datetime


def count_attempt(database: Database, subject: bytes, address: str | None) -> Attempt:
    """Count a try as a failure before anything is reckoned: a hundred at once are not a hundred free ones.

    Raises
    ------
    SignInMustWait
    """
    network = network_subject(address)
    with database.transaction() as connection:
        taken = take_subjects(connection, (subject, network), window=WINDOW)
        longest = max(one.wait_s for one in taken.values())
        if longest <= 0:
            counted = Attempt(
                subject, _counted(connection, subject, taken[subject].failures + 1, free=FREE_OF_NAME),
                network, _counted(connection, network, taken[network].failures + 1, free=FREE_OF_NETWORK),
            )  # fmt: skip
            forget_old_failures(connection, window=WINDOW)
            return counted
    raise SignInMustWait(math.ceil(longest))


def forgive(connection: Connection, counted: Attempt) -> None:
    """Take back what was counted: of a name all, of a network, where others may be guessing, this try alone.

    The last thing that a transaction does: whoever counts a try holds nothing else.
    """
    lock_subjects(connection, (counted.subject, counted.network))
    forget_failures(connection, counted.subject)
    forgive_failure(connection, counted.network, counted_until=counted.network_until)


def verified_by_password(
    database: Database, login: str, password: str, address: str | None
) -> tuple[StoredAccount, Attempt]:  # fmt: skip
    """Return the account whose password this is, and how the try was counted.

    An unknown name, a wrong password and an account that can not be used cost the same statements and the same
    reckoning, and are told in the same words.

    Raises
    ------
    SignInRefused, SignInMustWait, TooBusy
    """
    counted = count_attempt(database, name_subject(login), address)
    with database.transaction() as connection:
        account = find_account(connection, login)
    try:
        right = is_password(password, None if account is None else account.password_hash)
    except TooBusy:  # so nothing was found out
        with database.transaction() as connection:
            forgive_failure(connection, counted.subject, counted_until=counted.subject_until)
            forgive_failure(connection, counted.network, counted_until=counted.network_until)
        raise
    if account is None or not right or not account.is_open:
        note_refused(database, account)
        raise SignInRefused
    return account, counted


def identity_of(account: StoredAccount) -> Identity:
    """Return who is signed in with an account; the public, where no grant of it is in force."""
    return Identity.of(account.held, login=account.login)


def known_as(account: StoredAccount) -> Identity:
    """Return as whom histories name an account, also where nothing that it was granted is in force any more."""
    return Identity.of(account.held or account.grants, login=account.login)


def note_of(connection: Connection, account: StoredAccount, what: str, **touched: str) -> None:
    """Write what was done with an account by whose it is."""
    note(connection, what, touched=touched, jurisdiction_id=home_of(account.grants), role=known_as(account).role)


def note_refused(database: Database, account: StoredAccount | None, **touched: str) -> None:
    """Write that a try was refused. A name that is none may be a password that went into the wrong field.

    Whoever has to wait for it is not looked at, and leaves no entry: the one of the try before says since when.
    """
    with database.transaction(actor="unknown" if account is None else known_as(account).actor) as connection:
        if account is None:
            note(connection, "sign_in_refused", touched=touched, role=Role.PUBLIC)
        else:
            note_of(connection, account, "sign_in_refused", **touched)


def _counted(connection: Connection, subject: bytes, failures: int, *, free: int) -> datetime:
    return count_failure(connection, subject, failures=failures, wait_s=wait_s(failures, free=free))
