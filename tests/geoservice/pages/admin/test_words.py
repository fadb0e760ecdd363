"""The words of administrators' pages: areas have each their own, and none takes another's for something else."""

from __future__ import annotations

import importlib
import pkgutil

from geoservice.pages import words


def test_no_area_says_something_else_by_the_words_of_another() -> None:
    said: dict[str, tuple[str, tuple[str, ...]]] = {}
    taken = []
    for found in pkgutil.iter_modules(words.__path__):
        if not found.name.startswith("admin_"):
            continue
        module = importlib.import_module(f"{words.__name__}.{found.name}")
        [own] = [value for name, value in vars(module).items() if name.isupper() and isinstance(value, dict)]
        for key, texts in own.items():
            first = said.setdefault(key, (found.name, texts))
            if first[1] != texts:
                taken.append((key, first[0], found.name))
    assert taken == []
    assert len(said) > 100
