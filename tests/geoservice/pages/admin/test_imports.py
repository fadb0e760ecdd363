"""Files of features on pages: chosen, their columns named, what would change shown, written as one change, undone."""

from __future__ import annotations

import html
import io
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from geoservice.auth.model import Role
from geoservice.auth.permissions import ALLOWED, Permission
from geoservice.services.layers import uploads
from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from tests.conftest import as_service
from tests.geoservice.pages.admin.people import Administrator, errors, make_town
from tests.geoservice.pages.desk.test_pages import OWN, PERSON, TOKEN, Browser
from tests.loading import stop

FORM = "multipart/form-data; boundary=x"
CSV = "code,kind,status,lon,lat\nN-1,dome,online,91.77,29.24\nN-2,fixed,online,91.771,29.241\n"
SHOWN = re.compile(r'name="shown" value="([^"]+)"')
SEEN = re.compile(r'name="seen" value="([^"]+)"')
SELECT = re.compile(r'<select[^>]* name="(column_\d+)"[^>]*>(.*?)</select>', re.DOTALL)
CHOSEN = re.compile(r'<option value="([^"]*)" selected>')


@pytest.fixture
def services(community_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """Return every service on the demo community; files are read in this process, which starts at once."""
    monkeypatch.setattr(uploads, "in_child", lambda work, given, *, longest_s: work(*given))
    services = build_services(
        Settings(
            database_url=SecretStr(as_service(community_url)), pool_size=4, data_dir=tmp_path, upload_bytes=200_000,
            upload_features=1_000,
        )
    )  # fmt: skip
    yield services
    stop(services)


@pytest.fixture
def admin(services: Services) -> Administrator:
    return Administrator(services)


@pytest.fixture
def kept(tmp_path: Path) -> Callable[[], list[str]]:
    """Return what is left of files that were brought."""
    return lambda: [str(one) for one in (tmp_path / "uploads").rglob("*") if one.is_file() and one.name != ".servers"]


def bring(
    admin: Browser, content: str | bytes = CSV, name: str = "cameras.csv", *, place: str = "sare",
    layer: str = "cameras", token: str | None = None, **form: Any,
) -> TestResponse:  # fmt: skip
    said = content.encode() if isinstance(content, str) else content
    data = {"token": admin.token() if token is None else token, "layer": layer, "crs": "wgs84", **form}
    boundary, body = encode_multipart({**data, "file": FileStorage(io.BytesIO(said), name)})
    return admin.client.post(
        f"/admin/{place}/imports?lang=en", data=body, content_type=f"multipart/form-data; boundary={boundary}",
        headers=PERSON | OWN,
    )  # fmt: skip


def brought(admin: Browser, content: str | bytes = CSV, name: str = "cameras.csv", **form: Any) -> str:
    """Bring a file; return the address of its columns, without its query."""
    answer = bring(admin, content, name, **form)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].partition("?")[0]


def proposed(page: TestResponse) -> dict[str, str]:
    """Return what each column is taken for on the page that asks for it, and what the page brings along."""
    assert page.status_code == 200, page.text
    found = {name: CHOSEN.search(options) for name, options in SELECT.findall(page.text)}
    seen = SEEN.search(page.text)
    assert seen is not None
    return {name: "" if one is None else one[1] for name, one in found.items()} | {"seen": seen[1], "crs": "wgs84"}


def compared(admin: Browser, path: str, **form: str) -> TestResponse:
    """Say what columns are as it is proposed, or otherwise; return the page of what would change."""
    said = proposed(admin.get(f"{path}?lang=en")) | form
    led = admin.post(f"{path}?lang=en", token=admin.token(), **said)
    assert led.status_code == 303, led.text
    return admin.get(led.headers["Location"])


def written(admin: Browser, path: str, page: TestResponse, **form: str) -> TestResponse:
    shown = SHOWN.search(page.text)
    assert shown is not None, page.text
    return admin.post(f"{path}/difference?lang=en", token=admin.token(), shown=shown[1], **form)


def cells(page: TestResponse) -> list[str]:
    return [html.unescape(re.sub(r"<[^>]+>", "", one)).strip()
            for one in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", page.text, re.DOTALL)]  # fmt: skip


def count(url: str, where: str = "true") -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM geoservice.camera WHERE {where}".encode()).fetchone()  # noqa: S608
    assert row is not None
    return int(row[0])


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
    assert kept() == []
    with psycopg.connect(community_url) as connection:
        [(number, actor, door, kind)] = connection.execute(
            "SELECT id, actor, door, kind FROM geoservice.change ORDER BY id DESC LIMIT 1"
        ).fetchall()
    assert (actor, door, kind) == ("admin:admin-5", "api", "import")
    again = written(admin, path, page)  # sent twice
    assert again.status_code == 404
    assert "The file is gone: it was written or discarded" in again.text
    assert count(community_url) == before + 2
    assert admin.send(f"changes/{number}/undo").status_code == 303
    assert count(community_url) == before


def test_what_changes_is_told_field_by_field_and_the_same_is_not_written(
    admin: Administrator, community_url: str
) -> None:
    path = brought(admin)
    written(admin, path, compared(admin, path))
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


@pytest.mark.parametrize(
    ("content", "name", "field", "said"),
    [
        (b"", "", "file", "Choose a file."),
        (CSV, "cameras.exe", "file", "It is of no kind that is read"),
        (CSV, "cameras", "file", "It is of no kind that is read"),
        (CSV, "cameras.shp", "file", "all parts in one .zip"),
    ],
)  # fmt: skip
def test_a_file_of_no_use_is_refused_beside_its_field(
    admin: Administrator, kept: Callable[[], list[str]], content: str | bytes, name: str, field: str, said: str
) -> None:
    answer = bring(admin, content, name)
    assert said in errors(answer)[field]
    assert '<option value="cameras" selected>' in answer.text
    assert kept() == []


def test_what_stands_beside_the_file_is_looked_at(admin: Administrator, kept: Callable[[], list[str]]) -> None:
    wrong: tuple[tuple[dict[str, str], str], ...] = (
        ({"layer": "grids"}, "layer"), ({"layer": ""}, "layer"), ({"crs": "moon"}, "crs"),
        ({"crs": "epsg", "epsg": "x"}, "epsg"), ({"crs": "wgs84", "epsg": "4546"}, "epsg"),
    )  # fmt: skip
    for form, field in wrong:
        assert list(errors(bring(admin, **form))) == [field]
    assert kept() == []


def test_a_file_that_is_too_large_is_not_kept(admin: Administrator, kept: Callable[[], list[str]]) -> None:
    answer = bring(admin, CSV + " " * 200_000)
    assert answer.status_code == 413
    assert "GEOSERVICE_UPLOAD_BYTES" in answer.text
    assert bring(admin, CSV + " " * 900_000).status_code == 413
    path = brought(admin, "code,lon,lat\n" + "".join(f"N-{n},91.77,29.24\n" for n in range(1_001)))
    told = admin.get(f"{path}?lang=en").text
    assert "The file holds more than 1,000 features (GEOSERVICE_UPLOAD_FEATURES)." in told
    assert "geoservice layer import cameras FILE --jurisdiction sare" in told
    assert len(kept()) == 2
    token = admin.token()
    assert admin.post(f"{path}/discard", token=token).status_code == 303
    assert kept() == []


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in ("shp", "shx", "dbf"):
            archive.writestr(f"a.{part}", bytes(40_000_000))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (bomb(), "bomb.zip", "The .zip has to hold one shapefile"),
        (b"MZ not at all", "cameras.xlsx", "The file does not hold what the end of its name says."),
        (b"{", "cameras.geojson", "The file is damaged"),
        ("a\n" + '"', "cameras.csv", "A quotation mark is not closed"),
        ("编号,经度\n".encode("utf-16"), "cameras.csv", ""),
    ],
    ids=["bomb", "not-a-workbook", "broken", "quotes", "utf-16"],
)
def test_hostile_files_are_refused_in_words(admin: Administrator, content: str | bytes, name: str, said: str) -> None:
    path = brought(admin, content, name)
    answer = admin.get(f"{path}?lang=en")
    assert answer.status_code in (200, 422)
    assert said in html.unescape(answer.text)


def test_names_of_files_lead_nowhere(admin: Administrator, tmp_path: Path, kept: Callable[[], list[str]]) -> None:
    before = sorted(os.listdir(tmp_path))
    for name in ("../../../etc/cron.d/x.csv", "C:\\temp\\x.csv", "/etc/passwd.csv", "<script>.csv", "x\0y.csv"):
        page = admin.get(brought(admin, name=name) + "?lang=en").text
        assert "<script>." not in page
        assert "etc" not in re.search(r"<h1>(.*?)</h1>", page)[1]  # type: ignore[index]
    assert {Path(one).name for one in kept()} <= {"file.csv", "upload.json"}
    assert sorted({*os.listdir(tmp_path), "uploads"}) == sorted({*before, "uploads"})
    assert len([one for one in kept() if one.endswith(".csv")]) == 3  # of one person so many at once


def test_others_neither_see_nor_write_it(services: Services, admin: Administrator, community_url: str) -> None:
    make_town(community_url)
    path = brought(admin)
    other, town = Administrator(services, "admin-6"), Administrator(services, "admin-7", "town")
    everywhere = Administrator(services, "admin-8", None)
    for one in (other, everywhere):
        assert one.get(path).status_code == 404
        assert one.post(f"{path}/difference", token=one.token(), shown="/").status_code == 404
        assert one.post(f"{path}/discard", token=one.token()).status_code == 404
    assert town.get(path).status_code == 403
    assert town.get(path.replace("sare", "town")).status_code == 404
    assert bring(town, place="sare").status_code == 403
    for role in set(Role) - ALLOWED[Permission.UNDO_CHANGES] - {Role.PUBLIC, Role.OFFICER}:
        browser = Browser(services, f"{role.value}-5", role)
        assert browser.get("/admin/sare/imports").status_code == 403
        assert bring(browser, token="0" * 64).status_code == 403
    assert admin.get(path).status_code == 200
    for wrong in ("none", "0" * 32, "..", "%2e%2e", "0" * 31 + "/"):
        assert admin.get(f"/admin/sare/imports/{wrong}").status_code in (404, 308)


def test_who_may_bring_a_file_may_write_features_and_undo_it() -> None:
    assert ALLOWED[Permission.UNDO_CHANGES] <= ALLOWED[Permission.EDIT_FEATURES]
    assert Role.OFFICER not in ALLOWED[Permission.UNDO_CHANGES]  # he writes what stands in his grids alone


def test_an_analyst_brings_files_but_none_of_households(services: Services, community_url: str) -> None:
    analyst = Browser(services, "analyst-5", Role.ANALYST, "sare")
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


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_a_form_without_its_token_leaves_nothing(
    admin: Administrator, kept: Callable[[], list[str]], token: str
) -> None:
    assert bring(admin, token=token).status_code == 403
    assert kept() == []
    path = brought(admin)
    for step in ("", "/difference", "/discard"):
        assert admin.post(f"{path}{step}", token=token).status_code == 403
    assert bring(admin, token=admin.token()).status_code == 303
    elsewhere = admin.client.post(
        "/admin/sare/imports", data={"token": admin.token()}, headers=PERSON | {"Origin": "http://evil.example"},
        content_type="multipart/form-data",
    )  # fmt: skip
    assert elsewhere.status_code == 403


def test_a_session_that_ended_keeps_no_file_and_holds_what_was_chosen(
    admin: Administrator, kept: Callable[[], list[str]]
) -> None:
    path = brought(admin)
    columns, token = proposed(admin.get(f"{path}?lang=en")), admin.token()
    before = kept()
    admin.post("/signout", token=token)
    lost = bring(admin, token=token)
    assert lost.status_code == 401
    assert "The file was not kept" in lost.text
    assert kept() == before
    held = admin.post(f"{path}?lang=en", token=token, **columns)
    assert held.status_code == 401
    assert f'action="{path}' in held.text
    assert 'name="column_0" value="code"' in held.text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"token=x", "application/x-www-form-urlencoded", 415),
        (b"{}", "application/json", 415),
        (b"--x--", "multipart/mixed; boundary=x", 415),
        (b"no form at all", FORM, 400),
        (b"--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nabc", FORM, 400),
        (b"--x\r\nnothing: at all\r\n\r\nabc\r\n--x--\r\n", FORM, 400),
        (b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" + b"a" * 30_000, FORM, 413),
        (b"--x\r\n" + b"A: b\r\n" * 100_000, FORM, 413),
    ],
)  # fmt: skip
def test_bodies_that_are_no_such_form_are_refused(
    admin: Administrator, kept: Callable[[], list[str]], body: bytes, kind: str, status: int
) -> None:
    answer = admin.client.post("/admin/sare/imports", data=body, content_type=kind, headers=PERSON | OWN)
    assert answer.status_code == status, answer.text
    assert kept() == []


def test_what_nobody_writes_goes_after_an_hour_of_broken_uploads_too(
    services: Services, admin: Administrator, tmp_path: Path, kept: Callable[[], list[str]]
) -> None:
    path = brought(admin)
    part = tmp_path / "uploads" / ("a" * 32)
    part.mkdir()
    (part / "file.csv").write_text("code")
    old = path.rpartition("/")[2]
    for file in (*(tmp_path / "uploads" / old).iterdir(), part / "file.csv"):
        os.utime(file, (file.stat().st_mtime - 3_700,) * 2)
    assert admin.get(path).status_code == 404
    brought(admin)
    assert not part.exists()
    assert not (tmp_path / "uploads" / old).exists()
    assert len(kept()) == 2
