"""Where the table is on a sheet: titles above it, a header in one row or two, hints, an example and totals in it.

Sheets are made for people. Nothing of what is left out here is left out in silence: each kind is told with its rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import orjson

from geoservice.domain.importing.words import forms, plain

#: Cells of a sheet as text, None where one is empty; rows are of one length.
Rows = Sequence[Sequence[str | None]]
#: First row, first column, last row, last column, from 0.
Merged = tuple[int, int, int, int]

#: Rows in which the header is looked for.
WITHIN = 30
_NUMBERED = re.compile(r"[+-]?[0-9][0-9,.\s/:年月日-]*[%°号]?|[+-]?[0-9.]+[eE][+-]?[0-9]+")
_HINTS = re.compile(
    r"必填|选填|填写|请填|例如|格式|下拉|[0-9]\s*[=＝]\s*\S|required|optional|e\.g\.|mandatory", re.IGNORECASE
)
_EXAMPLES = frozenset(map(plain, "示例 样例 例 例子 范例 example sample beispiel".split()))
_NOBODY = re.compile(r"张三|李四|王五|某某|xxx|john doe|max mustermann", re.IGNORECASE)
_FOOTERS = re.compile(r"(?:填表|审核|制表|制单)|(?:备注|说明|注|note|notes|source)\s*[:：]", re.IGNORECASE)
_SUMS = tuple(map(plain, "合计 小计 总计 共计 total subtotal grandtotal sum summe".split()))
#: How many rows behind a footer are footers, too.
_AFTER = 10
#: Where more rows than these look like examples, they are how somebody fills in a column.
_EXAMPLES_MOST = 3
#: Of what stands below the first cell, how many that are numbers make a column of numbers.
_NUMBERS = 0.8


@dataclass
class Found:
    """A table on a sheet, rows counted from 0."""

    names: tuple[str, ...]
    header: tuple[int, ...]
    rows: list[int] = field(default_factory=list)
    #: Rows that are left out, by why.
    left_out: dict[str, list[int]] = field(default_factory=dict)
    #: Rows of totals that do not agree with what stands above them, with the columns.
    disagreeing: dict[int, list[str]] = field(default_factory=dict)


class HeaderNotFound(ValueError):
    """No row has names of columns."""


def find_table(rows: Rows, merged: Sequence[Merged], knows: Callable[[str], bool]) -> Found:
    """Return the table on a sheet.

    Parameters
    ----------
    rows
        Merged cells filled down, never sideways.
    merged
        Ranges of cells that are one.
    knows
        Whether a header is a word that files like this have.

    Raises
    ------
    HeaderNotFound
        No row has names of columns.
    """
    header = _header(rows, merged, knows)
    table = Found(_names(rows, merged, header), header)
    if header[0]:
        above = [row for row in range(header[0]) if any(rows[row])]
        _leave_out(table, "above the header", above)
    body = [row for row in range(header[-1] + 1, len(rows)) if any(rows[row])]
    numbers = _columns_of_numbers(rows, body)
    body = _without_preliminaries(rows, body, table, numbers)
    again = [row for row in body if _is_header_again(rows, row, header)]
    _leave_out(table, "the header once more", again)
    _take_rows(rows, [row for row in body if row not in set(again)], table, numbers)
    return table


# --- The header -------------------------------------------------------------------------------------------------------


def _header(rows: Rows, merged: Sequence[Merged], knows: Callable[[str], bool]) -> tuple[int, ...]:
    best: tuple[float, tuple[int, ...]] = (0.0, ())
    for at in range(min(len(rows), WITHIN)):
        single = _score(rows, (at,), rows[at], knows)
        if single > best[0]:
            best = (single, (at,))
        if at + 1 < len(rows) and _trust(rows, merged, at):
            pair = _score(rows, (at, at + 1), _names(rows, merged, (at, at + 1)), knows) * _trust(rows, merged, at)
            if pair > best[0]:
                best = (pair, (at, at + 1))
    if best[1]:
        return best[1]
    for at, row in enumerate(rows[:WITHIN]):
        texts = [cell for cell in row if cell]
        if len(texts) > 1 and not any(_NUMBERED.fullmatch(cell) for cell in texts):
            return (at,)
    raise HeaderNotFound


def _score(
    rows: Rows, at: tuple[int, ...], names: Sequence[str | None], knows: Callable[[str], bool]
) -> float:  # fmt: skip
    """Return how much a row looks like names of columns; nothing when it has none that are known, or numbers."""
    texts = [name for name in names if name]
    if len(texts) < 2 or sum(_NUMBERED.fullmatch(text) is not None for text in texts) * 2 > len(texts):
        return 0.0
    hits = sum(knows(text) for text in texts)
    below = rows[at[-1] + 1] if at[-1] + 1 < len(rows) else []
    over = sum(bool(name and cell and _NUMBERED.fullmatch(cell)) for name, cell in zip(names, below, strict=False))
    # What is told twice is no name: a title that is merged over all columns, a hint.
    return (hits + 0.1 * over) * len(set(texts)) / len(texts) if hits else 0.0


def _trust(rows: Rows, merged: Sequence[Merged], at: int) -> float:
    """Return how surely a row has names of groups of columns, whose own names stand in the row below; 0 when not."""
    if len({cell for cell in rows[at] if cell}) < 2:  # one name over all of it is a title
        return 0.0
    if any(begin == at and left < right and end == at and _splits(rows, at + 1, left, right)
           for begin, left, end, right in merged):  # fmt: skip
        return 1.0
    filled = {place for place, cell in enumerate(rows[at]) if cell}
    below = {place for place, cell in enumerate(rows[at + 1]) if cell}
    # Without ranges, as some formats have it: the second row fills what the first leaves out, and is no row of data.
    looks_so = len(filled) >= 2 and any(place > min(filled) for place in below - filled)
    return 0.9 * (looks_so and not any(_NUMBERED.fullmatch(cell) for cell in rows[at + 1] if cell))


def _splits(rows: Rows, row: int, left: int, right: int) -> bool:
    return sum(bool(cell) for cell in rows[row][left : right + 1]) > 1


def _names(rows: Rows, merged: Sequence[Merged], header: tuple[int, ...]) -> tuple[str, ...]:
    """Return what the columns are called; below a group as group/child."""
    if len(header) == 1:
        return tuple(_one_line(cell) for cell in rows[header[0]])
    groups = list(rows[header[0]])
    for begin, left, end, right in merged:
        if begin <= header[0] <= end:
            groups[left : right + 1] = [groups[left]] * (min(right + 1, len(groups)) - left)
    if not any(begin <= header[0] <= end and left < right for begin, left, end, right in merged):
        groups = _carried(groups, rows[header[1]])
    names = []
    for group, child in zip(groups, rows[header[1]], strict=True):
        above, below = _one_line(group), _one_line(child)
        names.append(f"{above}/{below}" if above and below and above != below else above or below)
    return tuple(names)


def _carried(groups: Sequence[str | None], children: Sequence[str | None]) -> list[str | None]:
    """Return groups carried on over the columns that have a name below and none above."""
    carried: list[str | None] = []
    for group, child in zip(groups, children, strict=True):
        last = carried[-1] if carried else None
        carried.append(group if group or not child else last)
    return carried


def _one_line(cell: str | None) -> str:
    return re.sub(r"\s+", " ", cell).strip() if cell else ""


# --- The rows ---------------------------------------------------------------------------------------------------------


def _columns_of_numbers(rows: Rows, body: Sequence[int]) -> list[int]:
    """Return the columns whose cells below the first are numbers, or days."""
    width = len(rows[0]) if rows else 0
    found = []
    for place in range(width):
        cells = [cell for row in body[1:] if (cell := rows[row][place])]
        if cells and sum(_NUMBERED.fullmatch(cell) is not None for cell in cells) >= _NUMBERS * len(cells):
            found.append(place)
    return found


def _without_preliminaries(rows: Rows, body: list[int], table: Found, numbers: Sequence[int]) -> list[int]:
    """Return the rows without hints and examples that stand first; they are noted."""
    while body and len(body) > 1 and _is_hint(rows[body[0]], numbers):
        _leave_out(table, "a hint", [body.pop(0)])
    examples = list(takewhile(lambda row: _is_example(rows[row]), body))
    if len(examples) > _EXAMPLES_MOST or len(examples) == len(body):
        return body
    for row in examples:
        _leave_out(table, "an example", [row])
    return body[len(examples) :]


def _is_hint(row: Sequence[str | None], numbers: Sequence[int]) -> bool:
    said = [cell for cell in row if cell]
    if any(_HINTS.search(cell) and not _is_json(cell) for cell in said):
        return True
    where = [cell for place in numbers if (cell := row[place])]
    return len(where) == len(numbers) >= 2 and not any(re.search(r"[0-9]", cell) for cell in where)


def _is_json(cell: str) -> bool:
    """Return whether a program wrote a cell: that has the words of hints, and is none."""
    try:
        return isinstance(orjson.loads(cell), list | dict)
    except orjson.JSONDecodeError:
        return False


def _is_example(row: Sequence[str | None]) -> bool:
    said = [cell for cell in row if cell]
    return any(plain(cell) in _EXAMPLES or _NOBODY.search(cell) for cell in said)


def _is_header_again(rows: Rows, row: int, header: tuple[int, ...]) -> bool:
    said = {_one_line(cell) for cell in rows[row] if cell}
    return len(said) > 1 and any(said <= {_one_line(cell) for cell in rows[at] if cell} for at in header)


def _take_rows(rows: Rows, body: Sequence[int], table: Found, numbers: Sequence[int]) -> None:
    """Note which rows are features, and which are totals or end the table."""
    begin, ended = 0, False
    for place, row in enumerate(body):
        is_sum = _says_sum(rows[row]) or (place == len(body) - 1 and _is_bare_sum(rows, row, table, numbers))
        if is_sum:
            section = table.rows[begin:] if plain(_first(rows[row])).startswith(plain("小计")) else table.rows
            begin = len(table.rows)
            _compare(rows, row, section, table, numbers)
        is_footer = _FOOTERS.match(_first(rows[row])) is not None
        if is_sum or ended or is_footer:
            ended = ended or (is_footer and len(body) - place <= _AFTER)
            _leave_out(table, "a total" if is_sum else "a footer", [row])
        else:
            table.rows.append(row)


def _first(row: Sequence[str | None]) -> str:
    return next((cell for cell in row if cell), "")


def _says_sum(row: Sequence[str | None]) -> bool:
    """Return whether one of the first cells says that the others are sums; the very first may be of a merged cell."""
    said = [plain(cell) for cell in row if cell][:3]
    return any(cell in _SUMS for cell in said) or any(
        said[0].startswith(word) for word in _SUMS if said and not word.isascii()
    )


def _is_bare_sum(rows: Rows, row: int, table: Found, numbers: Sequence[int]) -> bool:
    """Return whether a row is nothing but sums of the columns above."""
    said = {place: cell for place, cell in enumerate(rows[row]) if cell}
    if not said or rows[row][0] or not set(said) <= set(numbers) or len(table.rows) < 2:
        return False
    return all(_sum(rows, table.rows, place) == _number(cell) for place, cell in said.items())


def _compare(rows: Rows, row: int, section: Sequence[int], table: Found, numbers: Sequence[int]) -> None:
    """Note the columns of a total that are not what stands above adds up to."""
    for place in numbers:
        said = _number(rows[row][place] or "")
        if said is not None and _sum(rows, section, place) != said:
            table.disagreeing.setdefault(row, []).append(table.names[place])


def _sum(rows: Rows, section: Sequence[int], place: int) -> float | None:
    found = [_number(cell) for row in section if (cell := rows[row][place])]
    known = [one for one in found if one is not None]
    return sum(known) if len(known) == len(found) else None


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _leave_out(table: Found, why: str, rows: Sequence[int]) -> None:
    if rows:
        table.left_out.setdefault(why, []).extend(rows)


def known_by(words: frozenset[str]) -> Callable[[str], bool]:
    """Return whether a header is one of these words, made plain."""
    return lambda header: not words.isdisjoint(forms(header))
