"""The promise about people, as a rule: what a text may not carry."""

from __future__ import annotations

import re

#: A mainland mobile number (11 digits) or an identity number (18 characters); the same pattern as the database's
#: geoservice.holds_personal_number.
_PERSONAL_NUMBER = re.compile(r"(^|[^0-9])(1[3-9][0-9]{9}|[1-9][0-9]{16}[0-9Xx])($|[^0-9])")


def holds_personal_number(words: str) -> bool:
    """Return whether a text carries what looks like a mobile or identity number."""
    return _PERSONAL_NUMBER.search(words) is not None
