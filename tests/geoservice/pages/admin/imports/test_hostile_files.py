"""Files of features that are no use, or meant to harm, and those who may not bring any."""

from __future__ import annotations

import html
import io
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from geoservice.auth.model import Role
from geoservice.auth.permissions import ALLOWED, Permission
from geoservice.services.children import ChildDied, ChildTookTooLong, in_child
from geoservice.services.layers import uploads
from geoservice.wiring import Services
from tests.geoservice.pages.admin.imports.bringing import CSV, bring, brought, proposed
from tests.geoservice.pages.admin.people import Administrator, errors, make_town
from tests.geoservice.pages.desk.test_pages import OWN, PERSON, Browser

FORM = "multipart/form-data; boundary=x"


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
        (bomb()[:2_000], "cameras.xlsx", "The workbook is damaged"),
        (bomb(), "cameras.csv", "The file does not hold what the end of its name says."),
    ],
    ids=["bomb", "not-a-workbook", "broken", "quotes", "utf-16", "cut-off", "no-text"],
)
def test_hostile_files_are_refused_in_words(admin: Administrator, content: str | bytes, name: str, said: str) -> None:
    path = brought(admin, content, name)
    answer = admin.get(f"{path}?lang=en")
    assert answer.status_code in (200, 422)
    assert said in html.unescape(answer.text)


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (
            ChildTookTooLong(),
            "It was not read within 30 s (GEOSERVICE_UPLOAD_S), and reading was stopped. Import it at",
        ),
        (ChildDied(-11), "The process that read the file died"),
    ],
)
def test_a_child_that_dies_takes_nobody_along(
    admin: Administrator, monkeypatch: pytest.MonkeyPatch, raised: Exception, said: str
) -> None:
    def die(*_: object, **__: object) -> None:
        raise raised

    path = brought(admin)
    monkeypatch.setattr(uploads, "in_child", die)
    answer = admin.get(f"{path}?lang=en")
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)


def test_a_child_reads_a_file_and_says_why_it_does_not(
    admin: Administrator, monkeypatch: pytest.MonkeyPatch, kept: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr(uploads, "in_child", in_child)
    path = brought(admin)
    assert proposed(admin.get(f"{path}?lang=en"))["column_0"] == "code"
    path = brought(admin, 'code\n"')
    assert "A quotation mark is not closed" in admin.get(f"{path}?lang=en").text
    assert {Path(one).name for one in kept()} == {"file.csv", "upload.json"}


def test_one_file_is_read_at_a_time(admin: Administrator, monkeypatch: pytest.MonkeyPatch) -> None:
    path = brought(admin)
    monkeypatch.setattr(uploads, "_PATIENCE_S", 0.0)
    with uploads._turn():
        busy = admin.get(f"{path}?lang=en")
    assert busy.status_code == 503
    assert "Another file is being read at this moment" in busy.text
    assert admin.get(f"{path}?lang=en").status_code == 200


def test_a_disk_that_takes_nothing_is_told(admin: Administrator, tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("no directory")
    answer = bring(admin)
    assert answer.status_code == 503
    assert "It was not kept: the disk of the service is full" in answer.text


def test_names_of_files_lead_nowhere(admin: Administrator, tmp_path: Path, kept: Callable[[], list[str]]) -> None:
    before = sorted(os.listdir(tmp_path))
    for name in ("../../../etc/cron.d/x.csv", "C:\\temp\\x.csv", "/etc/passwd.csv", "<script>.csv", "x\0y.csv"):
        page = admin.get(brought(admin, name=name) + "?lang=en").text
        assert "<script>." not in page
        assert "etc" not in re.search(r"<h1>(.*?)</h1>", page)[1]  # type: ignore[index]
    long = admin.get(brought(admin, name="\u202en" + "n" * 3_000 + "2026.csv") + "?lang=en").text
    assert re.search(r"<h1>Columns of n{100}…n+2026.csv → Cameras</h1>", long)  # what is unseen turns no name round
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


def test_a_file_that_breaks_off_or_comes_before_the_token_leaves_nothing(
    admin: Administrator, kept: Callable[[], list[str]]
) -> None:
    file = FileStorage(io.BytesIO(CSV.encode() * 1000), "cameras.csv")
    boundary, body = encode_multipart({"token": admin.token(), "layer": "cameras", "file": file})
    kind = f"multipart/form-data; boundary={boundary}"
    for part, length in ((body[: len(body) // 2], len(body)), (body[: len(body) // 2], len(body) // 2)):
        answer = admin.client.post(
            "/admin/sare/imports", data=part, content_type=kind, headers=PERSON | OWN,
            environ_overrides={"CONTENT_LENGTH": str(length)},
        )  # fmt: skip
        assert answer.status_code == 400
        assert kept() == []
    boundary, body = encode_multipart(
        {"layer": "cameras", "file": FileStorage(io.BytesIO(CSV.encode()), "cameras.csv"), "token": admin.token()}
    )
    kind = f"multipart/form-data; boundary={boundary}"
    answer = admin.client.post("/admin/sare/imports", data=body, content_type=kind, headers=PERSON | OWN)
    assert answer.status_code == 403
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
