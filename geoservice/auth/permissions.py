"""The one table of who may do what. Every route names one of these permissions."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from geoservice.auth.model import Identity, Role

if TYPE_CHECKING:
    from layers.jurisdictions.model import Visitors


class Permission(StrEnum):
    """Something that may be allowed."""

    SEE_HEALTH = "see_health"  #: whether the service lives, its documents
    SIGN_IN = "sign_in"  #: sign in and out, change one's own password
    VIEW_MAP = "view_map"  #: the map: grids, base map, counts; no text, nobody's name
    VIEW_FEATURES = "view_features"  #: buildings, cameras, organisations, reports without words, one by one
    LOOK_UP_OWNER = "look_up_owner"  #: which grid owns a place
    READ_GRIDS = "read_grids"  #: jurisdictions, grids, editions, figures
    READ_DRAFTS = "read_drafts"  #: drafts of boundaries: their steps, decisions and previews
    EDIT_BOUNDARIES = "edit_boundaries"  #: make and edit drafts
    PUBLISH_BOUNDARIES = "publish_boundaries"  #: validate, publish and withdraw drafts, confirm their outlines
    EDIT_FEATURES = "edit_features"  #: write features of layers; an officer those of his grids
    READ_HOUSEHOLDS = "read_households"  #: single households and counts below the minimum; an officer of his grids
    READ_CHANGES = "read_changes"  #: what was changed, by whom, and what it was before
    UNDO_CHANGES = "undo_changes"  #: undo a change as a whole, and make one of a file
    READ_INCIDENTS = "read_incidents"  #: incidents with their texts and history
    REPORT_INCIDENT = "report_incident"  #: hand in an incident
    REPORT_AS_RESIDENT = "report_as_resident"  #: hand in an incident as a resident, without a key
    USE_DESK = "use_desk"  #: the dispatchers' page: all that is in hand, with its words
    VIEW_FIGURES = "view_figures"  #: the managers' page: how all incidents were handled, counted, of nobody by himself
    PRINT_MAPS = "print_maps"  #: maps on paper: what he may see, as sheets and as an atlas
    HANDLE_INCIDENT = "handle_incident"  #: take steps with an incident; which, its lifecycle says
    USE_OPEN311 = "use_open311"  #: ask by the Open311 standard, without texts; its POST asks for the key in the form
    FOLLOW_REPORT = "follow_report"  #: see and rate the one report whose token is shown

    ERASE_WORDS = "erase_words"  #: erase what people wrote of a report, on request

    READ_STAFF = "read_staff"  #: staff by code and call sign, and who is posted where on any day
    RECORD_VISITS = "record_visits"  #: note what was done and where; an officer in his grids
    READ_VISITS = "read_visits"  #: see that; an officer of his grids
    MANAGE_STAFF = "manage_staff"  #: write staff and postings
    MANAGE_SERVICES = "manage_services"  #: write what can be reported
    MANAGE_CALENDARS = "manage_calendars"  #: write working hours and holidays, in which limits are reckoned
    MANAGE_RETENTION = "manage_retention"  #: say how long what people wrote is kept
    MANAGE_WEBHOOKS = "manage_webhooks"  #: have what happens sent elsewhere
    MANAGE_ACCOUNTS = "manage_accounts"  #: make, disable and reset accounts of people of one's own jurisdiction
    MANAGE_KEYS = "manage_keys"  #: make, rotate and revoke keys of programs there
    READ_AUDIT = "read_audit"  #: see who did what


_EVERYBODY = frozenset(Role)
_KNOWN = _EVERYBODY - {Role.PUBLIC}
_STAFF = frozenset({Role.OFFICER, Role.DISPATCHER, Role.ANALYST, Role.AUDITOR, Role.ADMIN})

ALLOWED: dict[Permission, frozenset[Role]] = {
    Permission.SEE_HEALTH: _EVERYBODY,
    Permission.SIGN_IN: _EVERYBODY,
    Permission.VIEW_MAP: _EVERYBODY,
    Permission.VIEW_FEATURES: _EVERYBODY,
    Permission.LOOK_UP_OWNER: _EVERYBODY,
    Permission.READ_GRIDS: _EVERYBODY,
    Permission.READ_DRAFTS: frozenset({Role.ANALYST, Role.PUBLISHER, Role.ADMIN}),
    Permission.EDIT_BOUNDARIES: frozenset({Role.ANALYST, Role.ADMIN}),
    Permission.PUBLISH_BOUNDARIES: frozenset({Role.ANALYST, Role.PUBLISHER, Role.ADMIN}),
    Permission.EDIT_FEATURES: frozenset({Role.OFFICER, Role.ANALYST, Role.ADMIN}),
    Permission.READ_HOUSEHOLDS: frozenset({Role.OFFICER, Role.ADMIN}),
    Permission.READ_CHANGES: _STAFF,
    Permission.UNDO_CHANGES: frozenset({Role.ANALYST, Role.ADMIN}),
    Permission.READ_INCIDENTS: _STAFF,
    Permission.REPORT_INCIDENT: _KNOWN - {Role.READER, Role.PUBLISHER, Role.STEWARD, Role.AUDITOR},
    Permission.USE_DESK: frozenset({Role.DISPATCHER, Role.AUDITOR, Role.ADMIN}),
    Permission.VIEW_FIGURES: frozenset({Role.DISPATCHER, Role.ANALYST, Role.AUDITOR, Role.ADMIN}),
    Permission.PRINT_MAPS: _STAFF | {Role.PUBLISHER},
    Permission.HANDLE_INCIDENT: frozenset({Role.OFFICER, Role.DISPATCHER, Role.ADMIN}),
    Permission.REPORT_AS_RESIDENT: _EVERYBODY,
    Permission.FOLLOW_REPORT: _EVERYBODY,
    Permission.USE_OPEN311: _EVERYBODY,
    Permission.ERASE_WORDS: frozenset({Role.STEWARD, Role.ADMIN}),
    Permission.READ_STAFF: _STAFF,
    Permission.RECORD_VISITS: frozenset({Role.OFFICER, Role.ADMIN}),
    Permission.READ_VISITS: _STAFF,
    Permission.MANAGE_STAFF: frozenset({Role.ADMIN}),
    Permission.MANAGE_SERVICES: frozenset({Role.ADMIN}),
    Permission.MANAGE_CALENDARS: frozenset({Role.ADMIN}),
    Permission.MANAGE_RETENTION: frozenset({Role.ADMIN}),
    Permission.MANAGE_WEBHOOKS: frozenset({Role.ADMIN}),
    Permission.MANAGE_ACCOUNTS: frozenset({Role.ADMIN}),
    Permission.MANAGE_KEYS: frozenset({Role.ADMIN}),
    Permission.READ_AUDIT: frozenset({Role.AUDITOR, Role.ADMIN}),
}


#: What a visitor may whatever a jurisdiction shows.
ALWAYS = frozenset({Permission.SEE_HEALTH, Permission.SIGN_IN, Permission.REPORT_AS_RESIDENT, Permission.FOLLOW_REPORT})
#: What a visitor may in a jurisdiction, by what it shows; of what everybody may.
SHOWN: dict[Visitors, frozenset[Permission]] = {
    "closed": ALWAYS,
    "grids": ALWAYS | {
        Permission.VIEW_MAP, Permission.LOOK_UP_OWNER, Permission.READ_GRIDS, Permission.USE_OPEN311
    },
    "open": frozenset(permission for permission, roles in ALLOWED.items() if Role.PUBLIC in roles),
}  # fmt: skip


def permitted(identity: Identity, permission: Permission) -> bool:
    """Return whether somebody has a permission where he acts.

    Whoever acts in several places at once has what he has in each of them: none lends a right to another.
    """
    if identity.grants:
        return all(
            any(may(one.role, permission) for one in identity.grants if one.home in (None, place) or identity.is_here)
            for place in identity.homes
        )
    shown = identity.role is not Role.PUBLIC or permission in SHOWN[identity.shown]
    return shown and may(identity.role, permission)


def asking_for(identity: Identity, needed: Permission) -> Identity:
    """Return as who somebody asks for what needs a permission: by the first of his grants that allows it.

    Where he acts in several places at once, those of his grants alone that allow it count: he sees and may nothing
    in the others. Whoever has one grant, or none that allows it, is who he was.
    """
    if not identity.grants:
        return identity
    able = [one for one in identity.grants if may(one.role, needed)]
    if not able:
        return identity
    return identity.acting_by({able[0].role}) if identity.is_here else identity.holding(able)


def only_as_officer(identity: Identity, permission: Permission) -> bool:
    """Return whether somebody has a permission as an officer alone, and so in his own grids."""
    return {one.role for one in identity.held if may(one.role, permission)} == {Role.OFFICER}


def homes_with(identity: Identity, permission: Permission) -> frozenset[str | None]:
    """Return the jurisdictions that somebody has a permission in, by code; None: everywhere."""
    able = [one for one in identity.held if may(one.role, permission)]
    return frozenset(None if one.home is None else one.home.code for one in able)


def may_give(identity: Identity, role: Role, place: str | None) -> bool:
    """Return whether somebody may give a role: one that may nothing there which he may not himself.

    Parameters
    ----------
    place
        Code of the jurisdiction where it would be good; None: everywhere.
    """
    own = {one.role for one in identity.held if one.home is None or one.home.code == place}
    return role is not Role.PUBLIC and all(allowed & own for allowed in ALLOWED.values() if role in allowed)


def may(role: Role, permission: Permission) -> bool:
    """Return whether a role has a permission."""
    return role in ALLOWED[permission]


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """Return the roles that have a permission, in their order."""
    return tuple(role for role in Role if may(role, permission))


def roles_to_give(identity: Identity, place: str | None) -> tuple[Role, ...]:
    """Return the roles that somebody may give in a jurisdiction (None: everywhere), in their order."""
    return tuple(role for role in Role if may_give(identity, role, place))
