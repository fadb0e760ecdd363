"""Why a webhook is refused. They know no HTTP; each says what is wrong and how to mend it."""

from __future__ import annotations


class WebhookRefused(Exception):
    """Something about a webhook is not as it must be."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)
        #: A sentence for people: what is wrong. It never holds a secret, a path or an address found for a name.
        self.message = message
        #: How to mend it.
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"


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
