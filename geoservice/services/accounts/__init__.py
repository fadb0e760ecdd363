"""Accounts of people: made, looked after, signed in with."""
