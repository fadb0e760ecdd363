"""Documents that people rely on can not fall behind: settings, commands, addresses, words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
from flask.testing import FlaskClient

from geoservice.cli.main import COMMANDS, load
from geoservice.settings import Settings

ROOT = Path(__file__).parents[2]
OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
#: Addresses for people and their browsers, not part of the machine interface.
PAGES = {
    "/", "/docs", "/openapi.json", "/favicon.ico", "/assets/<version>/<path:file>", "/maps/<jurisdiction>",
    "/maps/<jurisdiction>/edit", "/maps/<jurisdiction>/edit/<edition>",
    "/maps/<jurisdiction>/print", "/maps/<jurisdiction>/print.pdf", "/maps/<jurisdiction>/print.png",
    "/maps/<jurisdiction>/figures.json", "/maps/<jurisdiction>/incidents.json", "/maps/<jurisdiction>/tiles",
    "/maps/<jurisdiction>/wall", "/maps/<jurisdiction>/wall/incidents.json", "/maps/<jurisdiction>/wall/figures",
    "/maps/<jurisdiction>/layers/<layer>.geojson", "/maps/<jurisdiction>/compare",
    "/maps/<jurisdiction>/basemaps.json",
    "/maps/<jurisdiction>/basemaps/<int:number>/<int:z>/<int:x>/<int:y>",
    "/maps/<jurisdiction>/compare/lineage.json",
    "/signin", "/signin/code", "/signout", "/account/password", "/account/code", "/account/code/confirm",
    "/account/code/off",
    "/report", "/report/follow", "/report/worker.js", "/officer", "/officer/session", "/officer/worker.js",
    "/pages/<version>/<path:file>", "/desk", "/desk/<jurisdiction>", "/desk/<jurisdiction>/list",
    "/desk/<jurisdiction>/rows", "/desk/<jurisdiction>/incidents/<id>", "/desk/<jurisdiction>/incidents/<id>/<action>",
    "/desk/<jurisdiction>/list.csv", "/desk/<jurisdiction>/list.xlsx",
    "/desk/<jurisdiction>/bulk", "/audit", "/audit/<jurisdiction>",
    "/admin", "/admin/<jurisdiction>", "/admin/<jurisdiction>/accounts", "/admin/<jurisdiction>/new-account",
    "/admin/<jurisdiction>/accounts/<login>", "/admin/<jurisdiction>/accounts/<login>/<action>",
    "/admin/<jurisdiction>/keys", "/admin/<jurisdiction>/new-key", "/admin/<jurisdiction>/keys/<id>",
    "/admin/<jurisdiction>/staff", "/admin/<jurisdiction>/new-member", "/admin/<jurisdiction>/staff/<code>",
    "/admin/<jurisdiction>/new-posting", "/admin/<jurisdiction>/postings/<id>",
    "/admin/<jurisdiction>/postings/<id>/withdrawal",
    "/admin/<jurisdiction>/services", "/admin/<jurisdiction>/services/<code>", "/admin/<jurisdiction>/webhooks",
    "/admin/<jurisdiction>/health", "/admin/<jurisdiction>/new-webhook", "/admin/<jurisdiction>/webhooks/<id>",
    "/admin/<jurisdiction>/webhooks/<id>/<action>", "/admin/<jurisdiction>/new-service",
    "/admin/<jurisdiction>/services/<code>/retirement", "/admin/<jurisdiction>/services/<code>/restoration",
    "/admin/<jurisdiction>/calendar", "/admin/<jurisdiction>/calendar/hours", "/admin/<jurisdiction>/new-day",
    "/admin/<jurisdiction>/calendar/<day>/removal", "/admin/<jurisdiction>/retention",
    "/admin/<jurisdiction>/retention/terms", "/admin/<jurisdiction>/layers", "/admin/<jurisdiction>/changes/<id>",
    "/admin/<jurisdiction>/changes/<id>/undo",
    "/admin/<jurisdiction>/imports", "/admin/<jurisdiction>/imports/<id>", "/admin/<jurisdiction>/imports/<id>/discard",
    "/admin/<jurisdiction>/imports/<id>/difference",
    "/admin/<jurisdiction>/accounts/<name>/grants/new",
    "/admin/<jurisdiction>/accounts/<name>/grants/<int:number>/revoke",
    "/admin/<jurisdiction>/accounts/<name>/grants/<int:number>/restore", "/admin/<jurisdiction>/keys/<name>/grants/new",
    "/admin/<jurisdiction>/keys/<name>/grants/<int:number>/revoke",
    "/admin/<jurisdiction>/keys/<name>/grants/<int:number>/restore",
    "/admin/<jurisdiction>/keys/<id>/rotate", "/admin/<jurisdiction>/keys/<id>/revoke",
    "/figures", "/figures/<jurisdiction>", "/figures/<jurisdiction>/<table>.csv",
    "/figures/<jurisdiction>/figures.xlsx", "/figures/<jurisdiction>/report", "/figures/<jurisdiction>/report.pdf",
}  # fmt: skip


def commands() -> Iterator[str]:
    for name, place in COMMANDS.items():
        command = load(place)
        if isinstance(command, click.Group):
            yield from (f"{name} {sub}" for sub in command.commands)
        else:
            yield name


def test_every_setting_is_documented() -> None:
    variables = {f"GEOSERVICE_{name.upper()}" for name in Settings.model_fields}

    assert variables == set(re.findall(r"^\| `(GEOSERVICE_[A-Z_]+)`", OPERATING, re.MULTILINE))


def test_every_command_is_documented() -> None:
    table = "\n".join(line for line in OPERATING.splitlines() if line.startswith("| `geoservice"))
    missing = [name for name in commands() if not all(f"{word}" in table for word in name.split())]

    assert missing == []


def test_every_address_is_in_the_interface_document(client: FlaskClient) -> None:
    described = set(client.get("/openapi.json").json["paths"])
    rules = {rule.rule for rule in client.application.url_map.iter_rules()} - PAGES
    # Each interface there has a document of its own, of the version of OpenAPI that its clients read.
    rules = {rule for rule in rules if not rule.startswith("/ogc")}

    assert {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule) for rule in rules} == described


def test_the_document_page_shows_every_address_and_problem(client: FlaskClient) -> None:
    page = client.get("/docs").get_data(as_text=True)

    for path in client.get("/openapi.json").json["paths"]:
        assert f"<code>{path}</code>" in page
    assert 'id="problem-out-of-range"' in page


def test_links_between_documents_lead_somewhere() -> None:
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_decisions_are_listed() -> None:
    listed = set(re.findall(r"\((\d{4}-[a-z0-9-]+\.md)\)", (ROOT / "docs/decisions/README.md").read_text()))

    assert listed == {path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md")}


def test_the_interface_uses_the_words_of_the_glossary(client: FlaskClient) -> None:
    """One word per thing: these mean something that the glossary calls otherwise."""
    synonyms = re.compile(r"\b(ticket|zone|cell_id|area_code|event_id|work_order|case_id|poi|latlng|lng)\b")
    document = client.get("/openapi.json").get_data(as_text=True)

    assert synonyms.findall(document) == []
    for word in ("grid", "edition", "incident", "owner", "jurisdiction", "posting"):
        assert f"\n| {word} |" in GLOSSARY
