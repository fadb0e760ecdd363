"""The standard's methods on our use cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from geoservice.auth.model import VISITORS, Identity, Role
from geoservice.auth.permissions import Permission, asking_for, homes_with, permitted
from geoservice.errors import NotServed
from geoservice.open311 import reading, records
from geoservice.open311.forms import Form
from geoservice.open311.refusing import PREFIX, Refused
from geoservice.open311.walks import End, Page, Walks, next_link, walk_of
from geoservice.open311.writing import JSON, XML
from geoservice.services.incidents import IncidentService, NewReport
from geoservice.services.viewing import ViewingService
from geoservice.services.visiting import VisitingService
from geoservice.web.guard import Identify, current_identity, shown_here
from geoservice.web.parsing import encode_cursor
from layers.crs import declared_position
from layers.incidents.model import Incident, Service

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGESET = "2026-11-26T00:00:00Z"
_NO_REPORTER = "api_key is missing or not valid for reports"
_PERSONAL = ("email", "first_name", "last_name", "phone", "name")


@dataclass(frozen=True)
class RecordsPage:
    """Some records, and the header `Link` to those that follow, None where none do."""

    records: list[dict[str, Any]]
    link: str | None


class Endpoint:
    """The standard's methods on our use cases."""

    def __init__(
        self, viewing: ViewingService, incidents: IncidentService, identify: Identify, visiting: VisitingService,
    ) -> None:  # fmt: skip
        self._viewing, self._incidents, self._identify = viewing, incidents, identify
        self._visiting = visiting
        self._walks = Walks()

    def jurisdiction(self, code: str | None, identity: Identity | None = None) -> str:
        """Return the jurisdiction that is meant: the stated one, else the only one that somebody may know of."""
        codes = [one.code for one in shown_here(self._viewing.jurisdictions(), identity)]
        if code:
            if code not in codes:
                raise Refused(404, "jurisdiction_id was not found")
            return code
        if not codes:
            raise Refused(404, "nothing is shown here without a key")
        if len(codes) != 1:
            raise Refused(400, f"jurisdiction_id was not provided: one of {', '.join(codes)}")
        return codes[0]

    def service(self, jurisdiction: str, code: str | None) -> Service:
        """Return a service; refuse when there is none of this code."""
        if code is None:
            raise Refused(400, "service_code was not provided")
        found = next((one for one in self._incidents.services(jurisdiction) if one.code == code), None)
        if found is None:
            raise Refused(404, "service_code was not found")
        return found

    def services(self, jurisdiction: str) -> list[dict[str, Any]]:
        """Return the list of services."""
        return [records.service_record(one) for one in self._incidents.services(jurisdiction)]

    def requests(self, query: Mapping[str, str]) -> RecordsPage:
        """Return the service requests that a query means, newest first."""
        jurisdiction = self.jurisdiction(query.get("jurisdiction_id"))
        self._require_shown(jurisdiction)
        walk, page = self._page(query, reading.cursor)
        search = reading.search_of(query, datetime.now(UTC))
        if isinstance(page.after, tuple):
            search = replace(search, after=page.after)
        found = self._incidents.incidents(
            search, jurisdiction_code=jurisdiction, limit=page.size + 1, skip=page.skip, words=_with_text()
        )
        shown = found[: page.size]
        link = None
        if shown:
            end = shown[-1].reported_at, shown[-1].id
            self._walks.note(walk, page.number, end)
            link = next_link(query, page.number, encode_cursor(*end)) if len(found) > page.size else None
        told = self._records(jurisdiction, shown, extensions=query.get("extensions") == "true")
        return RecordsPage(told, link)

    def _require_shown(self, jurisdiction: str) -> None:
        """Refuse single reports, without their words, to visitors of a jurisdiction that does not show them."""
        identity = current_identity()
        if identity.role is Role.PUBLIC:
            identity = VISITORS[self._visiting.shown().by((jurisdiction,))]
        if not permitted(identity, Permission.VIEW_FEATURES):
            raise Refused(403, f"{jurisdiction} shows visitors no single requests: send a key that is good there")

    def _page(self, query: Mapping[str, str], read: Callable[[str], End]) -> tuple[bytes, Page]:
        """Return the walk that a query is part of, and the page that is its turn."""
        walk, after = walk_of(query), query.get("after")
        number, size = reading.page_of(query, further=after is not None)
        if after is not None:
            return walk, Page(number, size, read(after))
        return walk, Page(number, size, self._walks.end_of(walk, number - 1) if number > 1 else None)

    def request(self, query: Mapping[str, str], request_id: str) -> list[dict[str, Any]]:
        """Return one service request, in a list as the standard has it."""
        jurisdiction = self.jurisdiction(query.get("jurisdiction_id"))
        self._require_shown(jurisdiction)
        search = reading.search_of({"service_request_id": request_id.partition(",")[0]}, datetime.now(UTC))
        found = self._incidents.incidents(search, jurisdiction_code=jurisdiction, limit=1, words=_with_text())
        if not found:
            raise Refused(404, "service_request_id was not found")
        return self._records(jurisdiction, found, extensions=query.get("extensions") == "true")

    def _records(self, jurisdiction: str, found: tuple[Incident, ...], *, extensions: bool) -> list[dict[str, Any]]:
        names = {one.code: one.name for one in self._incidents.services(jurisdiction, with_retired=True)}
        histories = self._incidents.histories([one.id for one in found]) if extensions else {}
        with_text = _with_text()
        return [
            records.request_record(
                one, names[one.service_code], with_text=with_text,
                history=histories.get(one.id, ()) if extensions else None,
            )
            for one in found
        ]  # fmt: skip

    def updates(self, query: Mapping[str, str]) -> RecordsPage:
        """Return changes of status as FixMyStreet asks for them, oldest first: all, or pages where it says so."""
        jurisdiction = self.jurisdiction(query.get("jurisdiction_id"))
        self._require_shown(jurisdiction)
        since, until = reading.span_of(query, datetime.now(UTC))
        if not any(query.get(name) for name in ("page", "page_size", "after")):
            return RecordsPage(self._all_updates(jurisdiction, since, until), None)
        walk, page = self._page(query, reading.update_number)
        found = self._incidents.status_changes(
            jurisdiction, since=since, until=until, limit=page.size + 1, skip=page.skip,
            after=page.after if isinstance(page.after, int) else 0,
        )  # fmt: skip
        shown = found[: page.size]
        link = None
        if shown:
            self._walks.note(walk, page.number, shown[-1].number)
            link = next_link(query, page.number, str(shown[-1].number)) if len(found) > page.size else None
        return RecordsPage([records.update_record(one) for one in shown], link)

    def _all_updates(self, jurisdiction: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
        most = reading.UPDATES_MAX
        found = self._incidents.status_changes(jurisdiction, since=since, until=until, limit=most + 1)
        if len(found) > most:
            raise Refused(
                400,
                f"start_date and end_date: more than {most} changes lie between them, which is as many as come at once."
                f" Ask for a shorter time, or for pages: page=1&page_size={reading.ROWS_MAX}",
            )
        return [records.update_record(one) for one in found]

    def report(self, form: Form, *, key: str | None) -> dict[str, Any]:
        """Store a posted service request and return what it is called from now on.

        Parameters
        ----------
        key
            The sender's own, of this report: sent again with it, it is not stored again.
        """
        shown = self._shown(form)
        jurisdiction = self.jurisdiction(form.get("jurisdiction_id"), shown)
        identity = _reporter_in(jurisdiction, shown)
        service = self.service(jurisdiction, form.get("service_code"))
        answers = reading.check_answers(service, form.attributes)
        lat, lon, address_id, address = reading.place_fields(form)
        building = None
        if lat is None or lon is None:
            building, lon, lat = self._address(jurisdiction, address_id, address)
        place = declared_position(lon, lat, crs=form.get("crs") or "wgs84")
        report = NewReport(
            service.code, place, "resident", _description(form, address if building is None else None),
            building_code=building, jurisdiction_code=jurisdiction, attributes=answers,
        )  # fmt: skip
        try:
            incident, _ = self._incidents.report(report, identity=identity, only_where_served=True, key=key)
        except NotServed as exc:
            raise Refused(400, f"The place is not served: it lies outside {jurisdiction}") from exc
        return {"service_request_id": str(incident.id), "service_notice": _notice(form), "account_id": None}

    def _shown(self, form: Form) -> Identity:
        """Return who shows a key, in the form or beside it; refuse whoever may report nowhere."""
        key = form.get("api_key")
        identity = current_identity() if key is None else self._identify(key)
        if identity is None or not homes_with(identity, Permission.REPORT_INCIDENT):
            raise Refused(403, _NO_REPORTER)
        return identity

    def _address(self, jurisdiction: str, code: str | None, address: str | None) -> tuple[str, float, float]:
        found = self._incidents.building_place(jurisdiction, code=code, address=address)
        if found is None:
            raise Refused(400, "The address is not known here, or not of one building: give lat and long")
        return found[0], found[1].lon, found[1].lat


def _with_text() -> bool:
    """Return whether whoever asks is told the words of reports."""
    return permitted(current_identity(), Permission.READ_INCIDENTS)


def _reporter_in(jurisdiction: str, identity: Identity) -> Identity:
    """Return as who somebody reports in a jurisdiction: of several grants by one that allows it there."""
    here = asking_for(identity.acting_in((jurisdiction,)) if identity.grants else identity, Permission.REPORT_INCIDENT)
    if not permitted(here, Permission.REPORT_INCIDENT):
        raise Refused(403, _NO_REPORTER)
    return here


def _description(form: Form, address: str | None) -> str:
    words = "\n".join(part for part in (form.get("description"), address) if part)
    if len(words) > 4000:
        raise Refused(400, "description has 4,000 characters at most")
    return words


def _notice(form: Form) -> str | None:
    parts = [records.NOTICE_FILES] if form.media else []
    if form.get(*_PERSONAL) is not None:
        parts.append(records.NOTICE_PERSONAL)
    return " ".join(parts) or None


def discovery_record(host_url: str) -> dict[str, Any]:
    """Return where the endpoint is and how a key is had."""
    return {
        "changeset": CHANGESET,
        "contact": "The operator of this service.",
        "key_service": "Keys are handed out by the operator: geoservice key create --role reporter",
        "endpoints": [
            {
                "specification": SPECIFICATION, "url": f"{host_url.rstrip('/')}{PREFIX}",
                "changeset": CHANGESET,
                "type": "production", "formats": [XML.partition(";")[0], JSON.partition(";")[0]],
            }
        ],
    }  # fmt: skip
