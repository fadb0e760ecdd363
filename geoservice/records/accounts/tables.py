"""Tables account (hashes, never passwords), session, sign_in_attempt, and those of second factors and providers."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, ForeignKeyConstraint, Index, Integer, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from geoservice.records.grants.tables import AccessGrantRow
from layers.db.base import Base
from layers.db.columns import CODE, INSTANT, instant_now


class AccountRow(Base):
    """Of a person who signs in with a password."""

    __tablename__ = "account"

    login: Mapped[str] = mapped_column(CODE, primary_key=True)
    password_hash: Mapped[str] = mapped_column(Text)
    #: The password is good for one thing: to be changed.
    must_change: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = instant_now()
    created_by: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(INSTANT)
    disabled_at: Mapped[datetime | None] = mapped_column(INSTANT)
    #: Last.
    signed_in_at: Mapped[datetime | None] = mapped_column(INSTANT)


AccessGrantRow.metadata.tables["geoservice.access_grant"].append_constraint(
    ForeignKeyConstraint(["login"], ["geoservice.account.login"], ondelete="CASCADE")
)


class SessionRow(Base):
    """That somebody is signed in; nothing of where from or with what."""

    __tablename__ = "session"
    __table_args__ = (Index(None, "login"), Index(None, "expires_at"))

    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    login: Mapped[str] = mapped_column(CODE, ForeignKey("geoservice.account.login"))
    #: An identity provider said who it is, in place of a password.
    by_provider: Mapped[bool] = mapped_column(Boolean, server_default="false")
    created_at: Mapped[datetime] = instant_now()
    #: To a minute.
    seen_at: Mapped[datetime] = instant_now()
    expires_at: Mapped[datetime] = mapped_column(INSTANT)
    revoked_at: Mapped[datetime | None] = mapped_column(INSTANT)


class SignInAttemptRow(Base):
    """How often signing in failed, by a name or by a network, as a hash."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index(None, "failed_at"),)

    subject: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    failed_at: Mapped[datetime] = instant_now()
    wait_until: Mapped[datetime | None] = mapped_column(INSTANT)


class SecondFactorRow(Base):
    """What the codes of an account are made of."""

    __tablename__ = "second_factor"

    login: Mapped[str] = mapped_column(CODE, ForeignKey("geoservice.account.login"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = instant_now()
    #: Null: no code of it was shown yet, and it asks nobody.
    confirmed_at: Mapped[datetime | None] = mapped_column(INSTANT)
    #: Of the code that was accepted last.
    last_step: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCodeRow(Base):
    """What stands in for a code once."""

    __tablename__ = "recovery_code"

    login: Mapped[str] = mapped_column(
        CODE, ForeignKey("geoservice.second_factor.login", ondelete="CASCADE"), primary_key=True
    )
    code_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class PendingSignInRow(Base):
    """That it is known who signs in, and a code is still to come."""

    __tablename__ = "pending_sign_in"
    __table_args__ = (Index(None, "login"), Index(None, "expires_at"))

    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    login: Mapped[str] = mapped_column(CODE, ForeignKey("geoservice.account.login"))
    #: Hash of the password of then.
    verified: Mapped[str] = mapped_column(Text)
    by_provider: Mapped[bool] = mapped_column(Boolean)
    expires_at: Mapped[datetime] = mapped_column(INSTANT)


class AccountLinkRow(Base):
    """As whom an identity provider knows whose account it is."""

    __tablename__ = "account_link"
    __table_args__ = (Index(None, "login"),)

    issuer: Mapped[str] = mapped_column(CODE, primary_key=True)
    subject: Mapped[str] = mapped_column(CODE, primary_key=True)
    login: Mapped[str] = mapped_column(CODE, ForeignKey("geoservice.account.login"))
    linked_at: Mapped[datetime] = instant_now()


class ProviderSignInRow(Base):
    """What began a sign-in by a provider that succeeded; it is good for no second one."""

    __tablename__ = "provider_sign_in"
    __table_args__ = (Index(None, "used_at"),)

    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    used_at: Mapped[datetime] = instant_now()
