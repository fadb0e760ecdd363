"""A town from its files: made step by step, made again without a change, stopped with a sentence, looked through."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import psycopg
import pytest
from click.testing import CliRunner, Result

from geoservice.cli.demo import demo
from geoservice.cli.layer_difference import show_refused
from geoservice.cli.town import town
from geoservice.errors import TownFileWrong
from geoservice.services.town.plan import read_plan
from layers.changes.model import Refused
from tests.geoservice.counting.made_registers import HEADER, csv_of, person

SQUARE = 0.0002
TOML = """
[town]
code = "mill"
name = "Mill Town"
time_zone = "Europe/Vienna"

[outline]
around = "buildings"

[calendar]
work = ["mon-fri 08:00-12:00 13:00-17:00"]

[basemap]
file = "streets.geojson"
set = { kind = "street" }

[buildings]
file = "buildings.geojson"

[households]
file = "households.csv"

[grids]
propose = { grids = 4, households = [40, 100] }
publish = true

[cameras]
file = "cameras.csv"
crs = "wgs84"
"""


def collection(features: list[tuple[dict[str, object], dict[str, object]]]) -> bytes:
    return orjson.dumps(
        {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": told, "geometry": geom} for told, geom in features],
        }
    )


def square(lon: float, lat: float) -> dict[str, object]:
    corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
    return {"type": "Polygon", "coordinates": [[[lon + x * SQUARE, lat + y * SQUARE] for x, y in corners]]}


@pytest.fixture
def folder(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a town of 8 x 8 buildings between 9 x 9 streets."""
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", database_url)
    places = [(x, y, 15.6 + x * 0.001, 48.4 + y * 0.001) for x in range(8) for y in range(8)]
    buildings = [({"code": f"B{x}{y}", "kind": "residential"}, square(lon, lat)) for x, y, lon, lat in places]
    (tmp_path / "buildings.geojson").write_bytes(collection(buildings))
    lines = [
        [[15.5996 + n * 0.001, 48.399], [15.5996 + n * 0.001, 48.409]] for n in range(9)
    ] + [[[15.599, 48.3996 + n * 0.001], [15.609, 48.3996 + n * 0.001]] for n in range(9)]  # fmt: skip
    streets = [
        ({"code": f"S{n}"}, {"type": "LineString", "coordinates": line}) for n, line in enumerate(lines)
    ]  # fmt: skip
    (tmp_path / "streets.geojson").write_bytes(collection(streets))
    rows = "".join(f"B{x}{y},4,2,1,3,1,0,1\n" for x, y, _, _ in places if (x, y) != (0, 0))
    head = "building,households,age_0_13,age_14_17,age_18_59,age_60_79,age_80_plus,floating\n"
    (tmp_path / "households.csv").write_text(head + rows, encoding="utf-8")
    (tmp_path / "cameras.csv").write_text("code,lon,lat,status\nC1,15.601,48.401,online\nC2,,,online\n")
    (tmp_path / "town.toml").write_text(TOML, encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str, given: str | None = None) -> Result:
    with pytest.MonkeyPatch.context() as there:
        there.chdir(folder)
        return CliRunner().invoke(town, [*arguments], catch_exceptions=False, input=given)


def test_a_town_is_made_and_made_again(folder: Path) -> None:
    made = run(folder, "init", "--yes")
    assert made.exit_code == 0, made.output
    for sentence in (
        "its outline 50 m around its buildings.", "basemap: 18 added", "buildings: 64 added", "households: 63 added",
        "4 grids are proposed", "Edition 1 is in force.", "cameras: 1 added", "Refused, 1 rows (3): it has no place",
    ):  # fmt: skip
        assert sentence in made.output, made.output

    again = run(folder, "init", "--yes")
    assert again.exit_code == 0, again.output
    assert "buildings: 0 added, 0 changed, 64 as they were" in again.output
    assert "households: 0 added, 0 changed, 63 as they were" in again.output
    assert "the latest is 1, published" in again.output

    told = orjson.loads(run(folder, "check", "mill", "--json").output)
    assert {one["kind"]: one["count"] for one in told} == {
        "grid-without-officer": 4, "grid-without-police": 4, "building-without-households": 1,
        "camera-without-bearing": 1, "no-service": 1,
    }  # fmt: skip
    assert next(one["codes"] for one in told if one["kind"] == "building-without-households") == ["B00"]
    run(folder, "check", "mill", "--to", "lacks.geojson")
    assert len(orjson.loads((folder / "lacks.geojson").read_bytes())["features"]) == 10


def test_a_dry_run_tells_what_is_refused_and_why_and_stores_nothing(folder: Path) -> None:
    looked = run(folder, "init", "--dry-run").output
    assert "64 features, 0 refused" in looked
    assert "Refused, 1 rows (3): it has no place" in looked
    assert run(folder, "init", given="n\n").output.endswith("Nothing was stored.\n")
    with pytest.raises(Exception, match="no such jurisdiction"):
        run(folder, "check", "mill")


def test_what_can_not_be_done_stops_and_the_next_run_goes_on(folder: Path) -> None:
    whole = (folder / "town.toml").read_text(encoding="utf-8")
    (folder / "town.toml").write_text(whole.replace("[40, 100]", "[4000, 5000]"), encoding="utf-8")

    stopped = run(folder, "init", "--yes")
    assert stopped.exit_code == 1
    assert "grids: So many households can not be divided" in stopped.output
    assert "What was done before stands" in stopped.output

    (folder / "town.toml").write_text(whole, encoding="utf-8")
    assert "Edition" in run(folder, "init", "--yes").output


def test_unsound_shapes_are_one_reason_wherever_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    bow = "its shape is not valid: Self-intersection[{} 60.5]"
    show_refused([Refused(2, "code is empty"), *(Refused(row, bow.format(26.9 + row)) for row in range(3, 14))])

    assert capsys.readouterr().err.splitlines() == [
        "Refused, 11 rows (3, 4, 5, 6, 7, 8, 9, 10 … 8 of 11): its shape is not valid: Self-intersection, the first"
        " at 29.9 60.5",
        "Refused, 1 rows (2): code is empty",
    ]


HEAD = '[town]\ncode = "a"\nname = "A"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[town]\ncode = "a"\n', "town.name: field required"),
        (HEAD + "".join(f"[wrong{n}]\n" for n in range(12)), "; … 10 of 12."),
        ('[town]\ncode = "a"\nname = "A"\n[buildngs]\nfile = "x"\n', "buildngs is not known: did you mean buildings?"),
        ('[town]\ncode = "a"\nname = "A"\n[cameras]\nfile = "x"\nkeey = "y"\n', "did you mean key?"),
        ('[town]\ncode = "a"\nname = "A"\n[cameras]\nfile = "x.csv"\n', "There is no such file."),
        (f'[town]\ncode = "a"\nname = "A"\n[cameras]\nfile = "{"x" * 5000}"\n', "There is no such file."),
        (f'{HEAD}[outline]\ncrs = "wgs84"\n', 'outline: say file, or around = "buildings"'),
        (f'{HEAD}[outline]\nfile = "a"\naround = "buildings"\n', 'outline: say file, or around = "buildings"'),
        (f'{HEAD}[outline]\naround = "buildings"\n', "wants a file of buildings"),
        (f'{HEAD}[outline]\naround = "buildings"\n[buildings]\nfile = "b"\n[grids]\nfile = "g"\n', "exclude each"),
        (f'{HEAD}[grids]\npropose = {{ by = "buildings" }}\n', "grids.propose: by = \"buildings\" wants grids = N"),
        (f"{HEAD}[grids]\npublish = true\n", "grids: say file, or propose"),
        ("[town", "it is no TOML in UTF-8"),
        (f"seed = {'9' * 5000}", "it is no TOML in UTF-8"),
        ("\0", "it is no TOML in UTF-8"),
    ],
)  # fmt: skip
def test_a_description_that_nobody_understands_is_told(folder: Path, text: str, words: str) -> None:
    (folder / "town.toml").write_text(text, encoding="utf-8")

    try:
        said = run(folder, "init", "--yes").output
    except Exception as error:  # noqa: BLE001  the command line prints what any of ours says
        said = str(error)
    assert words in said


@pytest.mark.parametrize("constants", ['{ knid = "street" }', '{ kind = "boulevard" }', "{ kind = 1 }"])
def test_what_is_set_for_every_feature_is_what_the_layer_has(folder: Path, constants: str) -> None:
    (folder / "town.toml").write_text(TOML.replace('{ kind = "street" }', constants), encoding="utf-8")

    refused = run(folder, "init", "--dry-run")

    assert refused.exit_code == 1
    assert "set: The " in refused.output
    assert "Nothing was stored." in refused.output


@pytest.mark.slow
def test_what_a_town_is_called_is_brought_up_to_date_and_what_stays_is_told(folder: Path) -> None:
    assert run(folder, "init", "--yes").exit_code == 0
    whole = (folder / "town.toml").read_text(encoding="utf-8")
    other = whole.replace("[town]", '[town]\nmetric_srid = 32632\nname_en = "The Mill"', 1)
    (folder / "town.toml").write_text(other.replace("Europe/Vienna", "Europe/Zurich"), encoding="utf-8")

    told = run(folder, "init", "--yes").output

    assert "name_en is The Mill now; it was None." in told
    assert "time_zone is Europe/Zurich now; it was Europe/Vienna." in told
    assert "metric_srid stays EPSG:" in told


def test_what_a_file_no_longer_names_is_told_whether_it_goes_or_stays(folder: Path) -> None:
    assert run(folder, "init", "--yes").exit_code == 0
    rows = (folder / "households.csv").read_text(encoding="utf-8").splitlines()
    (folder / "households.csv").write_text("\n".join(rows[:-2]) + "\n", encoding="utf-8")
    assert "2 that the file does not name stay." in run(folder, "init", "--yes").output

    whole = (folder / "town.toml").read_text(encoding="utf-8")
    removing = whole.replace('"households.csv"', '"households.csv"\nremoved = "delete"')
    (folder / "town.toml").write_text(removing, encoding="utf-8")
    assert "2 that the file does not name removed." in run(folder, "init", "--yes").output


@pytest.mark.slow
def test_two_files_of_one_name_that_are_read_otherwise_are_two(folder: Path) -> None:
    whole = (folder / "town.toml").read_text(encoding="utf-8")
    twice = '[[cameras]]\nfile = "cameras.csv"\n\n[[cameras]]\nfile = "cameras.csv"\nset = { status = "offline" }\n'
    (folder / "town.toml").write_text(whole.replace('[cameras]\nfile = "cameras.csv"\n', twice), encoding="utf-8")

    told = run(folder, "init", "--yes").output

    assert "cameras: 1 added" in told
    assert "cameras: 0 added, 1 changed" in told


def test_a_description_that_has_no_end_is_not_read() -> None:
    with pytest.raises(TownFileWrong, match="it is no file"):
        read_plan(Path("/dev/zero"))


def test_a_town_without_a_description_is_asked_for(folder: Path) -> None:
    answers = ["mill", "Mill Town", "Europe/Vienna", "wgs84", "", "", "", "buildings.geojson", "", "", "", "", "", "4",
               "mon-fri 08:00-17:00", "n"]  # fmt: skip
    asked = run(folder, "init", "other.toml", given="\n".join(answers) + "\n")

    assert asked.exit_code == 0, asked.output
    written = (folder / "other.toml").read_text(encoding="utf-8")
    assert 'around = "buildings"' in written
    assert 'propose = { grids = 4, by = "buildings" }' in written
    assert "64 features, 0 refused" in run(folder, "init", "other.toml", "--dry-run").output


def test_where_a_town_is_has_to_be_said(folder: Path) -> None:
    answers = ["mill", "Mill", "Europe/Vienna", "wgs84", *[""] * 9, "", "outline.geojson", "4", "", "n"]

    asked = run(folder, "init", "other.toml", given="\n".join(answers) + "\n")

    written = (folder / "other.toml").read_text(encoding="utf-8")
    assert "Nothing says where the town is" in asked.output
    assert "around" not in written
    assert read_plan(folder / "other.toml").outline is not None


def test_a_made_up_town_is_made_beside_the_demo(
    tmp_path: Path, community_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    folder = tmp_path / "qinghe"
    CliRunner().invoke(demo, ["files", str(folder)], catch_exceptions=False)
    before = figures_of(community_url, "sare")

    made = run(folder, "init", "--yes")

    assert made.exit_code == 0, made.output
    assert figures_of(community_url, "sare") == before
    # Households and residents are the plan's, whatever the seed.
    assert figures_of(community_url, "qinghe") == before
    told = {one["kind"] for one in orjson.loads(run(folder, "check", "qinghe", "--json").output)}
    assert told == {"camera-without-bearing"}
    assert "0 staff added" in run(folder, "init", "--yes").output


def figures_of(url: str, code: str) -> tuple[int, int, int, int]:
    with psycopg.connect(url) as connection:
        row = connection.execute("""
            SELECT (SELECT count(*) FROM geoservice.territory AS t
                     WHERE t.jurisdiction_id = j.id AND upper_inf(t.known)),
                   sum(h.households), sum(h.residents), sum(h.floating)
              FROM geoservice.jurisdiction AS j JOIN geoservice.household AS h ON h.jurisdiction_id = j.id
             WHERE j.code = %s GROUP BY j.id
        """, [code]).fetchone()  # fmt: skip
    assert row is not None
    return row


def test_a_register_is_known_again_as_at_every_door(
    folder: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("GEOSERVICE_DATA_DIR", str(folder))
    rows = [person(n, building="B00", room=str(100 + n // 3)) for n in range(12)]
    (folder / "register.csv").write_bytes(csv_of([HEADER, *rows]))
    text = TOML.replace('time_zone = "Europe/Vienna"', 'time_zone = "Europe/Vienna"\nas_of = 2026-06-30')
    text = text.replace('file = "households.csv"', 'count_register = "register.csv"\nswap_is_encrypted = true')
    (folder / "town.toml").write_text(text.partition("[grids]")[0], encoding="utf-8")

    made = run(folder, "init", "--yes")
    assert "12 residents of 4 households are counted." in made.output
    with psycopg.connect(database_url) as connection:
        (note,) = connection.execute("SELECT note FROM geoservice.change ORDER BY id DESC LIMIT 1").fetchone() or ("",)
    assert re.search(r"seal [0-9a-f]{16}$", note)
    monkeypatch.setenv("GEOSERVICE_IMPORT_FEATURES", "11")
    assert "GEOSERVICE_IMPORT_FEATURES" in run(folder, "init", "--yes").output


@pytest.mark.slow
def test_a_town_that_wants_four_eyes_leaves_its_grids_to_somebody_else(folder: Path, database_url: str) -> None:
    (folder / "town.toml").write_text(TOML.replace("[outline]", "four_eyes = true\n\n[outline]", 1), encoding="utf-8")
    for _ in range(2):
        made = run(folder, "init", "--yes")
        assert made.exit_code == 0, made.output
        assert "Draft 1 waits for somebody else to publish it: the town wants four eyes." in made.output
    with psycopg.connect(database_url) as connection:
        told = connection.execute(
            "SELECT e.status, j.four_eyes FROM geoservice.edition AS e, geoservice.jurisdiction AS j"
        )
        assert told.fetchall() == [("draft", True)]
