"""What classes and modules are called is in the glossary, or an ordinary word of programming or of the maps' trade.

A new noun enters docs/glossary.md first; a word that any engineer knows goes into ordinary_words.txt. Errors are named
by facts, not by nouns, and are not asked for.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ORDINARY = Path(__file__).with_name("ordinary_words.txt")
#: SnapshotCache, crs_of_file, GeoJSON.
WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


def sources() -> Iterator[Path]:
    for package in ("geoservice", "layers", "tilegen"):
        yield from (path.relative_to(ROOT) for path in sorted((ROOT / package).rglob("*.py")))


def words_of(name: str) -> list[str]:
    return [word.lower() for word in WORD.findall(name)]


def classes() -> dict[str, list[str]]:
    """Return every class with the names of its bases."""
    return {
        node.name: [ast.unparse(base) for base in node.bases]
        for path in sources()
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }


def is_error(name: str, bases: dict[str, list[str]]) -> bool:
    found = getattr(builtins, name, None)
    if isinstance(found, type):
        return issubclass(found, Exception)
    return any(is_error(base, bases) for base in bases.get(name, []))


def names() -> set[str]:
    """Return what is called by a noun: packages, modules, and classes other than errors."""
    bases = classes()
    modules = {part.removesuffix(".py") for path in sources() for part in path.parts if part != "__init__.py"}
    return modules | {name for name in bases if not is_error(name, bases)}


def glossary() -> set[str]:
    rows = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs/glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {word for row in rows for word in words_of(row)}


def ordinary() -> set[str]:
    lines = ORDINARY.read_text(encoding="utf-8").splitlines()
    return {word for line in lines if not line.startswith("#") for word in line.split()}


def singulars(word: str) -> set[str]:
    """Return what a word may be the plural of, itself too."""
    return {word, word.removesuffix("s"), word.removesuffix("es"), re.sub("ies$", "y", word)}


def strange(names: set[str], known: set[str]) -> dict[str, str]:
    """Return the words that nobody explains, each with a name that it stands in."""
    return {word: name for name in sorted(names) for word in words_of(name) if not singulars(word) & known}


def test_what_things_are_called_is_explained_or_ordinary() -> None:
    assert strange(names(), glossary() | ordinary()) == {}


def test_a_home_made_word_would_be_found() -> None:
    found = strange({"SnapshotCache", "ThicketOwner", "told_apart"}, glossary() | ordinary())

    assert found == {"thicket": "ThicketOwner", "told": "told_apart", "apart": "told_apart"}


def test_the_ordinary_words_are_used_and_are_not_in_the_glossary() -> None:
    used = {single for name in names() for word in words_of(name) for single in singulars(word)}

    assert ordinary() - used == set()
    assert ordinary() & glossary() == set()
