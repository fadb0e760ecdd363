"""Webhooks as others see them: signed messages, addresses they may go to, one attempt to deliver, when to try again.

No database, no Flask, no log: what is delivered, to whom and what becomes of it is kept by others.
"""
