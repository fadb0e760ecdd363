"""Grants of accounts and keys: what each may, where, and until when."""
