"""Where a jurisdiction wants four eyes, who had a hand in a draft neither publishes it nor confirms its outline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import shapely
from click.testing import CliRunner, Result
from psycopg import Connection
from shapely import box

from geoservice.cli.main import geoservice
from geoservice.reading.shapes import GridFields
from geoservice.services.drafting.outlines import OutlineService
from geoservice.services.drafting.service import DraftService
from geoservice.services.editions import EditionService
from geoservice.services.jurisdictions import JurisdictionService
from layers.db.session import Database
from layers.errors import FourEyes
from layers.geometry import as_multipolygon
from layers.grids.model import GridShape
from tests.analysts import OpenTown, open_town
from tests.conftest import DatabaseLike
from tests.factories import select_one

WEST, EAST = box(91.000, 29.000, 91.001, 29.001), box(91.001, 29.000, 91.002, 29.001)
WIDER = as_multipolygon(box(91.000, 29.000, 91.003, 29.001))
ANNA, BERT = "analyst:anna", "publisher:bert"


class Town:
    """A town of two grids in force, drawn by Anna, published by Bert; it wants four eyes since."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.database = Database.connect(url)
        self.drafts = DraftService(self.database)
        self.editions = EditionService(self.database)
        self.outlines = OutlineService(self.database)
        self.jurisdictions = JurisdictionService(self.database)

    @property
    def first(self) -> int:
        """Return its first edition."""
        return self.editions.editions("town")[0].id

    def begin(self) -> None:
        """Have it there."""
        self.jurisdictions.add(
            "town", name="Town", outline_path=self.file({"all": shapely.union(WEST, EAST)}), crs="wgs84"
        )
        self.want(four_eyes=True)
        self.editions.publish(self.imported(ANNA), actor=BERT)

    def close(self) -> None:
        self.database.close()

    def file(self, shapes: dict[str, shapely.Geometry]) -> str:
        path = self.folder / "grids.geojson"
        features = [
            {"type": "Feature", "properties": {"code": code}, "geometry": shapely.geometry.mapping(shape)}
            for code, shape in shapes.items()
        ]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return str(path)

    def want(self, *, four_eyes: bool) -> None:
        self.jurisdictions.set_up("town", four_eyes=four_eyes, actor="cli:root")

    def imported(self, actor: str) -> int:
        path = self.file({"a": WEST, "b": EAST})
        made = self.editions.import_file(
            path, jurisdiction_code="town", fields=GridFields("code"), crs="wgs84", actor=actor
        )
        return made.edition_id

    def drawn(self, actor: str, *, from_edition: int | None = None) -> int:
        return self.drafts.create("town", title="drawn", from_edition=from_edition, actor=actor).id

    def publish(self, draft: int, actor: str) -> None:
        self.editions.validate(draft, actor=actor)
        self.editions.publish(draft, actor=actor)

    def refused(self, draft: int, actor: str) -> str:
        """Return the sentence that somebody is refused with who publishes."""
        self.editions.validate(draft, actor=actor)
        with pytest.raises(FourEyes) as refused:
            self.editions.publish(draft, actor=actor)
        assert self.editions.edition(draft).status == "draft"
        return str(refused.value)


@pytest.fixture
def database_url(database_like: DatabaseLike, tmp_path: Path) -> str:
    def begin(url: str) -> None:
        with closing(Town(url, tmp_path)) as town:
            town.begin()

    return database_like("four_eyes", begin)


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    with closing(Town(database_url, tmp_path)) as town:
        yield town


def test_whoever_made_or_imported_a_draft_does_not_publish_it_and_another_does(town: Town) -> None:
    for draft in (town.imported(BERT), town.drawn(BERT)):
        told = town.refused(draft, BERT)
        assert f"Edition {draft} was drawn by {BERT}" in told
        assert "Have somebody else look at its preview and publish it." in told
    town.publish(draft, ANNA)


@pytest.mark.parametrize("same", ["admin:anna", "cli:anna", "anna", "analyst:anna"])
def test_a_person_is_the_same_in_another_role(town: Town, same: str) -> None:
    town.refused(town.drawn(ANNA), same)


def test_a_step_a_decision_and_its_undoing_are_a_hand_in_it_a_look_is_none(town: Town) -> None:
    draft = town.drawn(ANNA)
    town.drafts.recode(draft, "a", "c", revision=None, actor="analyst:carla")
    town.drafts.undo(draft, revision=None, actor="analyst:dora")
    preview = town.editions.preview(draft, actor=BERT)

    assert preview.drawn_by == (ANNA, "analyst:carla", "analyst:dora")
    assert preview.four_eyes
    for actor in preview.drawn_by:
        town.refused(draft, actor)
    town.publish(draft, BERT)


def test_going_back_to_an_older_edition_is_a_draft_like_any_other(town: Town) -> None:
    town.publish(town.drawn(ANNA), BERT)
    back = town.drawn("analyst:carla", from_edition=town.first)

    town.refused(back, "analyst:carla")
    town.publish(back, ANNA)  # who drew that edition years ago has no hand in going back to it


def test_whose_lines_are_taken_over_has_a_hand_in_it(town: Town) -> None:
    theirs = town.drawn(ANNA)
    town.drafts.recode(theirs, "a", "c", revision=None, actor=ANNA)
    merged, copied = town.drawn("analyst:carla"), town.drawn("analyst:carla", from_edition=theirs)
    town.drafts.merge_draft(merged, theirs, revision=None, actor="analyst:carla")

    for draft in (merged, copied):
        town.refused(draft, ANNA)
        town.refused(draft, "analyst:carla")
    town.publish(merged, BERT)


def test_an_outline_is_confirmed_by_somebody_else_who_may_publish_it_then(town: Town) -> None:
    draft = town.drawn(ANNA)
    with pytest.raises(FourEyes, match=r"does not confirm its outline\. Give the outline without a reason"):
        town.outlines.put(draft, WIDER, reason="annexed", revision=None, actor=ANNA)
    town.outlines.put(draft, WIDER, revision=None, actor=ANNA)
    with pytest.raises(FourEyes):
        town.outlines.confirm(draft, "annexed", revision=None, actor="admin:anna")
    town.drafts.put(draft, _grid(town, draft), revision=None, actor=ANNA)

    town.outlines.confirm(draft, "annexed", revision=None, actor=BERT)
    town.publish(draft, BERT)


def test_who_confirmed_and_drew_afterwards_is_not_somebody_else(town: Town) -> None:
    draft = town.drawn(ANNA)
    town.outlines.put(draft, WIDER, revision=None, actor=ANNA)
    town.outlines.confirm(draft, "annexed", revision=None, actor=BERT)
    town.drafts.put(draft, _grid(town, draft), revision=None, actor=BERT)

    assert f"was confirmed by {BERT}" in town.refused(draft, "admin:dora")
    town.outlines.confirm(draft, "annexed", revision=None, actor="admin:dora")  # the same words, by somebody else
    town.publish(draft, "admin:dora")


def test_going_back_to_an_older_outline_is_confirmed_by_somebody_else(town: Town) -> None:
    draft = town.drawn(ANNA)
    town.outlines.put(draft, WIDER, revision=None, actor=ANNA)
    town.drafts.put(draft, _grid(town, draft), revision=None, actor=ANNA)
    town.outlines.confirm(draft, "annexed", revision=None, actor=BERT)
    town.publish(draft, BERT)
    back = town.drawn(ANNA, from_edition=town.first)
    assert town.outlines.look(back).outline.reason is None

    town.outlines.confirm(back, "given back", revision=None, actor=BERT)
    town.publish(back, BERT)


def test_it_is_a_setting_that_leaves_a_trace_when_it_is_switched_off(town: Town) -> None:
    draft = town.drawn(ANNA)
    town.refused(draft, ANNA)
    town.want(four_eyes=False)
    town.publish(draft, ANNA)

    with psycopg.connect(town.url) as connection:
        who, columns = connection.execute(
            "SELECT who, touched -> 'columns' FROM geoservice.audit_entry"
            " WHERE what = 'jurisdiction_changed' ORDER BY id DESC LIMIT 1"
        ).fetchone() or ("", [])
    assert (who, columns) == ("cli:root", ["four_eyes"])


def test_the_command_line_is_held_by_who_runs_it(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", town.url)

    def run(user: str, *words: str) -> Result:
        monkeypatch.setattr("getpass.getuser", lambda: user)
        return CliRunner().invoke(geoservice, words)

    assert run("root", "jurisdiction", "set", "town", "--four-eyes").output.count("somebody else does") == 1
    draft = json.loads(run("anna", "edition", "draft", "--jurisdiction", "town", "--title", "x", "--json").output)
    edition = str(draft["edition_id"])
    assert run("anna", "edition", "validate", edition).exit_code == 0
    refused = run("anna", "edition", "publish", edition, "--yes")
    assert refused.exit_code == 1
    assert isinstance(refused.exception, FourEyes)
    told = run("bert", "edition", "preview", edition).output
    assert "Drawn by cli:anna." in told
    assert "somebody else has to publish it" in told
    assert run("bert", "edition", "publish", edition, "--yes").exit_code == 0


def test_what_an_analyst_draws_by_his_login_he_does_not_publish_by_another_door(
    cluster_url: str, template: str
) -> None:
    with open_town(cluster_url, template) as there:
        _want(there)
        with there.as_login(there.analyst) as connection:
            connection.execute("UPDATE geoservice.draft_grid SET name = 'x' WHERE edition_id = %s", [there.draft])
            connection.commit()
            for statement in (
                "SELECT geoservice.publish_edition(%s)",
                "UPDATE geoservice.edition SET drawn_by = '{}' WHERE id = %s",
                "UPDATE geoservice.edition SET status = 'published' WHERE id = %s",
                "SELECT geoservice.take_over_drawers(%s, 1)",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement.encode(), [there.draft])
                connection.rollback()
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("UPDATE geoservice.jurisdiction SET four_eyes = false")
        with closing(Database.connect(there.url)) as database:
            editions = EditionService(database)
            editions.validate(there.draft)
            with pytest.raises(FourEyes, match=there.analyst):
                editions.publish(there.draft, actor=f"analyst:{there.analyst}")
            editions.publish(there.draft, actor=BERT)


def test_an_outline_that_is_given_with_its_reason_in_one_statement_is_refused(cluster_url: str, template: str) -> None:
    with open_town(cluster_url, template) as there:
        _want(there)
        with there.as_login(there.analyst) as connection, pytest.raises(psycopg.Error) as refused:
            connection.execute(
                "UPDATE geoservice.edition SET outline = st_multi(st_buffer(outline, 0.001)), outline_reason = 'x'"
                " WHERE id = %s", [there.draft],
            )  # fmt: skip
        assert refused.value.sqlstate == "GS413"


def test_who_has_a_hand_in_a_draft_is_noted_once(town: Town) -> None:
    draft = town.drawn(ANNA)
    for new in ("c", "d", "e"):
        town.drafts.recode(draft, {"c": "a", "d": "c", "e": "d"}[new], new, revision=None, actor=ANNA)

    with psycopg.connect(town.url) as connection:
        assert select_one(connection, "SELECT drawn_by FROM geoservice.edition WHERE id = %s", draft) == [ANNA]


def _want(there: OpenTown) -> None:
    with psycopg.connect(there.url) as connection:
        _set(connection)


def _set(connection: Connection[tuple[object, ...]]) -> None:
    connection.execute("UPDATE geoservice.jurisdiction SET four_eyes = true")


def _grid(town: Town, draft: int) -> GridShape:
    """Return the eastern grid, wide enough for the wider outline."""
    found = next(grid for grid in town.drafts.grids(draft)[1] if grid.code == "b")
    return replace(found, geom=as_multipolygon(box(91.001, 29.000, 91.003, 29.001)))
