"""Accounts of people, their sessions, and failures to sign in."""
