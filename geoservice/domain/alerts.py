"""What a camera may raise an alert for: things and conditions. Nothing about persons, faces or plates is among them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Alert(StrEnum):
    """A kind of alert."""

    VEHICLE_PARKED = "vehicle_parked"  #: a vehicle stands where none may; which one is not told
    OBSTRUCTION = "obstruction"
    SMOKE = "smoke"
    FIRE = "fire"
    FLOODING = "flooding"
    RUBBISH = "rubbish"
    DAMAGE = "damage"
    LIGHT_OUT = "light_out"


#: By which words the service is found that takes an alert, the best first.
_WORDS: dict[Alert, tuple[str, ...]] = {
    Alert.VEHICLE_PARKED: ("vehicle_parked", "parking"),
    Alert.OBSTRUCTION: ("obstruction", "blocked", "road"),
    Alert.SMOKE: ("smoke", "fire"),
    Alert.FIRE: ("fire", "smoke"),
    Alert.FLOODING: ("flooding", "flood", "drain", "water"),
    Alert.RUBBISH: ("rubbish", "garbage", "litter"),
    Alert.DAMAGE: ("damage", "road"),
    Alert.LIGHT_OUT: ("light_out", "light"),
}


def service_for(alert: Alert, services: Iterable[tuple[str, Iterable[str]]]) -> str | None:
    """Return the code of the service that takes an alert; None when there is none.

    Parameters
    ----------
    services
        The code of each and its keywords.
    """
    known = [(code, {code, *keywords}) for code, keywords in services]
    for word in _WORDS[alert]:
        for code, names in known:
            if word in names:
                return code
    return None
