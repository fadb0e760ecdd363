"""What may be done about an error is a code below the doors; each door has words for it, and nobody else names one."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import psycopg
import pytest

import geoservice
import layers
from geoservice.cli import advice as command_line
from geoservice.errors import GeoserviceError, in_words
from geoservice.services.impact import Advice
from geoservice.web import advice as http
from geoservice.web.problems import KINDS
from layers.db.session import translate
from layers.errors import LayerError, RefusedByDatabase

ROOT = Path(__file__).parents[2]
#: What knows neither who asks nor by which door.
BELOW_THE_DOORS = (
    "geoservice/services", "geoservice/assigning", "geoservice/counting", "geoservice/reading", "geoservice/writing",
    "geoservice/domain", "geoservice/engine", "geoservice/auth", "geoservice/webhooks", "geoservice/records",
    "geoservice/errors.py", "layers",
)  # fmt: skip
#: A command, or an option that is not another program's.
NAMES_A_DOOR = re.compile(
    r"\bgeoservice (?:account|assign|calendar|db|demo|edition|jurisdiction|key|serve|stop|up|webhook) | --[a-z]"
)


def kinds_of(error: type[Exception]) -> Iterator[type[Exception]]:
    yield error
    for kind in error.__subclasses__():
        yield from kinds_of(kind)


def advised() -> dict[type[Exception], str]:
    """Return every class of error of ours that carries an advice."""
    for home in (geoservice, layers):
        for module in pkgutil.walk_packages(home.__path__, f"{home.__name__}."):
            if not module.name.endswith(("wsgi", "asgi", "__main__")):
                importlib.import_module(module.name)
    every = {*kinds_of(GeoserviceError), *kinds_of(LayerError)}
    return {error: error.advice for error in every if getattr(error, "advice", None)}


def test_the_command_line_has_words_for_every_advice_and_for_no_other() -> None:
    assert set(command_line.ADVICE) == {*advised().values(), *get_args(Advice)}


def test_http_has_words_for_the_advice_of_what_it_answers_with() -> None:
    needed = {advice for error, advice in advised().items() if issubclass(error, tuple(KINDS))}

    assert needed <= set(http.ADVICE)
    assert set(http.ADVICE) <= set(command_line.ADVICE)


def test_nothing_below_the_doors_names_one() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for home in ("geoservice", "layers")
        for path in sorted((ROOT / home).rglob("*.py"))
        if str(path.relative_to(ROOT)).startswith(BELOW_THE_DOORS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAMES_A_DOOR.search(node.value)
    ]

    assert found == []


def test_the_words_are_filled_in_from_the_fields_of_the_error() -> None:
    refused = RefusedByDatabase(
        "It was not validated.", "Validate it.", advice="validate-edition", values={"edition": 7}
    )

    assert in_words(refused, command_line.ADVICE) == "Run: geoservice edition validate 7"
    assert in_words(refused, http.ADVICE) == "Send POST /v1/editions/7/validate, then publish."
    assert in_words(RefusedByDatabase("No.", "Mend it."), http.ADVICE) is None


def test_a_function_of_the_database_gives_an_advice_beside_its_sentence(database_url: str) -> None:
    raises = """
        DO $$ BEGIN
            RAISE EXCEPTION 'It was not validated.'
                USING HINT = 'Validate it.', CONSTRAINT = 'validate-edition', DETAIL = '{"edition": 7}';
        END $$
    """
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.Error) as caught:
        connection.execute(raises)

    refused = translate(caught.value)

    assert isinstance(refused, RefusedByDatabase)
    assert (refused.message, refused.hint, refused.advice) == (
        "It was not validated.",
        "Validate it.",
        "validate-edition",
    )
    assert refused.fields["edition"] == 7
