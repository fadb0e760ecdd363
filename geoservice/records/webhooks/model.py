"""Webhooks and deliveries, as values. None of them shows a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class Webhook:
    """A standing order, and how far it is."""

    id: int
    #: None: events of all jurisdictions.
    jurisdiction_id: int | None
    jurisdiction_code: str | None
    #: Often a secret of the receiver's.
    url: str = field(repr=False)
    #: For each topic that was named the values that are meant; every topic must fit.
    topics: Mapping[str, frozenset[str]]
    label: str
    created_at: datetime
    created_by: str
    #: None: it is in use.
    disabled_at: datetime | None
    disabled_reason: str | None
    #: Until then the secret before this one signs too; None when none does.
    previous_secret_until: datetime | None
    #: Number of the last event that was fanned out.
    sent_up_to: int
    waiting: int
    dead: int


@dataclass(frozen=True)
class Behind:
    """A webhook in use for which events are to be fanned out."""

    id: int
    jurisdiction_id: int | None
    topics: Mapping[str, frozenset[str]]
    #: Number of the last event that was fanned out.
    sent_up_to: int
    #: Deliveries that wait, counted no further than asked.
    waiting: int


@dataclass(frozen=True)
class NewWebhook:
    """A standing order before it is stored."""

    jurisdiction_id: int | None
    url: str = field(repr=False)
    topics: Mapping[str, frozenset[str]]
    label: str
    created_by: str


@dataclass(frozen=True)
class Delivery:
    """A line of the ledger."""

    number: int
    message_id: str
    type: str
    incident_id: UUID | None
    #: waiting, delivered or dead
    status: str
    attempts: int
    at: datetime
    due_at: datetime
    delivered_at: datetime | None
    last_status: int | None
    last_reason: str | None


@dataclass(frozen=True)
class Message:
    """What is fanned out of one event for one webhook."""

    number: int
    type: str
    incident_id: UUID | None
    body: str = field(repr=False)


@dataclass(frozen=True)
class Claimed:
    """A delivery that whoever claimed it may attempt now, with all that the attempt needs."""

    id: int
    webhook_id: int
    message_id: str
    #: Attempts made before.
    attempts: int
    url: str = field(repr=False)
    body: str = field(repr=False)
    #: The current one first, then the one before while it signs too.
    secrets: tuple[str, ...] = field(repr=False)
