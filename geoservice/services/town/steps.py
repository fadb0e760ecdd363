"""The steps that make a town, in the order in which they stand on each other.

A step writes each layer, list or edition in a transaction of its own: what stops it leaves whole things behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon

from geoservice.errors import TownFileWrong
from geoservice.reading.shapes import GridFields
from geoservice.services.calendars import CalendarService, SheetDays, parse_hours, read_days, read_sheet_of_days
from geoservice.services.drafting.service import DraftService
from geoservice.services.editions import EditionService
from geoservice.services.jurisdictions import JurisdictionService
from geoservice.services.layers.importing import LayerImportService, note_of
from geoservice.services.layers.openstreetmap import OpenStreetMapService
from geoservice.services.layers.registers import RegisterService
from geoservice.services.proposing import ProposingService
from geoservice.services.service_lists import ServiceListService, read_services
from geoservice.services.staff.rosters import RosterOptions, RosterService, read_roster
from geoservice.services.town.making import Done, Making, Step
from geoservice.services.town.plan import Calendar, Features, Grids, Kept, Osm, Plan, Propose, Register, Roster
from geoservice.services.town.sentences import imported, offered, posted
from layers.changes.model import Refused
from layers.geometry import as_multipolygon, metres_per_degree
from layers.grids.model import has_errors
from layers.jurisdictions.model import Jurisdiction, Visitors

#: What an outline around buildings reaches beyond them.
AROUND_M = 50.0


def found(making: Making) -> Done:
    """Add the jurisdiction, unless it is there."""
    plan, town = making.plan, making.plan.town
    service = JurisdictionService(making.database, limits=making.limits)
    there = making.there()
    if there is not None:
        return Done("town", tuple(_brought_up_to_date(there, plan, service, making.actor)))
    where: dict[str, Any] = {"name": town.name, "name_en": town.name_en, "metric_srid": town.metric_srid,
                             "time_zone": town.time_zone, "actor": making.actor}  # fmt: skip
    if plan.outline is not None and plan.outline.file is not None:
        place = plan.outline
        service.add(
            town.code, outline_path=str(plan.outline.file), crs=place.crs or town.crs, layer=place.layer,
            encoding=place.encoding or town.encoding, **where,
        )  # fmt: skip
        return Done("town", (f"The jurisdiction {town.code} is added, by the outline of {plan.outline.file.name}.",))
    if plan.grids is not None and plan.grids.file is not None:
        grids = plan.grids
        made = service.add_from_grids(
            town.code, grids_path=str(grids.file), fields=GridFields(grids.code, grids.name), heal_m=grids.heal,
            crs=grids.crs or town.crs, encoding=grids.encoding or town.encoding, layer=grids.layer, **where,
        )  # fmt: skip
        draft = made.draft
        told = f"The jurisdiction {town.code} is added, with its {draft.grids} grids as draft {draft.edition_id}."
        errors = has_errors(draft.findings)
        return _with_draft(making, grids, Done("town", (told,), draft=draft.edition_id, is_forbidden=errors))
    service.add_outlined(town.code, outline=_around(making), **where)
    return Done("town", (f"The jurisdiction {town.code} is added, its outline {AROUND_M:g} m around its buildings.",))


def _brought_up_to_date(before: Jurisdiction, plan: Plan, service: JurisdictionService, actor: str) -> Iterator[str]:
    """Have a jurisdiction that is there called as the file says, and yield what changed and what can not."""
    town = plan.town
    yield f"The jurisdiction {town.code} is there already."
    now = service.correct(town.code, name=town.name, name_en=town.name_en, time_zone=town.time_zone, actor=actor)
    for field_ in ("name", "name_en", "time_zone"):
        if getattr(now, field_) != getattr(before, field_):
            yield f"{field_} is {getattr(now, field_)} now; it was {getattr(before, field_)}."
    if town.metric_srid not in (None, now.metric_srid):
        yield f"metric_srid stays EPSG:{now.metric_srid}: what was reckoned in it would be something else."
    if plan.outline is not None and plan.outline.file is not None:
        yield "Its outline is as it was: another one comes with an edition."


def _around(making: Making) -> MultiPolygon:
    """Return the hull of the town's buildings and what lies near it, EPSG:4326."""
    shapes = [making.read("buildings", table).geoms for table in making.plan.buildings]
    geoms = [one for part in shapes if part is not None for one in part if one is not None]
    if not geoms:
        raise TownFileWrong(file="town.toml", what="it says neither where the town is nor which buildings it has")
    hull = shapely.convex_hull(shapely.geometrycollections(geoms))
    metres = np.array(metres_per_degree(hull.centroid.y))
    wide = shapely.buffer(shapely.transform(hull, lambda lonlat: lonlat * metres), AROUND_M, join_style="mitre")
    return as_multipolygon(shapely.transform(wide, lambda metre: metre / metres))


def showing(visitors: Visitors) -> Step:
    """Return the step that says what visitors see."""

    def step(making: Making) -> Done:
        JurisdictionService(making.database).set_up(making.code, visitors=visitors, actor=making.actor)
        return Done("town", (f"What visitors see: {visitors}.",))

    return step


def wanting_four_eyes(*, four_eyes: bool) -> Step:
    """Return the step that says whether somebody else publishes what one drew."""

    def step(making: Making) -> Done:
        JurisdictionService(making.database).set_up(making.code, four_eyes=four_eyes, actor=making.actor)
        wanted = "somebody else publishes it" if four_eyes else "he may publish it"
        return Done("town", (f"Who drew a draft: {wanted}.",))

    return step


def keeping(kept: Kept) -> Step:
    """Return the step that says for how long what people write is kept."""

    def step(making: Making) -> Done:
        JurisdictionService(making.database).keep(making.code, kept.days, actor=making.actor)
        told = ", ".join(f"{kind} {'for good' if days is None else f'{days} days'}" for kind, days in kept.days.items())
        return Done("town", (f"What is kept: {told}.",))

    return step


def keeping_calendar(calendar: Calendar) -> Step:
    """Return the step that writes when is worked."""

    def step(making: Making) -> Done:
        service, did = CalendarService(making.database), []
        remarks: tuple[str, ...] = ()
        if calendar.work:
            service.set_hours(making.code, [one for line in calendar.work for one in parse_hours(line)])
            did.append(f"Hours of work: {'; '.join(calendar.work)}.")
        if calendar.days is not None:
            days, remarks = _days_of(calendar.days)
            service.add_days(making.code, days)
            did.append(f"{len(days)} days that are not as their weekday.")
        return Done("calendar", tuple(did), remarks)

    return step


def _days_of(file: Path) -> SheetDays:
    if file.suffix.lower() != ".csv":
        return read_sheet_of_days(file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return SheetDays(read_days(lines), ())


def importing(layer_id: str, table: Features) -> Step:
    """Return the step that imports a file of features of a layer."""

    def step(making: Making) -> Done:
        features = making.read(layer_id, table)
        done = LayerImportService(making.database).apply(
            making.code, layer_id, features, actor=making.actor, door="command", note=note_of(table.file),
            removed=table.removed, confirmed=table.confirm_removal,
        )  # fmt: skip
        told = imported(done.difference, table.removed)
        return Done(layer_id, (told,), features.remarks, done.difference.refused)

    return step


def crediting(attribution: str) -> Step:
    """Return the step that has maps, tiles and files name somebody."""

    def step(making: Making) -> Done:
        named = JurisdictionService(making.database).credit(making.code, attribution, actor=making.actor)
        return Done("town", (f"Maps, tiles and files name: {named}",))

    return step


def taking_openstreetmap(osm: Osm) -> Step:
    """Return the step that imports the layers that a file of OpenStreetMap fills, and credits its makers."""

    def step(making: Making) -> Done:
        service = OpenStreetMapService(making.database, limits=making.limits)
        read = service.read(making.code, osm.file)
        # Before there are any data that have to be credited.
        credited = JurisdictionService(making.database).credit(making.code, read.attribution, actor=making.actor)
        did, remarks = [f"Maps, tiles and files name: {credited}"], []
        refused: list[Refused] = []
        if read.areas_not_built:
            areas = read.areas_built + read.areas_not_built
            remarks.append(f"{read.areas_not_built} of {areas} areas of the file were not built.")
        for layer_id in osm.take:
            features = getattr(read, layer_id)
            done = LayerImportService(making.database).apply(
                making.code, layer_id, features, actor=making.actor, door="command", note=note_of(osm.file),
                removed=osm.removed,
            )  # fmt: skip
            did.append(f"{layer_id}: {imported(done.difference, osm.removed)}")
            remarks += features.remarks
            refused += done.difference.refused
        return Done("osm", tuple(did), tuple(dict.fromkeys(remarks)), tuple(refused))

    return step


def counting(register: Register) -> Step:
    """Return the step that counts a register of persons; nothing of it is told but numbers."""

    def step(making: Making) -> Done:
        if making.plan.town.as_of is None:
            raise TownFileWrong(file="town.toml", what="town: say as_of, the day that the register tells of")
        counted = RegisterService(making.database, making.limits, making.seal_key).count(
            making.code, register.count_register, as_of=making.plan.town.as_of, per=register.per,
            refuse_above=register.refuse_above, here=register.here, columns=register.columns, sheets=register.sheets,
            swap_is_encrypted=register.swap_is_encrypted,
        )  # fmt: skip
        features = counted.register.features
        done = LayerImportService(making.database).apply(
            making.code, "households", features, actor=making.actor, door="command", note=counted.note,
            removed=register.removed, confirmed=register.confirm_removal,
        )  # fmt: skip
        told = f"{counted.register.residents} residents of {counted.register.households} households are counted."
        written = imported(done.difference, register.removed)
        return Done("households", (told, written), counted.remarks, done.difference.refused)

    return step


def posting(roster: Roster) -> Step:
    """Return the step that imports staff and their postings."""

    def step(making: Making) -> Done:
        read = read_roster(str(roster.file), roster.choices(making.plan.town), making.limits)
        options = RosterOptions(roster.to_is_last_day, "end" if roster.removed == "delete" else "keep")
        done = RosterService(making.database).apply(making.code, read, options, actor=making.actor)
        return Done("staff", (posted(done.difference),), done.remarks, done.difference.refused)

    return step


def offering(listed: Roster) -> Step:
    """Return the step that imports the services that can be asked for."""

    def step(making: Making) -> Done:
        read = read_services(str(listed.file), listed.choices(making.plan.town), making.limits, unit=listed.limit_unit)
        done = ServiceListService(making.database).apply(making.code, read, actor=making.actor, removed=listed.removed)
        told = offered(done.difference, listed.removed)
        return Done("services", (told,), done.remarks, done.difference.refused)

    return step


def keeping_grids(grids: Grids) -> Step:
    """Return the step that makes the first draft of grids, and publishes it where that is said."""

    def step(making: Making) -> Done:
        there = EditionService(making.database).editions(making.code)
        if there:
            latest = there[-1]
            told = f"The town has {len(there)} edition(s); the latest is {latest.id}, {latest.status}."
            if latest.status != "draft":
                return Done("grids", (told,))
            if grids.heal is not None:
                DraftService(making.database).heal(latest.id, grids.heal, commit=True, actor=making.actor)
            errors = has_errors(EditionService(making.database).validate(latest.id, actor=making.actor))
            return _with_draft(making, grids, Done("grids", (told,), draft=latest.id, is_forbidden=errors))
        return _with_draft(making, grids, _first_draft(making, grids))

    return step


def _first_draft(making: Making, grids: Grids) -> Done:
    """Make the first draft, of a file or as a proposal."""
    town = making.plan.town
    if grids.file is not None:
        made = EditionService(making.database, limits=making.limits).import_file(
            str(grids.file), jurisdiction_code=making.code, fields=GridFields(grids.code, grids.name),
            crs=grids.crs or town.crs, encoding=grids.encoding or town.encoding, layer=grids.layer, heal_m=grids.heal,
            actor=making.actor,
        )  # fmt: skip
        told = f"{made.grids} grids are draft {made.edition_id}."
        return Done("grids", (told,), draft=made.edition_id, is_forbidden=has_errors(made.findings))
    wanted = grids.propose or Propose()
    fewest, most = wanted.households or (None, None)
    proposed = ProposingService(making.database).propose(
        making.code, minimum=fewest, maximum=most, grids=wanted.grids, seed=wanted.seed, by=wanted.by,
        actor=making.actor,
    )  # fmt: skip
    counts, draft = sorted(proposed.households.values()), proposed.edition.id
    told = f"{len(counts)} grids are proposed as draft {draft}, of {counts[0]} to {counts[-1]} {wanted.by}."
    return Done("grids", (told,), draft=draft, is_forbidden=has_errors(proposed.findings))


def _with_draft(making: Making, grids: Grids, done: Done) -> Done:
    """Put the draft of a step in force where that is said and nothing forbids it, and return what is so then."""
    if done.draft is None or done.is_forbidden or not grids.publish:
        return done
    if _wants_four_eyes(making):
        waits = f"Draft {done.draft} waits for somebody else to publish it: the town wants four eyes."
        return done._replace(did=(*done.did, waits))
    service = EditionService(making.database)
    service.validate(done.draft, actor=making.actor)
    service.publish(done.draft, actor=making.actor)
    return done._replace(did=(*done.did, f"Edition {done.draft} is in force."), draft=None)


def _wants_four_eyes(making: Making) -> bool:
    said, there = making.plan.town.four_eyes, making.there()
    return said or (said is None and there is not None and there.four_eyes)


def steps_of(plan: Plan) -> Iterator[tuple[str, Step]]:
    """Yield the steps that a plan asks for, in the order in which they stand on each other, each with its name."""
    yield "town", found
    yield from _rules(plan)
    yield from _ground(plan)
    if plan.grids is not None:
        yield "grids", keeping_grids(plan.grids)
    for layer_id in ("cameras", "organisations"):
        for table in getattr(plan, layer_id):
            yield layer_id, importing(layer_id, table)
    if plan.staff is not None:
        yield "staff", posting(plan.staff)


def _rules(plan: Plan) -> Iterator[tuple[str, Step]]:
    if plan.town.attribution is not None:
        yield "town", crediting(plan.town.attribution)
    if plan.town.visitors is not None:
        yield "town", showing(plan.town.visitors)
    if plan.town.four_eyes is not None:
        yield "town", wanting_four_eyes(four_eyes=plan.town.four_eyes)
    if plan.retention is not None and plan.retention.days:
        yield "town", keeping(plan.retention)
    if plan.calendar is not None:
        yield "calendar", keeping_calendar(plan.calendar)
    if plan.services is not None:  # limits in days are reckoned by the calendar
        yield "services", offering(plan.services)


def _ground(plan: Plan) -> Iterator[tuple[str, Step]]:
    if plan.osm is not None:
        yield "osm", taking_openstreetmap(plan.osm)
    for layer_id in ("basemap", "buildings"):
        for table in getattr(plan, layer_id):
            yield layer_id, importing(layer_id, table)
    if isinstance(plan.households, Features):
        yield "households", importing("households", plan.households)
    elif plan.households is not None:
        yield "households", counting(plan.households)
