"""A real identity provider, started by the tests that sign in by one, and somebody who signs in there."""

from __future__ import annotations

import fcntl
import hashlib
import html
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
import requests

from geoservice.oidc.provider import ProviderSettings
from geoservice.running.addresses import answers
from tests.waiting import wait_until

HERE = Path(__file__).resolve().parent / "provider"
CLIENT_ID, CLIENT_SECRET = "geoservice", "a secret of tests"
#: A first fetch on a slow line; npm's default of two retries makes a machine without network wait 70 s for its answer.
FETCH_S, RETRIES = 300, ("--fetch-retries=1", "--fetch-retry-mintimeout=2000")


@dataclass(frozen=True)
class IdentityProvider:
    """A provider that runs, and where it sends people back to."""

    port: int
    callback: str

    @property
    def settings(self) -> ProviderSettings:
        return ProviderSettings(f"http://127.0.0.1:{self.port}", CLIENT_ID, CLIENT_SECRET, self.callback)

    def answer_to(self, address: str, subject: str) -> dict[str, str]:
        """Sign in there as somebody, from where a service sent him; return the query that he comes back with."""
        browser = requests.Session()
        page = browser.get(address, allow_redirects=False, timeout=10)
        for _ in range(10):
            while page.status_code in (302, 303):
                where = urljoin(page.url, page.headers["Location"])
                if where.startswith(self.callback):
                    return dict(parse_qsl(urlsplit(where).query))
                page = browser.get(where, allow_redirects=False, timeout=10)
            assert page.status_code == 200, page.text
            form = {"login": subject, "password": "any"} | dict(
                re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)"', page.text)
            )
            action = re.search(r'action="([^"]+)"', page.text)
            assert action is not None, page.text
            page = browser.post(
                urljoin(page.url, html.unescape(action[1])), data=form, allow_redirects=False, timeout=10
            )
        raise AssertionError(page.text)


@contextmanager
def providing(port: int, callback: str) -> Iterator[IdentityProvider]:
    """Run a provider that sends people back to an address; skip where there is no Node, or npm can not fetch it."""
    node = _fetched()
    with subprocess.Popen(
        [node, "provider.mjs", str(port), callback], cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:

        def answered() -> bool:
            assert process.poll() is None, "the provider ended"
            return answers("127.0.0.1", port)

        try:
            wait_until(answered, "the provider answers")
            yield IdentityProvider(port, callback)
        finally:
            process.terminate()


def _fetched() -> str:
    """See to it that the provider's packages are here, once for all workers; return the path of Node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no identity provider to sign in by: node and npm are not on PATH")
    lock = HERE / "package-lock.json"
    wanted, stamp = hashlib.sha256(lock.read_bytes()).hexdigest(), HERE / "node_modules" / "STAMP"
    with lock.open("rb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
            return node
        try:
            subprocess.run(
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", *RETRIES],
                cwd=HERE, check=True, capture_output=True, timeout=FETCH_S,
            )  # fmt: skip
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            pytest.skip("no identity provider to sign in by: npm could not fetch the packages of tests/provider")
        stamp.write_text(wanted, encoding="ascii")
    return node
