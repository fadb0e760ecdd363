"""A desk as the service runs it: a web server, the server of events beside it, and dispatchers who sign in."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from playwright.sync_api import Page, expect

from geoservice.auth.model import Role
from geoservice.maps import assets
from geoservice.running.commands import web_command, web_environment
from geoservice.services.accounts.accounts import AccountService
from geoservice.services.accounts.sessions import SessionLimits, SessionService
from geoservice.settings import Settings
from layers.db.session import Database
from tests.conftest import DatabaseMaker, as_service, free_port, wait_until_answering
from tests.listening import streaming

PASSWORD = "ein neues wort 7"
OPEN = "status=reported,dispatched,accepted,returned,resolved&sort=due"
LAPTOP, SCREEN, PHONE = {"width": 1366, "height": 657}, {"width": 1920, "height": 970}, {"width": 390, "height": 844}

#: Words on a Tibetan page that are said to be of another language than their script is of.
UNNAMED = r"""() => {
  if (document.documentElement.lang !== 'bo') return [];
  const wrong = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (parentElement.closest('script, style')) continue;
    const own = [...parentElement.childNodes].filter((one) => one.nodeType === 3).map((one) => one.data).join('');
    const tibetan = /\p{Script=Tibetan}/u.test(own);
    if (!tibetan && !/\p{Script=Han}/u.test(data)) continue;
    if (parentElement.closest('[lang]').getAttribute('lang').slice(0, 2) !== (tibetan ? 'bo' : 'zh')) wrong.push(data);
  }
  return wrong;
}"""

HERE = Path(__file__).resolve().parent
AXE = assets.Recipe(HERE / "npm", HERE / "assets.json")


def axe_script() -> str:
    """Return axe-core, which is fetched when it is first asked for and kept beside the tests."""
    assets.build(HERE / "vendor", AXE)
    return (HERE / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class LiveDesk:
    """The servers of a desk, and the database behind them."""

    url: str
    database_url: str
    #: Login names of those who have a password of their own.
    known: set[str] = field(default_factory=set)

    def account(self, login: str, role: Role = Role.DISPATCHER, *, staff: str | None = None) -> None:
        """See to it that there is an account that has a password of its own; of an officer with a staff code."""
        if login in self.known:
            return
        self.known.add(login)
        database = Database.connect(self.database_url, pool_size=2)
        accounts, sessions = AccountService(database), SessionService(database, SessionLimits(3600, 3600))
        try:
            held = None if staff is None else ("sare", staff)
            first = accounts.create_unless_there(login, role, created_by="test", staff=held) or accounts.reset(login)
            sessions.change_password(login, first, PASSWORD, address="192.0.2.1")
        finally:
            database.close()

    def sql(self, statement: str, *values: Any) -> list[Any]:
        """Return the rows of a statement; what it writes is committed."""
        with psycopg.connect(self.database_url) as connection:
            found = connection.execute(statement.encode(), values)
            return found.fetchall() if found.description else []

    def reports(self, count: int, words: str = "new", service: str = "dogs", apart: float = 1e-5) -> list[str]:
        """Have so many reports come in at places of the town that an officer serves; return their ids."""
        return [
            str(row[0])
            for row in self.sql(
                "INSERT INTO geoservice.incident (jurisdiction_id, service_code, geom, description)"
                " SELECT j.id, %s, st_setsrid(st_makepoint(91.77 + n * %s, 29.24), 4326), %s"
                " FROM geoservice.jurisdiction AS j, generate_series(1, %s) AS n RETURNING id",
                service, apart, words, count,
            )
        ]  # fmt: skip

    def step(self, incident: str, rule: str, status: str, reason: str | None = None) -> None:
        """Have somebody else take a step."""
        self.sql("UPDATE geoservice.incident SET status = %s, step_rule = %s, step_reason = %s WHERE id = %s",
                 status, rule, reason, incident)  # fmt: skip


@contextmanager
def serving_desk(cluster_url: str, community_template: str) -> Iterator[LiveDesk]:
    """Run both servers on a demo community of its own."""
    with serving(DatabaseMaker(cluster_url).clone(community_template)) as desk:
        yield desk


@contextmanager
def serving(database_url: str) -> Iterator[LiveDesk]:
    """Run both servers on a database; `database_url` is a superuser's."""
    port = free_port()
    with streaming(as_service(database_url), port=port) as events_port:
        environment = web_environment(as_service(database_url)) | {
            "GEOSERVICE_PORT": str(port), "GEOSERVICE_EVENTS_PORT": str(events_port),
        }  # fmt: skip
        settings = Settings(port=port)
        with subprocess.Popen(web_command(settings), env=environment) as process:
            try:
                wait_until_answering(settings.host, port, process)
                yield LiveDesk(f"http://{settings.host}:{port}", database_url)
            finally:
                process.terminate()


def sign_in(page: Page, desk: LiveDesk, login: str = "desk-1", role: Role = Role.DISPATCHER) -> None:
    """Sign in and come to where the address leads."""
    desk.account(login, role)
    page.locator("#login").fill(login)
    page.locator("#password").fill(PASSWORD)
    page.locator("form:has(#password) button").click()


def wait_until_ready(page: Page) -> None:
    """Wait until the page's script runs, the map is drawn and what happens is heard."""
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    expect(page.locator("#map")).to_have_attribute("data-ready", "true")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
