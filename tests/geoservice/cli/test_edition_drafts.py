"""What an analyst sees who goes on from the edition in force: drafts, previews, differences, proposals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import pandas
import psycopg
import pytest
import shapely
from click.testing import CliRunner, Result

from geoservice.cli.main import geoservice
from geoservice.domain.editing.change import shape_of
from geoservice.services.drafting.service import DraftService
from layers.db.session import Database

Command = Callable[..., Result]
#: How the file of an export is read.
NAMED = ("--crs", "wgs84", "--name", "name", "--name-en", "name_en")
FIRST, SECOND = "540502001001001", "540502001001002"
_IN_FORCE = """
    SELECT t.code FROM geoservice.territory AS t
     WHERE t.code = ANY (%(codes)s) AND t.valid @> %(at)s::timestamptz AND upper_inf(t.known)
"""


@pytest.fixture
def command(community_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a function that runs `geoservice edition ...` on the demo community."""
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)

    def run(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(geoservice, ("edition", *words))
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return run


def fields(result: Result) -> Any:
    return json.loads(result.output)


@pytest.fixture
def draft(command: Command) -> str:
    return str(fields(command("draft", "--jurisdiction", "sare", "--title", "autumn", "--json"))["edition_id"])


def recode(url: str, draft: str, old: str, new: str) -> None:
    database = Database.connect(url, pool_size=1)
    DraftService(database).recode(int(draft), old, new, revision=None)
    database.close()


def merge_with_a_neighbour(url: str, draft: str, code: str) -> str:
    """Give a grid the ground of a neighbour; return the neighbour's code."""
    database = Database.connect(url, pool_size=1)
    drafts = DraftService(database)
    shapes = {grid.code: shape_of(grid) for grid in drafts.grids(int(draft))[1]}
    beside = max(shapes.keys() - {code, "new"}, key=lambda other: shapes[code].intersection(shapes[other]).length)
    drafts.merge(int(draft), (code, beside), into=code, revision=None)
    database.close()
    return beside


def code_at(url: str, instant: str, *codes: str) -> str | None:
    """Return which of these codes is in force at an instant, as is believed now."""
    with psycopg.connect(url) as connection:
        row = connection.execute(_IN_FORCE, {"at": instant, "codes": list(codes)}).fetchone()
    return None if row is None else str(row[0])


def test_an_export_that_was_edited_elsewhere_becomes_the_next_state(
    command: Command, draft: str, tmp_path: Path
) -> None:
    path = tmp_path / "grids.geojson"
    command("export", draft, str(path))
    edited = json.loads(path.read_text())
    for feature in edited["features"]:
        if feature["properties"]["code"] == FIRST:
            feature["properties"]["code"] = "other"
    path.write_text(json.dumps(edited))

    dry = command("update", draft, str(path), *NAMED)
    done = command("update", draft, str(path), *NAMED, "--commit", "--json")

    assert f"{FIRST} -> other" in dry.output
    assert "Nothing is changed yet" in dry.output
    assert fields(done)["recoded"] == [{"old": FIRST, "new": "other"}]
    assert fields(command("diff", "1", draft, "--json"))["renamed"] == []
    assert "import" in command("steps", draft).output
    command("undo", draft)
    assert "They are the same." in command("diff", "1", draft).output
    command("redo", draft)
    assert fields(command("diff", "1", draft, "--json"))["recoded"] == [{"old": FIRST, "new": "other"}]


def test_what_an_update_leaves_of_a_file_is_said_as_by_an_import(command: Command, draft: str, tmp_path: Path) -> None:
    path = tmp_path / "grids.geojson"
    command("export", draft, str(path))
    grids = geopandas.read_file(path)[["code", "name", "geometry"]]
    high = grids.assign(geometry=shapely.force_3d(grids.geometry, 3650.5))
    one_high = grids.assign(geometry=[high.geometry.iloc[0], *grids.geometry.iloc[1:]])
    twice = pandas.concat([grids, grids.iloc[[0]]], ignore_index=True)
    high_twice = pandas.concat([high, high.iloc[[0]]], ignore_index=True)
    heights, parts = "only longitude and latitude are kept", "features"
    for number, (frame, ending, said) in enumerate([
        (high, "geojson", heights), (one_high, "geojson", "1 features have heights"), (high, "gpkg", heights),
        (high, "shp", heights), (twice, "geojson", parts), (high_twice, "gpkg", heights),
    ]):  # fmt: skip
        file = tmp_path / f"{number}.{ending}"
        frame.to_file(file, engine="pyogrio")

        dry = command("update", draft, str(file), *NAMED[:2], "--encoding", "utf-8")

        assert said in dry.stderr, (number, dry.output)
    assert command("update", draft, str(path), *NAMED).stderr == ""


def test_a_preview_is_told_drawn_and_held_to(command: Command, draft: str, tmp_path: Path, community_url: str) -> None:
    recode(community_url, draft, FIRST, "new")
    command("validate", draft)
    picture, moves = tmp_path / "preview.svg", tmp_path / "moves.geojson"

    told = command("preview", draft, "--picture", str(picture), "--to", str(moves))
    shown = fields(command("preview", draft, "--json"))

    assert "which would be no more" in told.output
    assert "Nobody is posted to new yet" in told.output
    assert "<svg" in picture.read_text()
    assert ">to new<" in picture.read_text()
    kinds = {one["properties"]["kind"] for one in json.loads(moves.read_text())["features"]}
    assert kinds == {"building", "camera", "organisation", "incident"}
    households = next(flow for flow in shown["flows"] if flow["kind"] == "household")
    assert (households["from_grid"], households["to_grid"]) == (FIRST, "new")
    with psycopg.connect(community_url) as connection:
        connection.execute("DELETE FROM geoservice.camera WHERE grid_code = %s", [FIRST])
    refused = command("publish", draft, "--preview", shown["preview"], code=1)
    assert "PreviewOutdated" in repr(refused.exception)
    again = fields(command("preview", draft, "--json"))
    assert "holds from" in command("publish", draft, "--preview", again["preview"]).output


def test_a_preview_says_what_keeps_the_draft_from_being_published(command: Command, draft: str) -> None:
    other = str(fields(command("draft", "--jurisdiction", "sare", "--title", "other", "--json"))["edition_id"])

    unseen = command("preview", draft).output
    command("validate", draft)
    seen = command("preview", draft).output
    command("validate", other)
    command("publish", other, "--yes")
    overtaken = command("preview", draft).output

    assert "It can not be published yet: it was not validated" in unseen
    assert "Publish exactly this" not in unseen
    assert "Publish exactly this" in seen
    assert f"Run: geoservice edition rebase {draft}" in overtaken
    assert "Publish exactly this" not in overtaken


def test_at_a_terminal_nobody_is_asked_about_what_can_not_be_published(
    command: Command, draft: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geoservice.cli.edition._at_a_terminal", lambda: True)

    refused = command("publish", draft, code=1)
    command("validate", draft)
    asked = command("publish", draft, code=1)  # nobody answers

    assert "it was not validated" in refused.output
    assert "Publish exactly this?" not in refused.output
    assert "Publish exactly this?" in asked.output


def test_a_difference_is_drawn_with_what_is_gone_named(
    command: Command, draft: str, tmp_path: Path, community_url: str
) -> None:
    recode(community_url, draft, FIRST, "new")
    gone = merge_with_a_neighbour(community_url, draft, SECOND)
    picture = tmp_path / "difference.svg"

    command("diff", "1", draft, "--picture", str(picture))

    drawn = picture.read_text()
    shown = fields(command("diff", "1", draft, "--json"))
    gained = next(one["gained_m2"] for one in shown["redrawn"] if one["code"] == SECOND)
    assert f">{SECOND}: +{gained:,.0f} m²<" in drawn
    assert f">{FIRST} →<" in drawn
    assert f"1 redrawn, 1 with another code, 1 gone ({gone})." in drawn
    assert "stroke-dasharray" in drawn


def test_a_picture_of_no_difference_says_so(command: Command, draft: str, tmp_path: Path) -> None:
    picture = tmp_path / "difference.svg"

    command("diff", "1", draft, "--picture", str(picture))

    assert ">Nothing is different.<" in picture.read_text()


def test_a_code_that_named_another_place_is_found_by_the_gate(command: Command, draft: str, community_url: str) -> None:
    recode(community_url, draft, FIRST, "new")
    command("validate", draft)
    command("publish", draft, "--yes")
    later = str(fields(command("draft", "--jurisdiction", "sare", "--title", "later", "--json"))["edition_id"])
    recode(community_url, later, SECOND, FIRST)

    told = command("validate", later, code=1).output
    shown = command("preview", later).output
    refused = command("publish", later, "--yes", code=1)

    assert "reused-code" in told
    assert "It can not be published yet: errors were found (1)" in shown
    assert "severity error" in str(refused.exception)
    recode(community_url, later, FIRST, "another")
    assert "reused-code" not in command("validate", later).output


def test_what_waits_for_its_day_is_called_off_by_putting_the_grids_in_force_again(
    command: Command, draft: str, community_url: str
) -> None:
    recode(community_url, draft, FIRST, "new")
    command("validate", draft)
    command("publish", draft, "--valid-from", "2099-01-01T00:00:00Z", "--yes")
    announced = code_at(community_url, "2099-01-02T00:00:00Z", FIRST, "new")

    again = str(fields(command("revert", "1", "--json"))["edition_id"])
    command("validate", again)
    command("publish", again, "--yes")

    assert announced == "new"
    assert "at no time: another took its place" in command("list").output
    assert code_at(community_url, "2099-01-02T00:00:00Z", FIRST, "new") == FIRST
    with psycopg.connect(community_url) as connection:
        row = connection.execute("SELECT count(*) FROM geoservice.building WHERE grid_code = 'new'").fetchone()
    assert row == (0,)


def test_a_draft_is_rebased_and_merged_and_conflicts_are_listed(
    command: Command, draft: str, community_url: str
) -> None:
    other = str(fields(command("draft", "--jurisdiction", "sare", "--title", "other", "--json"))["edition_id"])
    third = str(fields(command("draft", "--jurisdiction", "sare", "--title", "third", "--json"))["edition_id"])
    recode(community_url, draft, FIRST, "ours")
    recode(community_url, other, FIRST, "theirs")
    recode(community_url, third, SECOND, "third")

    command("merge", draft, third)
    refused = command("merge", draft, other, code=1)
    assert "Settle each: --settle CODE=ours" in refused.output
    command("merge", draft, other, "--settle", f"{FIRST}=theirs")
    command("validate", other)
    command("publish", other, "--yes")
    assert f"drawn from edition {other}" in command("rebase", draft).output
    assert fields(command("diff", other, draft, "--json"))["recoded"] == [{"old": SECOND, "new": "third"}]
    assert command("merge", draft, third, "--settle", "nonsense", code=2)


@pytest.mark.slow
def test_a_proposal_passes_the_gate_and_can_be_reverted(command: Command) -> None:
    proposed = fields(command("propose", "--jurisdiction", "sare", "--json"))

    assert proposed["findings"] == []
    assert sum(proposed["households"].values()) == 3200
    assert all(300 <= count <= 500 for count in proposed["households"].values())
    draft = str(proposed["edition_id"])
    command("publish", draft, "--yes")
    back = str(fields(command("revert", "1", "--json"))["edition_id"])
    command("validate", back)
    command("publish", back, "--yes")
    assert "They are the same." in command("diff", "1", back).output


def test_one_grid_is_split_and_the_others_stay(command: Command) -> None:
    asked = ("propose", "--jurisdiction", "sare", "--grid", FIRST, "--min", "100", "--max", "250", "--json")

    proposed = fields(command(*asked))

    assert {one["rule"] for one in proposed["findings"]} == {"few-households"}  # the jurisdiction wants 300 still
    parts = [proposed["households"][code] for code in (FIRST, f"{FIRST}-2")]
    assert sum(parts) == 347
    assert parts == sorted(parts, reverse=True)
    assert all(100 <= count <= 250 for count in parts)
    draft = str(proposed["edition_id"])
    changed = fields(command("diff", "1", draft, "--json"))
    assert set(changed["added"]) == {f"{FIRST}-2"}
    assert "split" in command("steps", draft).output
    command("publish", draft, "--yes")
    # A code that was in use is not given again.
    again = fields(
        command("propose", "--jurisdiction", "sare", "--grid", FIRST, "--min", "50", "--max", "150", "--json")
    )
    assert f"{FIRST}-3" in again["households"]


def test_a_title_of_no_length_is_told_by_its_rule(command: Command) -> None:
    refused = command("draft", "--jurisdiction", "sare", "--title", "", code=1)

    assert "A title is 1 to 200 characters" in str(refused.exception)


def test_a_draft_is_not_merged_with_itself_or_with_what_was_published(command: Command, draft: str) -> None:
    for other in (draft, "1"):
        assert "NotTwoDrafts" in repr(command("merge", draft, other, code=1).exception)


def test_what_can_not_be_proposed_is_told(command: Command, community_url: str) -> None:
    command("propose", "--jurisdiction", "sare", "--min", "500", "--max", "300", code=2)
    with psycopg.connect(community_url) as connection:
        connection.execute("DELETE FROM geoservice.household")
    refused = command("propose", "--jurisdiction", "sare", code=1)
    assert "No households are entered here" in str(refused.exception)


def test_what_can_not_be_split_is_told(command: Command) -> None:
    unknown = command("propose", "--jurisdiction", "sare", "--grid", "nowhere", code=1)
    assert "GridUnknown" in repr(unknown.exception)
    small = command("propose", "--jurisdiction", "sare", "--grid", FIRST, code=1)
    assert "households: 347, grids: 2, minimum: 300, maximum: 500" in str(small.exception)
    command("propose", "--jurisdiction", "sare", "--grid", FIRST, "--grids", "1", code=2)


def test_healing_says_what_it_would_change_before_it_does(command: Command, draft: str, community_url: str) -> None:
    with psycopg.connect(community_url) as connection:  # as a GIS that rounds to 6 decimals leaves it
        connection.execute(
            "UPDATE geoservice.grid SET geom = st_multi(st_reduceprecision(geom, 1e-6)) WHERE edition_id = %s", [draft]
        )
    command("validate", draft, code=1)

    dry = fields(command("heal", draft, "--tolerance", "0.5", "--json"))
    command("validate", draft, code=1)
    done = fields(command("heal", draft, "--tolerance", "0.5", "--commit", "--json"))

    assert dry["moved_m2"] == done["moved_m2"] > 0
    assert (dry["committed"], done["committed"]) == (False, True)
    command("validate", draft)
    assert "heal" in command("steps", draft).output


def test_a_withdrawn_draft_takes_nothing_more(command: Command, draft: str) -> None:
    command("withdraw", draft, "--yes")

    assert "EditionNotEditable" in repr(command("undo", draft, code=1).exception)
