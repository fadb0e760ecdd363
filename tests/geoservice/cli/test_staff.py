"""Rosters at the command line: looked at, written, written again, ended, exported, and refused in words."""

from __future__ import annotations

from pathlib import Path

import orjson
import psycopg
import pytest
from click.testing import CliRunner, Result

from geoservice.cli.staff import staff
from geoservice.reading.file_errors import FieldAbsent, NotALedger
from layers.staff.call_signs import call_sign, free_call_signs, is_chinese
from tests.geoservice.reading.made_workbooks import sheet, workbook

OF_SARE = ["--jurisdiction", "sare"]


@pytest.fixture(autouse=True)
def _database(community_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    monkeypatch.setenv("COLUMNS", "200")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(staff, [*arguments, *OF_SARE], catch_exceptions=False)


def said(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def told(*arguments: str) -> dict[str, object]:
    found: dict[str, object] = orjson.loads(said(*arguments, "--json").splitlines()[-1])
    return found


def roster(tmp_path: Path, *lines: str, header: str = "工号,岗位,责任网格,开始日期,结束日期") -> str:
    file = tmp_path / "花名册.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return str(file)


@pytest.fixture
def grids(community_url: str) -> list[str]:
    with psycopg.connect(community_url) as connection:
        rows = connection.execute("SELECT code FROM geoservice.territory WHERE valid @> now() ORDER BY code").fetchall()
        connection.execute("DELETE FROM geoservice.posting")
    return [code for (code,) in rows]


def postings(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT staff_code, grid_code, role, valid_from::text, valid_to::text FROM geoservice.posting"
            " ORDER BY valid_from, staff_code, grid_code"
        ).fetchall()


def test_a_roster_of_people_is_looked_at_written_and_written_again(
    community_url: str, tmp_path: Path, grids: list[str]
) -> None:
    file = tmp_path / "花名册.xlsx"
    rows = [
        ["社区网格员花名册", None, None, None, None, None, None],
        ["工号", "姓名", "岗位", "责任网格", "任职日期", "离岗日期", "联系电话"],
        ["N01", "张伟", "专职网格员", grids[0], "2026年1月1日", "2026.7.1", "13812345678"],
        ["N02", "扎西", "网格长", "第一网格", 20260701, None, "13812345679"],
        ["N03", "王芳", "兼职", grids[1], "2026-01-01", "长期", "13812345670"],
        ["N04", "李娜", "调度", None, None, None, "13812345671"],
    ]
    workbook(file, {"花名册": sheet(rows)})

    looked = said("import", str(file))
    assert "4 added, 0 changed" in looked
    assert "Postings: 3 added, 0 changed, 0 ended" in looked
    assert f"Grid {grids[2]} has neither a grid officer nor a deputy from 2026-01-01 on." in looked
    assert "Nothing was written" in looked
    for personal in ("张伟", "扎西", "13812345678"):
        assert personal not in looked
    assert postings(community_url) == []

    written = said("import", str(file), "--commit")
    assert "Written." in written
    assert postings(community_url) == [
        ("N01", grids[0], "grid_officer", "2026-01-01", "2026-07-01"),
        ("N03", grids[1], "deputy", "2026-01-01", None),
        ("N02", grids[0], "grid_officer", "2026-07-01", None),
    ]
    with psycopg.connect(community_url) as connection:
        signs = connection.execute(
            "SELECT code, call_sign, role FROM geoservice.staff WHERE code LIKE 'N%' ORDER BY code"
        ).fetchall()
    assert signs == [
        ("N01", "网格员九号", "grid_officer"), ("N02", "网格员十号", "grid_officer"),
        ("N03", "网格员十一号", "grid_officer"), ("N04", "调度员一号", "dispatcher"),
    ]  # fmt: skip

    assert "There is nothing to write." in said("import", str(file), "--commit")


def test_what_was_exported_changes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "staff.csv"
    assert "28 rows" in said("export", str(out))

    found = told("import", str(out), "--removed", "end", "--commit")

    assert (found["same"], found["written"], found["refused"]) == (28, False, [])


def test_two_officers_of_a_grid_on_one_day_are_refused_with_both_rows(tmp_path: Path, grids: list[str]) -> None:
    file = roster(tmp_path, f"N01,专职,{grids[0]},2026-01-01,", f"N02,专职,{grids[0]},2026-06-01,")

    [refused] = told("import", file)["refused"]

    assert refused["row"] == 3
    assert f"grid {grids[0]} has a grid officer" in refused["reason"]
    assert "row 2 and row 3 can not both be" in refused["reason"]


def test_a_last_day_is_part_of_a_posting(community_url: str, tmp_path: Path, grids: list[str]) -> None:
    file = roster(tmp_path, f"N01,专职,{grids[0]},2026-01-01,2026-06-30", f"N02,专职,{grids[0]},2026-07-01,2026-12-31")

    found = told("import", file, "--to-is-last-day", "--commit")

    assert [one[4] for one in postings(community_url)] == ["2026-07-01", "2027-01-01"]
    assert not [remark for remark in found["remarks"] if remark.startswith(f"Grid {grids[0]} ")]


def test_rows_of_several_sheets_are_told_apart(tmp_path: Path, grids: list[str]) -> None:
    header = ["工号", "岗位", "责任网格", "开始日期"]
    sheets = {
        name: sheet([header, [code, "专职", grid, "2026-01-01"]])
        for name, code, grid in (("东片", "N01", grids[0]), ("西片", "N02", grids[0]), ("南片", "N03", grids[1]))
    }

    found = told("import", str(workbook(tmp_path / "花名册.xlsx", sheets)))

    assert [one["staff_code"] for one in found["postings_added"]] == ["N01", "N03"]
    [refused] = found["refused"]
    assert refused["reason"].startswith("sheet 西片: ")
    assert "row 2 of sheet 东片 and row 2 of sheet 西片 can not both be" in refused["reason"]


def test_gaps_and_doubles_are_told(tmp_path: Path, grids: list[str]) -> None:
    file = roster(
        tmp_path, f"N01,专职,{grids[0]},2026-01-01,2026-03-01", f"N02,副,{grids[0]},2026-04-01,2026-06-01",
        f"N03,副,{grids[0]},2026-05-01,2026-06-01", f"N01,专职,{grids[1]},2026-02-01,2026-06-01",
    )  # fmt: skip

    remarks = told("import", file)["remarks"]

    assert f"Grid {grids[0]} has neither a grid officer nor a deputy from 2026-03-01 until 2026-04-01." in remarks
    assert f"Grid {grids[1]} has neither a grid officer nor a deputy from 2026-01-01 until 2026-02-01." in remarks
    assert f"N01 is grid officer of {grids[0]} and of {grids[1]} from 2026-02-01 until 2026-03-01." in remarks
    assert f"Grid {grids[0]} has two deputies, N02 and N03, from 2026-05-01 until 2026-06-01." in remarks


def test_who_is_not_named_is_kept_or_ended(community_url: str, tmp_path: Path, grids: list[str]) -> None:
    said("import", roster(tmp_path, f"N01,专职,{grids[0]},2026-01-01,", f"N02,专职,{grids[1]},2026-01-01,"), "--commit")
    file = roster(tmp_path, f"N01,专职,{grids[0]},2026-01-01,")
    assert told("import", file)["postings_ended"] == []

    said("import", file, "--removed", "end", "--ended-on", "2026-09-01", "--commit")

    assert ("N02", grids[1], "grid_officer", "2026-01-01", "2026-09-01") in postings(community_url)
    late = roster(tmp_path, f"N01,专职,{grids[0]},2026-01-01,", f"N03,专职,{grids[1]},2026-08-01,")
    [refused] = told("import", late)["refused"]
    assert "N02 is grid officer of" in refused["reason"]


def test_a_date_that_was_wrong_is_mended(community_url: str, tmp_path: Path, grids: list[str]) -> None:
    said("import", roster(tmp_path, f"N01,专职,{grids[0]},2026-01-01,"), "--commit")

    found = told("import", roster(tmp_path, f"N01,专职,{grids[0]},2026/2/1,2026-12-01"), "--commit")

    assert (len(found["postings_changed"]), found["postings_added"]) == (1, [])
    assert postings(community_url) == [("N01", grids[0], "grid_officer", "2026-02-01", "2026-12-01")]


def test_without_dates_postings_begin_today_once(community_url: str, tmp_path: Path, grids: list[str]) -> None:
    file = roster(tmp_path, f"N01,专职,{grids[0]}", header="工号,岗位,责任网格")
    said("import", file, "--commit")
    assert len(postings(community_url)) == 1

    assert told("import", file, "--commit")["same"] == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("N01,专职,没有,2026-01-01,", "neither the code nor the name of a grid"),
        ("N01,厨师,,,", "role is none of the words"),
        (",专职,,,", "code is empty"),
        ("13812345678,专职,,,", "by which a person is reached"),
        ("N01,专职,GRID,2026-13-01,", "from is no day"),
        ("N01,专职,GRID,2026-05-01,2026-04-01", "it ends before it begins"),
        ("N01,专职,GRID,1026-05-01,", "from is not between the years"),
        ("N01,调度,GRID,,", "a dispatcher serves no single grid"),
    ],
)
def test_rows_that_can_not_be_meant_are_refused(line: str, reason: str, tmp_path: Path, grids: list[str]) -> None:
    [refused] = told("import", roster(tmp_path, line.replace("GRID", grids[0])))["refused"]

    assert reason in refused["reason"]


def test_one_member_of_staff_has_one_call_sign_and_one_role(tmp_path: Path, grids: list[str]) -> None:
    header = "工号,呼号,岗位,责任网格,开始日期,结束日期"
    file = roster(
        tmp_path, f"N01,雪豹,专职,{grids[0]},2026-01-01,", f"N01,雄鹰,专职,{grids[1]},2026-01-01,",
        f"N01,雪豹,民警,{grids[1]},2026-01-01,", header=header,
    )  # fmt: skip

    reasons = [one["reason"] for one in told("import", file)["refused"]]

    assert reasons == [
        "row 2 says another call sign of this member of staff",
        "row 2 says another role of this member of staff",
    ]


def test_a_column_of_call_signs_that_are_names_is_refused(tmp_path: Path) -> None:
    file = roster(tmp_path, "N01,张伟,专职", "N02,王芳,专职", header="工号,呼号,岗位")

    told_of = told("import", file)

    assert any("look like a person's name" in remark for remark in told_of["remarks"])
    assert [one["call_sign"] for one in told_of["staff_added"]] == ["网格员九号", "网格员十号"]
    assert "张伟" not in str(told_of)


def test_files_that_are_no_rosters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FieldAbsent):
        run("import", roster(tmp_path, "N01,x", header="工号,备注"))
    with pytest.raises(NotALedger):
        run("import", str(tmp_path / "staff.gpkg"))


@pytest.mark.parametrize(
    ("role", "number", "zh", "en"),
    [("grid_officer", 1, "网格员一号", "Grid officer 1"), ("police_officer", 23, "民警二十三号", "Police officer 23"),
     ("dispatcher", 100, "调度员100号", "Dispatcher 100")],
)  # fmt: skip
def test_call_signs_are_a_role_and_a_number(role: str, number: int, zh: str, en: str) -> None:
    assert (call_sign(role, number, chinese=True), call_sign(role, number, chinese=False)) == (zh, en)


@pytest.mark.parametrize(("name", "chinese"), [("萨热社区", True), ("Neustadt", False)])
def test_a_town_has_call_signs_in_the_language_of_its_name(name: str, *, chinese: bool) -> None:
    assert is_chinese(name) is chinese
    taken = {call_sign("grid_officer", number, chinese=chinese) for number in (1, 3)}
    assert next(free_call_signs("grid_officer", taken, chinese=chinese)) == call_sign(
        "grid_officer", 2, chinese=chinese
    )
