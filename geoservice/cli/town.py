"""The commands town init and town check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
import orjson

from geoservice.cli.actor import actor
from geoservice.cli.database import import_limits, open_database, read_settings
from geoservice.cli.layer_difference import show_refused
from geoservice.cli.new_file import new_file_option
from geoservice.cli.progress import busy
from geoservice.cli.town_advice import advice_in_file
from geoservice.cli.town_questions import ask_for_town
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.counting import sealing
    from geoservice.services.town import check as checking
    from geoservice.services.town import plan as plans
    from geoservice.services.town import town as towns
    from layers import catalogue as catalogues
    from layers.summaries import town_lacks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from geoservice.domain.importing.model import RefusedRow
    from layers.changes.model import Refused
    from layers.summaries.town_lacks import Lack

_LACKS = {
    "nothing-in-force": "No grids are in force: publish an edition.",
    "outline-overlaps": "Jurisdictions whose outlines overlap this one's: a place in both is that of the first code in"
    " byte order, unless whoever asks or reports says which is meant.",
    "grid-without-officer": "Grids without a grid officer or deputy today: their reports wait in triage.",
    "grid-without-police": "Grids without a police officer today.",
    "posting-to-no-grid": "Grids that somebody is posted to and that are not in force.",
    "staff-without-posting": "Staff without a posting today.",
    "building-without-households": "Residential buildings without households.",
    "camera-without-bearing": "Cameras whose view is not drawn: bearing, angle or range is not known.",
    "no-service": "No services: nobody can report anything.",
    "service-without-limit": "Services without a limit: what is reported is never overdue.",
    "no-hours-of-work": "No hours of work: limits are reckoned around the clock.",
}


@click.group()
def town() -> None:
    """Make a town from its files, and tell what it still lacks."""


@town.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=Path("town.toml"))
@click.option("--dry-run", is_flag=True, help="Read every file and show what it would give; store nothing.")
@click.option("--yes", is_flag=True, help="Go on without asking.")
def init(*, file: Path, dry_run: bool, yes: bool) -> None:
    """Make the town that FILE describes (town.toml when absent), or bring it up to date: it can be done again.

    Without the file it is asked for and written. Every file is read first; then the steps are done, each layer, list
    and edition in one transaction. What can not be done stops there: what was done before stands, and the next run
    goes on.

    \b
        geoservice town init
        geoservice town check nedong
    """  # noqa: D301  click's mark: lines stay as they are
    if not file.exists():
        ask_for_town(file)
        if not yes and not click.confirm(f"{file} is written. Make the town now?", default=True):
            return
    plan = plans.read_plan(file)
    _require_files(plan)
    with open_database() as database:
        service = towns.TownService(database, import_limits(), actor(), _seal_key(plan))
        told = _look(service, plan)
        if dry_run:
            click.echo("Nothing was stored.")
            return
        if not yes and not click.confirm("Go on?", default=True):
            click.echo("Nothing was stored.")
            return
        _make(service, plan, told)
    click.echo(f"What it still lacks: geoservice town check {plan.town.code}")


def _seal_key(plan: plans.Plan) -> bytes | None:
    """Return the key by which a register is known again, where the plan has one."""
    if not isinstance(plan.households, plans.Register):
        return None
    return sealing.seal_key(read_settings().data_dir)


def _require_files(plan: plans.Plan) -> None:
    absent = [f"{section}: {path}" for section, path in towns.files_of(plan) if not _is_file(path)]
    if absent:
        raise click.ClickException(f"There is no such file. {'; '.join(absent)}")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # of a name that is too long, in a folder that nobody may look into
        return False


def _look(service: towns.TownService, plan: plans.Plan) -> frozenset[object]:
    """Show what every file would give, and return what was remarked on them, and which rows were refused."""
    with busy("Reading …"):
        looked = list(service.look(plan))
    for one in looked:
        if isinstance(one, towns.Stopped):
            _refuse(plan, one, "Nothing was stored.")
        click.echo(f"{one.section}: {one.file.name}, {one.features} {one.what}, {len(one.refused)} refused")
        for remark in one.remarks:
            click.echo(f"    {remark}")
        show_refused(one.refused)
    told = [one for one in looked if isinstance(one, towns.Looked)]
    return frozenset(saying for one in told for saying in (*one.remarks, *_refusals(one.section, one.refused)))


def _refusals(section: str, refused: Iterable[Refused | RefusedRow]) -> Iterator[tuple[str, int, str]]:
    return ((section, one.row, one.reason) for one in refused)


def _make(service: towns.TownService, plan: plans.Plan, told: frozenset[object]) -> None:
    def begin(step: str) -> None:
        click.echo(f"{step} …", err=True)

    for done in service.make(plan, begin):
        if isinstance(done, towns.Stopped):
            _refuse(plan, done, "What was done before stands; mend it, and run this again.")
        for sentence in done.did:
            click.echo(f"{done.step}: {sentence}")
        for remark in done.remarks:
            if remark not in told:  # when the file was looked at
                click.echo(f"    {remark}")
        show_refused([one for one in done.refused if (done.step, one.row, one.reason) not in told])
        if done.draft is not None and done.is_forbidden:
            forbidden = f"{done.step}: something forbids publishing it: geoservice edition show {done.draft}"
            if plan.grids is not None and plan.grids.publish:
                raise click.ClickException(f"{forbidden} What was done before stands; mend it, and run this again.")
            click.echo(forbidden)
        elif done.draft is not None:
            click.echo(f"{done.step}: look at it, then publish it: geoservice edition preview {done.draft}")


def _refuse(plan: plans.Plan, stopped: towns.Stopped, then: str) -> NoReturn:
    advice = advice_in_file(plan, stopped.step, stopped.error)
    raise click.ClickException(" ".join(filter(None, (f"{stopped.step}: {stopped.error}", advice, then))))


@town.command()
@click.argument("code")
@new_file_option("--to", "to_file", what="Write their places as GeoJSON, for a map.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def check(*, code: str, to_file: Path | None, as_json: bool) -> None:
    """Tell what the town CODE still lacks: grids without an officer, buildings without households, and the like."""
    with open_database() as database:
        lacks = checking.check_town(database, code)
    if to_file is not None:
        to_file.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": list(_features(lacks))}))
    if as_json:
        told = [{"kind": one.kind, "count": one.count, "codes": one.codes} for one in lacks]
        click.echo(orjson.dumps(told))
        return
    for one in lacks:
        more = f" … {len(one.codes)} of {one.count}" if one.count > len(one.codes) else ""
        click.echo(f"{one.count:>6}  {_in_words(one)}\n        {', '.join(one.codes)}{more}")
    if not lacks:
        click.echo("Nothing is lacking.")


def _in_words(lack: Lack) -> str:
    if lack.kind.startswith(town_lacks.OF_NO_GRID):
        layer = catalogues.catalogue()[lack.kind.removeprefix(town_lacks.OF_NO_GRID)]
        return f"{layer.title.en} that no grid owns."
    return _LACKS[lack.kind]


def _features(lacks: tuple[Lack, ...]) -> list[dict[str, object]]:
    return [
        {"type": "Feature", "geometry": orjson.loads(place), "properties": {"lack": one.kind, "code": code}}
        for one in lacks
        for code, place in one.places
    ]
