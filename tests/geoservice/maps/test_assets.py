from __future__ import annotations

import json
import subprocess
import sys

import pytest

from geoservice.maps import assets


def test_css_that_names_another_host_is_found():
    css = """
    @import "//fonts.example/a.css";
    a { background: url('https://cdn.example/x.png'); }
    b { src: url(//cdn.example/y.woff); }
    c { background: url(images/z.png), url(data:image/png;base64,AA==), url(#local); }
    """

    found = assets.outside_references(css)

    assert found == [
        "//fonts.example/a.css",
        "https://cdn.example/x.png",
        "//cdn.example/y.woff",
    ]


def test_lock_and_allow_list_name_the_same_packages_with_hashes_and_no_host():
    lock_text = (assets.NPM_DIR / "package-lock.json").read_text(encoding="utf-8")
    lock = json.loads(lock_text)["packages"]
    wanted = json.loads((assets.NPM_DIR / "package.json").read_text(encoding="utf-8"))["dependencies"]

    allowed = {package.name for package in assets.allowed_packages()}

    assert allowed == set(wanted)
    assert {f"node_modules/{name}" for name in wanted} <= set(lock)
    assert all(entry["integrity"].startswith("sha512-") for key, entry in lock.items() if key)
    assert all(version[0].isdigit() for version in wanted.values())
    assert "resolved" not in lock_text
    assert "://" not in lock_text
    assert "://" not in assets.NODE_LOCK.read_text(encoding="utf-8")


def test_built_assets_are_the_allowed_ones_with_their_licences():
    assets.build()

    files = {path.relative_to(assets.VENDOR).as_posix() for path in assets.VENDOR.rglob("*.*")}

    allowed = {target for package in assets.allowed_packages() for target in package.files.values()}
    assert allowed <= files
    notice = (assets.VENDOR / "NOTICE").read_text(encoding="utf-8")
    assert all(package.name in notice for package in assets.allowed_packages())
    assert "BSD 2-Clause" in notice
    assert not assets.build()


def test_missing_assets_say_what_to_run(tmp_path):
    with pytest.raises(assets.AssetsMissing, match=r"python -m geoservice\.maps\.assets build"):
        assets.built_stamp(tmp_path)


def test_a_failed_build_leaves_what_was_there(tmp_path, monkeypatch):
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    (vendor / assets.STAMP).write_text("older\n")

    def fail(_scratch):
        raise assets.AssetBuildFailed("no network")

    monkeypatch.setattr(assets, "_install_packages", fail)
    with pytest.raises(assets.AssetBuildFailed, match="no network"):
        assets.build(vendor)

    assert [path.name for path in tmp_path.iterdir()] == ["vendor"]
    assert assets.built_stamp(vendor) == "older"


def test_a_command_that_fails_gives_one_line(tmp_path, monkeypatch):
    command = [sys.executable, "-c", "raise SystemExit('npm error code ENOTFOUND')"]

    with pytest.raises(assets.AssetBuildFailed, match=r"^it failed: npm error code ENOTFOUND$"):
        assets._run(command, tmp_path, {}, "it failed")


def test_a_style_sheet_whose_picture_is_not_allowed_fails_the_build(tmp_path):
    sheet = tmp_path / "a.css"
    sheet.write_text("a { background: url(images/none.png) }")

    with pytest.raises(assets.AssetBuildFailed, match=r"images/none\.png: not in the allow-list"):
        assets._check_style_sheet(sheet)


def test_the_build_needs_the_standard_library_only():
    code = (
        "import sys; import geoservice.maps.assets; "
        "print([m for m in ('flask', 'folium', 'jinja2') if m in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"


def test_own_files_name_no_other_host():
    for path in assets.STATIC.rglob("*"):
        if path.suffix in {".css", ".js"}:
            text = path.read_text(encoding="utf-8")
            assert "://" not in text, path
            assert assets.outside_references(text) == [], path
            assert "innerHTML" not in text, path
            assert "insertAdjacentHTML" not in text, path
