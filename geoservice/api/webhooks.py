"""Webhooks: /v1/webhooks. What happens, sent to other systems."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.domain.topics import MAX_VALUE, MAX_VALUES, Topics
from geoservice.records.webhooks.model import Delivery, Webhook
from geoservice.services.webhooks.service import WebhookService
from geoservice.web.guard import acting_in_body, current_identity, guard
from geoservice.web.parsing import Code, Name, QueryInteger, RowNumber, StrictModel, Words
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render

TAG = Tag(name="webhooks", description="What happens, sent to other systems")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]
REFUSALS = problem_responses(401, 403, 404, 413, 415)

Status = Literal["waiting", "delivered", "dead"]
Values = Annotated[list[Annotated[Code, Field(max_length=MAX_VALUE)]], Field(min_length=1, max_length=MAX_VALUES)]
#: Larger ones are no bigint.
Number = Annotated[int, Field(ge=0, le=10**18)]


class TopicsBody(StrictModel):
    """Which events are meant: every topic that is named must fit, in one of its values."""

    jurisdiction: Values | None = None
    grid: Values | None = Field(None, description="Where it is, or came from")
    officer: Values | None = None
    service: Values | None = None
    type: Values | None = Field(None, description="Whole, or incident or edition")


class WebhookBody(StrictModel):
    """A webhook."""

    url: Annotated[str, Field(min_length=1, max_length=2000, description="https; where the operator allows it, http")]
    jurisdiction: Code | None = Field(None, description="Events of all jurisdictions when absent")
    topics: TopicsBody | None = Field(None, description="Everything when absent")
    label: Name | None = Field(None, description="What it is for. Nothing about persons")


class DisableBody(StrictModel):
    """Why nothing is to be sent."""

    reason: Annotated[Words, Field(max_length=200)] = "by hand"


class ReplayBody(StrictModel):
    """What is to be sent again."""

    after: Number | None = Field(None, description="All that followed this event; what is dead when absent")


class Nothing(StrictModel):
    """No fields: send {}."""


class WebhookPath(StrictModel):
    """Which webhook."""

    id: RowNumber


class DeliveriesQuery(StrictModel):
    """Which deliveries, the latest event first."""

    status: Status | None = None
    limit: Annotated[QueryInteger, Field(ge=1, le=1000)] = 100
    before: RowNumber | None = Field(None, description="`next` of the page before")


class WebhookOut(BaseModel):
    """A webhook, without its secret."""

    id: int
    url: str
    jurisdiction: str | None
    topics: dict[str, list[str]]
    label: str
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    disabled_reason: str | None
    previous_secret_until: datetime | None = Field(description="Until then two secrets sign")
    sent_up_to: int = Field(description="Number of the last event that was fanned out")
    waiting: int = Field(description="Deliveries that wait")
    dead: int = Field(description="Deliveries that were given up")


class WebhookMadeOut(WebhookOut):
    """A webhook just made."""

    secret: str = Field(description="Messages are signed with it; given out this once")


class SecretOut(BaseModel):
    """A new secret."""

    secret: str = Field(description="Given out this once; the one before signs too for 24 h")


class WebhooksOut(BaseModel):
    """Every webhook."""

    webhooks: list[WebhookOut]


class ReplayOut(BaseModel):
    """What is sent again."""

    count: int = Field(description="Deliveries that wait again; with `after`, events that are looked through")


class DeliveryOut(BaseModel):
    """An event on its way to a receiver."""

    number: int = Field(description="Of the event")
    message_id: str = Field(description="The header webhook-id, the same in every attempt")
    type: str
    incident: str | None
    status: Status
    attempts: int
    at: datetime
    due_at: datetime = Field(description="Attempted next not before, while it waits")
    delivered_at: datetime | None
    last_status: int | None = Field(description="What the receiver answered last")
    last_reason: str | None


class DeliveriesOut(BaseModel):
    """A page of deliveries."""

    deliveries: list[DeliveryOut]
    next: int | None = Field(description="Give it as `before` for the next page; null at the end")


def webhooks_blueprint(webhooks: WebhookService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("webhooks", __name__, url_prefix="/v1/webhooks", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.post("", summary="Make a webhook", responses={201: WebhookMadeOut, **REFUSALS})
    @guard("manage_webhooks")
    def make(body: WebhookBody) -> Response:
        """Have what happens from now on sent to a URL, signed after Standard Webhooks."""
        made, secret = webhooks.add(
            body.url, topics=_topics(body.topics), label=body.label or "", jurisdiction_code=body.jurisdiction,
            actor=acting_in_body(body.jurisdiction).actor,
        )  # fmt: skip
        told = WebhookMadeOut(**_webhook_out(made).model_dump(), secret=secret)
        return render(told, status=201, headers={"Location": f"/v1/webhooks/{made.id}"})

    @blueprint.get("", summary="All webhooks", responses={200: WebhooksOut, **problem_responses(401, 403)})
    @guard("manage_webhooks")
    def every() -> Response:
        """List every webhook, and how far it is."""
        return render(WebhooksOut(webhooks=[_webhook_out(one) for one in webhooks.webhooks()]))

    @blueprint.get("/<id>", summary="One webhook", responses={200: WebhookOut, **problem_responses(401, 403, 404)})
    @guard("manage_webhooks")
    def one(path: WebhookPath) -> Response:
        """Return a webhook, and how far it is."""
        return render(_webhook_out(webhooks.webhook(path.id)))

    @blueprint.delete("/<id>", summary="Remove", responses={200: WebhookOut, **problem_responses(401, 403, 404)})
    @guard("manage_webhooks")
    def remove(path: WebhookPath) -> Response:
        """End a webhook with its deliveries; the answer is what it was."""
        return render(_webhook_out(webhooks.remove(path.id, actor=_actor())))

    _add_verbs(blueprint, webhooks)
    return blueprint


def _add_verbs(blueprint: APIBlueprint, webhooks: WebhookService) -> None:
    """Add what is done with a webhook, and its ledger."""

    @blueprint.post("/<id>/rotate", summary="Rotate the secret", responses={200: SecretOut, **REFUSALS})
    @guard("manage_webhooks")
    def rotate(path: WebhookPath, body: Nothing) -> Response:
        """Give it a new secret; for 24 h messages are signed with both."""
        return render(SecretOut(secret=webhooks.rotate(path.id, actor=_actor())))

    @blueprint.post("/<id>/disable", summary="Disable", responses={200: WebhookOut, **REFUSALS})
    @guard("manage_webhooks")
    def disable(path: WebhookPath, body: DisableBody) -> Response:
        """Have nothing sent any more; what waits stays."""
        return render(_webhook_out(webhooks.disable(path.id, body.reason, actor=_actor())))

    @blueprint.post("/<id>/enable", summary="Enable", responses={200: WebhookOut, **REFUSALS})
    @guard("manage_webhooks")
    def enable(path: WebhookPath, body: Nothing) -> Response:
        """Go on from where it was, all that waits at once."""
        return render(_webhook_out(webhooks.enable(path.id, actor=_actor())))

    @blueprint.post("/<id>/replay", summary="Send again", responses={200: ReplayOut, **REFUSALS})
    @guard("manage_webhooks")
    def replay(path: WebhookPath, body: ReplayBody) -> Response:
        """Send again what is dead, or all that followed an event and is kept, as the same messages."""
        return render(ReplayOut(count=webhooks.replay(path.id, after=body.after, actor=_actor())))

    @blueprint.get(
        "/<id>/deliveries",
        summary="Its deliveries",
        responses={200: DeliveriesOut, **problem_responses(401, 403, 404)},
    )
    @guard("manage_webhooks")
    def deliveries(path: WebhookPath, query: DeliveriesQuery) -> Response:
        """List what was sent to a webhook and what became of it, the latest event first."""
        found = webhooks.deliveries(path.id, status=query.status, before=query.before, limit=query.limit)
        more = found[-1].number if len(found) == query.limit else None
        return render(DeliveriesOut(deliveries=[_delivery_out(one) for one in found], next=more))


def _actor() -> str:
    return current_identity().actor


def _topics(body: TopicsBody | None) -> Topics:
    named = {} if body is None else body.model_dump(exclude_none=True)
    return {topic: frozenset(values) for topic, values in named.items()}


def _webhook_out(one: Webhook) -> WebhookOut:
    return WebhookOut(
        id=one.id, url=one.url, jurisdiction=one.jurisdiction_code, label=one.label, created_at=one.created_at,
        topics={topic: sorted(values) for topic, values in one.topics.items()}, created_by=one.created_by,
        disabled_at=one.disabled_at, disabled_reason=one.disabled_reason,
        previous_secret_until=one.previous_secret_until, sent_up_to=one.sent_up_to, waiting=one.waiting, dead=one.dead,
    )  # fmt: skip


def _delivery_out(one: Delivery) -> DeliveryOut:
    return DeliveryOut(
        number=one.number, message_id=one.message_id, type=one.type,
        incident=None if one.incident_id is None else str(one.incident_id), status=one.status,  # type: ignore[arg-type]
        attempts=one.attempts, at=one.at, due_at=one.due_at, delivered_at=one.delivered_at,
        last_status=one.last_status, last_reason=one.last_reason,
    )  # fmt: skip
