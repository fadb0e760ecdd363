"""Files of features on pages: chosen, their columns named, the difference shown, written as one change, undone."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import xlsxwriter

from geoservice.auth.model import Role
from geoservice.wiring import Services
from tests.geoservice.pages.admin.imports.bringing import (
    CSV,
    SHOWN,
    bring,
    brought,
    cells,
    compared,
    count,
    proposed,
    written,
)
from tests.geoservice.pages.admin.people import Administrator, errors
from tests.geoservice.pages.desk.test_pages import TOKEN, Browser


def test_a_file_is_brought_its_columns_named_written_and_undone(
    services: Services, admin: Administrator, community_url: str, kept: Callable[[], list[str]]
) -> None:
    before = count(community_url)
    path = brought(admin)
    assert re.fullmatch(r"/admin/sare/imports/[0-9a-f]{32}", path)
    page = admin.get(f"{path}?lang=en")
    asked = proposed(page)
    assert [asked[f"column_{n}"] for n in range(5)] == ["code", "kind", "status", "lon", "lat"]
    assert "2 rows, 5 columns" in page.text
    page = compared(admin, path)
    assert "Nothing is written yet" in page.text
    told = cells(page)
    assert told[told.index("added") + 1 :][:2] == ["2", "N-1, N-2"]
    assert told[told.index("not named by the file") + 1] == f"{before:,}"
    assert count(community_url) == before
    done = written(admin, path, page)
    assert done.status_code == 303
    shown = admin.get(done.headers["Location"])
    assert "It is written, as one change, which can be undone." in shown.text
    assert "Cameras: 1 to 2 of 2 (2 added, 0 changed, 0 removed)" in shown.text
    assert "cameras.csv" in shown.text
    assert count(community_url) == before + 2
    assert [Path(one).name for one in kept()] == ["upload.json"]
    with psycopg.connect(community_url) as connection:
        [(number, actor, door, kind)] = connection.execute(
            "SELECT id, actor, door, kind FROM geoservice.change ORDER BY id DESC LIMIT 1"
        ).fetchall()
    assert (actor, door, kind) == ("admin:admin-5", "api", "import")
    again = written(admin, path, page)  # sent twice
    assert again.headers["Location"] == done.headers["Location"]
    assert admin.get(f"{path}/difference?lang=en").headers["Location"] == done.headers["Location"]
    assert Administrator(services, "admin-6").get(path).status_code == 404
    assert count(community_url) == before + 2
    assert admin.send(f"changes/{number}/undo").status_code == 303
    assert count(community_url) == before


def test_what_changes_is_told_field_by_field_and_the_same_is_not_written(
    admin: Administrator, community_url: str
) -> None:
    path = brought(admin)
    written(admin, path, compared(admin, path))
    path = brought(admin, "点位表,,,,\n" + CSV)
    assert "row 1 left out as above the header." in admin.get(f"{path}?lang=en").text
    assert "What the file names is as it is stored." in compared(admin, path).text
    path = brought(admin, CSV.replace("N-1,dome", "N-1,ptz").replace("29.241", "29.2411"))
    page = compared(admin, path)
    assert "Kind: Dome → Pan, tilt and zoom" in cells(page)
    assert any(one.startswith("place: moved 11.") for one in cells(page))
    assert "Changed field by field, 2 of 2" in page.text
    assert written(admin, path, page).status_code == 303
    path = brought(admin, CSV.replace("N-1,dome", "N-1,ptz").replace("29.241", "29.2411"))
    done = written(admin, path, compared(admin, path))
    assert "/layers?" in done.headers["Location"]
    assert "nothing was written" in admin.get(done.headers["Location"]).text
    assert count(community_url, "code = 'N-1' AND kind = 'ptz'") == 1


def test_what_moved_meanwhile_is_shown_anew_and_not_written(admin: Administrator, community_url: str) -> None:
    path = brought(admin)
    written(admin, path, compared(admin, path))
    path = brought(admin, CSV.replace("N-1,dome", "N-1,ptz"))
    page = compared(admin, path)
    with psycopg.connect(community_url) as connection:
        connection.execute("UPDATE geoservice.camera SET status = 'offline' WHERE code = 'N-1'")
    stale = written(admin, path, page)
    assert stale.status_code == 412
    assert "What is stored changed since this was shown" in stale.text
    assert "Kind: Dome → Pan, tilt and zoom; Status: Offline → Online" in cells(stale)
    assert count(community_url, "code = 'N-1' AND kind = 'dome'") == 1
    assert written(admin, path, stale).status_code == 303
    assert count(community_url, "code = 'N-1' AND kind = 'ptz' AND status = 'online'") == 1


def test_what_a_file_does_not_name_goes_only_when_that_is_said_and_said_again(
    admin: Administrator, community_url: str
) -> None:
    before = count(community_url)
    path = brought(admin)
    page = compared(admin, path)
    assert f"Remove the {before:,} stored features that the file does not name, too" in page.text
    asked = written(admin, path, page, removed="yes")
    assert asked.status_code == 200
    assert f"{before:,} of the {before:,} stored features would be removed, more than a tenth." in asked.text
    assert count(community_url) == before
    agreed = re.search(r'name="agreed" value="([^"]+)"', asked.text)
    assert agreed is not None
    assert written(admin, path, asked, removed="yes", agreed=agreed[1]).status_code == 303
    assert count(community_url) == 2


def test_refused_rows_are_told_with_their_reasons_and_nothing_is_removed_then(
    admin: Administrator, community_url: str
) -> None:
    before = count(community_url)
    path = brought(admin, CSV + "N-3,saucer,online,91.77,29.24\nN-1,dome,online,91.77,29.24\n")
    page = compared(admin, path)
    told = cells(page)
    assert "2 rows are refused, for 2 of 2 reasons" in page.text
    assert "its code stands in row 2 already" in told
    assert any(one.startswith("kind is none of the words that are known") for one in told)
    zh = admin.get(f"{path}/difference?lang=zh").text
    assert "编号已在第 2 行出现" in zh
    assert "kind 不是认识的词" in zh
    kept = written(admin, path, page, removed="yes")
    assert errors(kept)["removed"].startswith("Rows are refused")
    page = compared(admin, path, meanings="kind.saucer=dome")
    assert "1 rows are refused" in page.text
    assert written(admin, path, page).status_code == 303
    assert count(community_url) == before + 3


def test_a_mapping_can_be_another_and_is_held_to(admin: Administrator) -> None:
    text = "number,sort,state,east,north,remark\nN-1,dome,online,91.77,29.24,x\n"
    path = brought(admin, text)
    columns = proposed(admin.get(f"{path}?lang=en"))
    twice = admin.post(f"{path}?lang=en", token=admin.token(), **columns | {"column_0": "kind", "column_1": "kind"})
    assert errors(twice) == {"column_1": "Another column is this field already."}
    no_key = compared(admin, path, column_0="")
    assert no_key.status_code == 422
    assert "No column is the code" in no_key.text
    said = {
        "column_0": "code",
        "column_1": "kind",
        "column_2": "",
        "column_3": "lon",
        "column_4": "lat",
        "column_5": "",
    }
    page = compared(admin, path, **said)
    assert "Columns left out: state, remark." in cells(page)
    kept = proposed(admin.get(f"{path}?lang=en"))
    assert {name: kept[name] for name in said} == said


def test_columns_about_people_are_left_out_and_refused_when_named(admin: Administrator, community_url: str) -> None:
    names = ("张伟", "王芳", "李娜", "刘洋")
    rows = "".join(f"H-{n},{name},13800138{n:03},residential\n" for n, name in enumerate(names))
    path = brought(admin, "code,name,电话,kind\n" + rows, "楼栋.csv", layer="buildings")
    page = admin.get(f"{path}?lang=en")
    assert "are not taken: name, 电话" in page.text
    assert ">电话</label>" not in page.text
    assert "张伟" not in page.text
    assert "13800138" not in page.text
    refused = compared(admin, path, column_1="name")
    assert errors(refused)["column_1"].startswith("It looks like people")
    allowed = compared(admin, path, column_1="name", no_persons_1="yes")
    assert "4 rows are refused, for 1 of 1 reasons" in allowed.text
    assert "It has no place." in cells(allowed)


def geojson() -> bytes:
    point = '{"type":"Feature","properties":{"code":"N-%d","kind":"dome"},"geometry":{"type":"Point","coordinates":%s}}'
    features = ",".join(point % (n, f"[91.77{n},29.24]") for n in (1, 2))
    return f'{{"type":"FeatureCollection","features":[{features}]}}'.encode()


def workbook() -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        for name, header in (("点位", ("code", "kind", "lon", "lat")), ("旧", ("编号", "经度", "纬度", "状态"))):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, header)
            for n in (1, 2):
                sheet.write_row(n, 0, (f"N-{n}", "dome", 91.77, 29.24))
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "name"), [(geojson(), "cameras.geojson"), (CSV.encode("gbk"), "cameras.txt")], ids=["geojson", "text"]
)
def test_files_of_several_kinds_come_in(admin: Administrator, community_url: str, content: bytes, name: str) -> None:
    path = brought(admin, content, name)
    page = compared(admin, path)
    assert cells(page)[cells(page).index("added") + 1 :][:2] == ["2", "N-1, N-2"]
    assert written(admin, path, page).status_code == 303
    assert count(community_url, "code IN ('N-1', 'N-2')") == 2


def test_what_a_file_leaves_open_is_asked_beside_its_field(admin: Administrator) -> None:
    path = brought(admin, workbook(), "点位表.xlsx")
    page = admin.get(f"{path}?lang=en")
    assert errors(page) == {"sheet": "Sheets have different headers: name one. (点位, 旧)"}
    assert re.findall(r'<option value="([^"]+)"></option>', page.text) == ["点位", "旧"]
    assert 'list="f-sheet-offered"' in page.text
    asked = admin.post(f"{path}?lang=en", token=admin.token(), shown=SHOWN.search(page.text)[1], sheet="点位")  # type: ignore[index]
    page = admin.get(asked.headers["Location"])
    columns = proposed(page)
    assert [columns[f"column_{n}"] for n in range(4)] == ["code", "kind", "lon", "lat"]
    stale = admin.post(f"{path}?lang=en", token=admin.token(), **columns | {"shown": "0" * 16, "sheet": "点位"})
    assert stale.status_code == 422
    assert "has other columns: look at them again" in stale.text
    other = admin.post(f"{path}?lang=en", token=admin.token(), **columns | {"sheet": "旧", "crs": ""})
    assert other.headers["Location"].partition("?")[0] == path  # its columns are others
    assert "状态</label>" in admin.get(path).text


def test_an_analyst_brings_files_but_none_of_households(services: Services, community_url: str) -> None:
    analyst = Browser(services, "analyst-5", Role.ANALYST, "sare")
    assert 'href="/admin/sare/layers?lang=en"' in analyst.get("/figures/sare?lang=en").text
    page = analyst.get("/admin/sare/imports?lang=en").text
    token = TOKEN.search(page)
    assert token is not None
    analyst.token = lambda: token[1]  # type: ignore[method-assign]
    assert '<option value="cameras">' in page
    assert 'value="households"' not in page
    assert list(errors(bring(analyst, layer="households"))) == ["layer"]
    path = brought(analyst)
    assert written(analyst, path, compared(analyst, path)).status_code == 303
    assert count(community_url, "code IN ('N-1', 'N-2')") == 2


def test_households_are_counts_and_who_looks_is_entered(
    services: Services, admin: Administrator, community_url: str
) -> None:
    with psycopg.connect(community_url) as connection:
        [(code, building, residents)] = connection.execute(
            "SELECT code, building_code, residents FROM geoservice.household ORDER BY code LIMIT 1"
        ).fetchall()
    path = brought(admin, f"code,building_code,age_18_59\n{code},{building},9\n", "h.csv", layer="households", crs="")
    page = compared(admin, path, crs="")
    assert code in cells(page), re.findall(r'<(?:li|p class="error").*', page.text)
    assert written(admin, path, page).status_code == 303
    with psycopg.connect(community_url) as connection:
        entries = connection.execute(
            "SELECT touched FROM geoservice.audit_entry WHERE what = 'counts_read' AND touched->>'part' = 'import'"
        ).fetchall()
    assert [one["layer"] for (one,) in entries] == ["households"]
    assert residents is not None
