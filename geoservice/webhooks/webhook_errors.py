"""Why a webhook is refused. They know no HTTP; each says what is wrong and how to mend it."""

from __future__ import annotations

from geoservice.errors import RefusedWithHint


class WebhookRefused(RefusedWithHint):
    """Something about a webhook is not as it must be; its sentence never holds a secret, a path or an address found."""


class SecretRefused(WebhookRefused):
    """The secret is not one that messages can be signed with."""


class MessageRefused(WebhookRefused):
    """The message can not be signed as it is."""


class UrlRefused(WebhookRefused):
    """The URL is not written as a webhook's must be."""


class AddressRefused(WebhookRefused):
    """The URL leads to a place that webhooks may not go to."""


class HostNotFound(WebhookRefused):
    """No address was found for the host's name; it may be found later."""
