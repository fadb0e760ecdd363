"""CSV is one thing: a file of points and the body of a request are read by one rule, and told in the same words."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from geoservice.api.batch.csv_form import MAX_ROW, answer_csv
from geoservice.api.batch.rows import Answered, Ask
from geoservice.assigning.assign import assign
from geoservice.assigning.model import Request
from geoservice.assigning.owners import Owners
from geoservice.engine.answers import Method
from geoservice.engine.loaded_editions import ManyOwners
from geoservice.errors import GeoserviceError
from geoservice.reading.csv_errors import TextNotInEncoding
from geoservice.reading.csv_records import (
    Header,
    Quotes,
    _quotes_in,
    _quotes_one_by_one,
    blocks,
    decoded,
    header_of,
)

IN_B, IN_WANG = "91.751,29.251", "91.7568,29.2578"


def asking(owners: Owners) -> Ask:
    """Return the question of a request, answered by the grids that files are answered by."""

    def ask(lon: np.ndarray, lat: np.ndarray) -> Answered:
        owner, method = owners.ask(lon, lat)
        found = ManyOwners(
            tuple(owners.index.codes), owner.astype(np.int32), np.ones(len(lon), np.int64),
            np.where(method < 0, np.int8(Method.NONE), method), np.zeros(len(lon), np.bool_),
            (), np.full(len(lon), -1, np.int32),
        )  # fmt: skip
        return Answered(found, np.zeros(len(lon), np.bool_))

    return ask


def by_file(content: bytes, owners: Owners, folder: Path) -> list[str] | str:
    """Return the code of each row, or what is said of the file."""
    points, out = folder / "points.csv", folder / "out.csv"
    points.write_bytes(content)
    try:
        assign(Request(points, out, overwrite=True), owners)
    except GeoserviceError as error:
        return str(error)
    return _codes(out.read_bytes(), behind=1)


def by_request(content: bytes, owners: Owners) -> list[str] | str:
    try:
        answer = b"".join(answer_csv(io.BytesIO(content), asking(owners)))  # type: ignore[arg-type]
    except GeoserviceError as error:
        return str(error)
    return _codes(answer, behind=5)


def _codes(answer: bytes, behind: int) -> list[str]:
    said = header_of(io.BytesIO(answer).read)
    rows = csv.reader(io.StringIO(answer[said.preamble :].decode(), newline=""), delimiter=said.delimiter)
    return [row[-1 - behind] for row in list(rows)[1:] if row]


ALIKE: dict[str, tuple[bytes, list[str] | str]] = {
    "underscores in a number": (b"lon,lat\n91.7_51,29.251\n9_1.751,29.251\n", ["", ""]),
    "a number and something": (b"lon,lat\n91.751E,29.251\n91.751,29.251\n", ["", "B"]),
    "hexadecimal": (b"lon,lat\n0x5b,29.251\n", [""]),
    "infinite": (b"lon,lat\ninf,29.251\nInfinity,1\nnan,29\n", ["", "", ""]),
    "full-width digits": ("lon,lat\n９１.751,29.251\n".encode(), [""]),
    "blanks and a plus": (b"lon,lat\n +91.751 ,\t2.9251e1\n", ["B"]),
    "a surplus field": (b"lon,lat\n91.751,29.251,extra\n", "row: 1, fields: 3, columns: 2"),
    "a surplus field later": (f"lon,lat,n\n{IN_B},1\n{IN_WANG},2,\n".encode(), "row: 2, fields: 4, columns: 3"),
    "decimal commas among commas": (b"lon,lat\n91,751,29,251\n", "row: 1, fields: 4"),
    "a missing field": (f"lon,lat,a,b\n{IN_B}\n{IN_B},1\n91.751\n".encode(), ["B", "B", ""]),
    "inches": (f'n,lon,lat\n5" pipe,{IN_B}\n6" pipe,{IN_WANG}\n7,{IN_B}\n'.encode(), ["B", "网", "B"]),
    "inches once": (f'n,lon,lat\n5" pipe,{IN_B}\n6,{IN_WANG}\n'.encode(), ["B", "网"]),
    "inches at the end of a row": (f'lon,lat,n\n{IN_B},5"\n{IN_WANG},6"\n'.encode(), ["B", "网"]),
    "inches beside quotes": (f'n,m,lon,lat\n5" x,"a, ""b""\n",{IN_B}\n1,"",{IN_WANG}\n'.encode(), ["B", "网"]),
    "a mark after a blank": (f'n,lon,lat\n "x",{IN_B}\n y"",{IN_WANG}\n'.encode(), ["B", "网"]),
    "text behind a closing mark": (f'n,lon,lat\n1,{IN_B}\n"a "b" c",{IN_B}\n'.encode(), "row: 2"),
    "an open mark": (f'n,lon,lat\n1,{IN_B}\n"a,{IN_B}\n2,{IN_B}\n'.encode(), "row: 2"),
    "an open mark in the last field": (f'lon,lat,n\n{IN_B},"a\n{IN_B},b\n'.encode(), "row: 1"),
    "a byte order mark": (f"\ufefflon,lat\n{IN_B}\n".encode(), ["B"]),
    "a byte order mark and quotes": (f'\ufeff"lon","lat"\n{IN_B}\n'.encode(), ["B"]),
    "sep=;": (f"sep=;\r\nlon;lat\r\n{IN_B.replace(',', ';')}\r\n".encode(), ["B"]),
    "sep=, before semicolons": (f"sep=,\nlon,lat,a;b;c\n{IN_B},\n".encode(), ["B"]),
    "semicolons": (f"lon;lat;n\n{IN_B.replace(',', ';')};1,5\n".encode(), ["B"]),
    "tabs": (f"lon\tlat\n{IN_B.replace(',', chr(9))}\n".encode(), ["B"]),
    "decimal commas": (b"lon;lat\n91,751;29,251\n 91,751 ;29.251\n", ["B", "B"]),
    "carriage returns": (f"lon,lat\r{IN_B}\r{IN_WANG}\r".encode(), ["B", "网"]),
    "line ends of windows": (f"lon,lat\r\n{IN_B}\r\n\r\n{IN_WANG}".encode(), ["B", "网"]),
    "line ends of two kinds": (f"lon,lat\r\n{IN_B}\r{IN_WANG}\r\n".encode(), "one kind of ends. (row: 1)"),
    "other names": (f"id,经度,纬度\n1,{IN_B}\n".encode(), ["B"]),
    "names of east and north": (f"x,y\n{IN_B}\n".encode(), ["B"]),
    "two longitudes": (f"lon,lat,x\n{IN_B},1\n".encode(), "lon or x"),
    "no coordinates": (b"a,b\n1,2\n", "columns: a, b"),
    "one column": (b"place\n1\n", "place"),
    "empty": (b"", "nothing"),
    "a header of one long name": (b"x" * 300_000 + b"\n1\n", "xxx"),
    "not UTF-8": (f"lon,lat,n\n{IN_B},1\n{IN_B},".encode() + "扎塘\n".encode("gbk"), "row: 2"),
    "not UTF-8 in the header": ("名,lon,lat\n1,2,3\n".encode("gbk"), "the header"),
    "utf-16": ("lon,lat\n1,2\n".encode("utf-16"), "utf-16"),
    "a column that is added": (f"lon,lat,Grid_Code\n{IN_B},1\n".encode(), "Grid_Code"),
    "a zero byte": (b"lon,lat\n91.7\x0051,29.251\n" + IN_B.encode() + b"\n", ["", "B"]),
    "exchanged": (b"lon,lat\n29.251,91.751\n", [""]),
}  # fmt: skip


@pytest.mark.parametrize("case", ALIKE)
def test_a_file_and_a_request_are_answered_alike(case: str, tmp_path: Path, owners: Owners) -> None:
    content, expected = ALIKE[case]

    of_file, of_request = by_file(content, owners, tmp_path), by_request(content, owners)

    assert of_file == of_request
    if isinstance(expected, str):
        assert isinstance(of_file, str)
        assert expected in of_file
    else:
        assert of_file == expected


def test_rows_of_a_request_come_back_byte_for_byte(owners: Owners) -> None:
    content = '\ufeffn;lon;lat\r\n"a ""b"";";091,7510;29.251\r\n\r\n5" x; 91.751 ;29.251\r\n'.encode()

    answer = b"".join(answer_csv(io.BytesIO(content), asking(owners)))  # type: ignore[arg-type]

    assert answer == (
        b"n;lon;lat;grid_code;method;near_border;edition;unowned_reason;problem\n"
        b'"a ""b"";";091,7510;29.251;B;covers;false;1;;\n5" x; 91.751 ;29.251;B;covers;false;1;;\n'
    )


def test_a_request_says_in_place_what_is_no_position(owners: Owners) -> None:
    content = f"lon;lat\nx;1\n{IN_B.replace(',', ';')}\n200;1\n".encode()

    answer = b"".join(answer_csv(io.BytesIO(content), asking(owners))).decode()  # type: ignore[arg-type]
    rows = list(csv.reader(io.StringIO(answer), delimiter=";"))

    assert [row[-1].startswith("Give lon and lat") for row in rows[1:]] == [True, False, True]
    assert [row[2:6] for row in rows[1:]] == [[""] * 4, ["B", "covers", "false", "1"], [""] * 4]


@pytest.mark.parametrize(("row", "refused"), [
    (b'"' + b"x" * MAX_ROW, "not closed"), (b"x" * (MAX_ROW + 1), "longer than any"),
    (b'"' + b"\n" * MAX_ROW + b'"', "longer than any"), (b"1," * MAX_ROW, "longer than any"),
    (b'""' * MAX_ROW, "longer than any"),
])  # fmt: skip
def test_no_row_of_a_request_holds_all_of_it(row: bytes, refused: str, owners: Owners) -> None:
    content = b"lon,lat\n1,2\n" + row + b"\n" + b"3,4\n" * 10

    with pytest.raises(GeoserviceError, match=refused):
        list(answer_csv(io.BytesIO(content), asking(owners)))  # type: ignore[arg-type]


def fields_by_python(content: str, delimiter: str) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter) if row]


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_records_end_where_python_ends_them(seed: int, delimiter: str) -> None:
    """Random marks, line ends and separators; where text follows a closing mark we refuse and Python guesses."""
    chance = np.random.default_rng(seed)
    body = "".join(chance.choice(list(f'""a{delimiter}\n'), 60))
    content = f"a{delimiter}b\n{body}\n"
    if content.count('"') % 2:
        content = content[:-1] + '"\n'

    header = Header(b"a,b", ("a", "b"), delimiter, b"\n")

    try:
        made = list(blocks(io.BytesIO(content.partition("\n")[2].encode()).read, header, size=7))
    except GeoserviceError as refused:
        assert "quotation mark" in str(refused)
        return

    records = [piece.content[begin:end].decode().strip("\r\n") for piece in made
               for begin, end in zip(piece.starts[:-1].tolist(), piece.starts[1:].tolist(), strict=True)]  # fmt: skip
    taken_apart = [next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter)) for record in records]
    assert taken_apart == fields_by_python(content, delimiter)[1:]


@pytest.mark.parametrize("content", [
    b'"a","b"\n"c""d",""\n', b'1,"",2\n', b'"a\r\n","b"\r\n', b'x,"a"', b'"""a""","b"\n', b"\n\"a\"\n",
])  # fmt: skip
def test_the_quick_way_finds_what_the_slow_one_finds(content: bytes) -> None:
    quick = _quotes_in(content, ",")
    slow = _quotes_one_by_one(content, [at for at, one in enumerate(content) if one == 34], b",")

    newlines = [at for at, one in enumerate(content) if one == 10]
    assert _outside(quick, newlines) == _outside(slow, newlines)
    assert slow.broken_at is None


def _outside(quotes: Quotes, newlines: list[int]) -> list[int]:
    return [at for at in newlines if np.searchsorted(quotes.at, at) % 2 == 0]


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "gb18030", "big5", "utf-16-le"])
@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_a_file_that_breaks_off_within_a_character_is_refused(encoding: str, size: int) -> None:
    whole = "name,lon,lat\n山,91.1,29.1\n山,91.2,29.2山".encode(encoding)

    def text(content: bytes) -> bytes:
        read = decoded(io.BytesIO(content), encoding)
        return b"".join(iter(lambda: read(size), b""))

    assert text(whole).decode() == whole.decode(encoding)
    with pytest.raises(TextNotInEncoding):
        text(whole[:-1])
