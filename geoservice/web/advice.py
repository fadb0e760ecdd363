"""What to send: the words of the HTTP interfaces for what errors carry as codes."""

from __future__ import annotations

from collections.abc import Mapping

ADVICE: Mapping[str, str] = {
    "allow-ballpark": "Where places may be that far off: geoservice edition export --allow-ballpark writes it.",
    "confirm-outline": "Send POST /v1/editions/{edition}/confirm-outline with a reason, validate it, then publish.",
    "name-coordinates": "Give lon and lat in degrees, or x, y and crs.",
    "name-columns": "Call the columns lon and lat.",
    "prefix-columns": "Rename it.",
    "state-encoding": "Send UTF-8.",
    "upgrade-database": "Whoever runs the service has to upgrade its database.",
    "validate-edition": "Send POST /v1/editions/{edition}/validate, then publish.",
}
