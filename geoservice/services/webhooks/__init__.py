"""Webhooks: who wants to hear of what, and sending it until it is there."""
