"""Table names inside SQL text obey the arrows that imports obey: a package asks its own tables and those below it."""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
TABLE_IN_SQL = re.compile(r"\bgeoservice\.([a-z_]+)\b(?!\()")


class Mention(NamedTuple):
    """A table named in a string of a module."""

    module: str
    line: int
    table: str


def modules() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("layers", "geoservice"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts), ast.parse(path.read_text(encoding="utf-8"))


def tables_declared(module: ast.Module) -> set[str]:
    """Return what SQLAlchemy is told of: `__tablename__ = "grid"` and `Table("grid", ...)`."""
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Assign) and "__tablename__" in map(ast.unparse, node.targets):
            found.add(node.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Table" and node.args:
            found.add(node.args[0])
    return {node.value for node in found if isinstance(node, ast.Constant)}


def owners() -> dict[str, str]:
    """Return the package that declares each table."""
    return {table: module.rpartition(".")[0] for module, tree in modules() for table in tables_declared(tree)}


def mentions(module: str, tree: ast.Module, tables: Mapping[str, str]) -> Iterator[Mention]:
    """Yield `geoservice.grid` in any text, and `copy_rows(connection, "grid", ...)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = TABLE_IN_SQL.findall(node.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "copy_rows":
            named = [ast.literal_eval(node.args[1])]
        else:
            continue
        yield from (Mention(module, node.lineno, name) for name in named if name in tables)


def layers_of_the_contract() -> list[list[str]]:
    """Return the rows of the contract "Imports point one way", the uppermost first."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    rows = config["importlinter:contract:one-way"]["layers"].strip().splitlines()
    return [re.split(r" [|:] ", row.strip()) for row in rows]


def row_of(module: str, rows: list[list[str]]) -> int | None:
    """Return the row that a module stands in: that of the longest package named there."""
    standing = [
        (len(package), number)
        for number, row in enumerate(rows)
        for package in row
        if module == package or module.startswith(package + ".")
    ]
    return max(standing)[1] if standing else None


def against_the_arrows(found: list[Mention], tables: Mapping[str, str], rows: list[list[str]]) -> list[str]:
    """Return the mentions of tables that are neither the module's own nor of a package further down."""
    wrong = []
    for module, line, table in found:
        owner = tables[table]
        here, there = row_of(module, rows), row_of(owner, rows)
        if not module.startswith(owner + ".") and (here is None or there is None or here >= there):
            wrong.append(f"{module}:{line} names {table}, which is of {owner}")
    return wrong


def test_sql_names_only_tables_that_its_package_may_know() -> None:
    tables = owners()
    found = [mention for module, tree in modules() for mention in mentions(module, tree, tables)]

    assert len(found) > 100
    assert against_the_arrows(found, tables, layers_of_the_contract()) == []


def test_a_table_of_a_neighbour_or_from_above_would_be_seen() -> None:
    tables = owners()
    rows = layers_of_the_contract()
    sql = 'SQL = "SELECT FROM geoservice.{} AS t"'

    def wrong(module: str, table: str) -> list[str]:
        return against_the_arrows([*mentions(module, ast.parse(sql.format(table)), tables)], tables, rows)

    assert wrong("layers.grids.queries", "grid") == []
    assert wrong("layers.grids.queries", "jurisdiction") == []
    assert wrong("layers.summaries.previews", "household") == []
    assert wrong("layers.grids.queries", "household") == [
        "layers.grids.queries:1 names household, which is of layers.households"
    ]
    assert wrong("layers.jurisdictions.queries", "webhook") == [
        "layers.jurisdictions.queries:1 names webhook, which is of geoservice.records.webhooks"
    ]


def test_every_table_has_an_owner_that_the_contract_knows() -> None:
    tables, rows = owners(), layers_of_the_contract()

    assert {table for table, owner in tables.items() if row_of(owner, rows) is None} == set()
