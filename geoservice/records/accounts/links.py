"""Reads and writes of tables account_link and provider_sign_in."""

from __future__ import annotations

from sqlalchemy import Connection, text

_LINK = text("""
    INSERT INTO geoservice.account_link AS l (issuer, subject, login) VALUES (:issuer, :subject, :login)
    ON CONFLICT (issuer, subject) DO NOTHING
""")
_LOCK = text("SELECT FROM geoservice.account WHERE login = :login FOR UPDATE")
_UNLINK = text("""
    DELETE FROM geoservice.account_link WHERE login = :login AND issuer = :issuer AND subject = :subject
""")
_LINKED = text("SELECT l.login FROM geoservice.account_link AS l WHERE l.issuer = :issuer AND l.subject = :subject")
_USE = text("""
    INSERT INTO geoservice.provider_sign_in (secret_sha256) VALUES (:secret_sha256) ON CONFLICT DO NOTHING
""")
#: A day is longer than any token of a provider is good.
_FORGET = text("DELETE FROM geoservice.provider_sign_in WHERE used_at < now() - interval '1 day'")


def link(connection: Connection, login: str, *, issuer: str, subject: str) -> bool:
    """Have an account be that of a provider's subject; return whether the subject was linked to none."""
    return connection.execute(_LINK, {"login": login, "issuer": issuer, "subject": subject}).rowcount == 1


def unlink(connection: Connection, login: str, *, issuer: str, subject: str) -> bool:
    """Take a link back; return whether there was one. Whoever signs in with the account is waited for."""
    connection.execute(_LOCK, {"login": login})
    return connection.execute(_UNLINK, {"login": login, "issuer": issuer, "subject": subject}).rowcount == 1


def find_linked(connection: Connection, *, issuer: str, subject: str) -> str | None:
    """Return the login name that a provider's subject is linked to, or None."""
    login: str | None = connection.execute(_LINKED, {"issuer": issuer, "subject": subject}).scalar_one_or_none()
    return login


def use_once(connection: Connection, secret_sha256: bytes) -> bool:
    """Write down that what began a sign-in is used; return whether it was not before. Old ones are forgotten."""
    connection.execute(_FORGET)
    return connection.execute(_USE, {"secret_sha256": secret_sha256}).rowcount == 1
