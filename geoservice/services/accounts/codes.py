"""Whether a code is good for an account, asked in the transaction that it lets somebody do something in."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from sqlalchemy import Connection

from geoservice.auth.totp import recovery_code_sha256, step_of
from geoservice.records.accounts.second_factors import StoredFactor, find_factor, use_recovery_code, use_step

#: How long a second factor is kept that no code was shown of.
ENROLMENT_PATIENCE = timedelta(minutes=15)
Accepted = Literal["code", "recovery_code"]


def accept_code(connection: Connection, login: str, typed: str) -> Accepted | None:
    """Return how a code is good for an account, and accept it, so that it is not good again; None: it is not."""
    factor = confirmed_factor(connection, login)
    if factor is None:
        return None
    step = step_of(typed, factor.secret, now_s=factor.now_s)
    if step is not None:
        return "code" if use_step(connection, login, step) else None
    return "recovery_code" if use_recovery_code(connection, login, recovery_code_sha256(typed)) else None


def confirmed_factor(connection: Connection, login: str) -> StoredFactor | None:
    """Return the second factor of an account that asks for codes; None: there is none, or it does not ask yet."""
    factor = find_factor(connection, login, patience=ENROLMENT_PATIENCE)
    return None if factor is None or factor.confirmed_at is None else factor
