"""Batches as text, quick and one by one: equal bytes and equal refusals, whatever stands in the rows."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import numpy as np
import pytest

from geoservice.api.batch import ndjson_form
from geoservice.api.batch import rows as batch_rows
from geoservice.api.batch.csv_form import answer_csv
from geoservice.api.batch.geojson_form import answer_geojson
from geoservice.api.batch.ndjson_form import answer_ndjson
from geoservice.api.batch.rows import Answered, Ask
from geoservice.engine.answers import Method
from geoservice.engine.loaded_editions import ManyOwners
from geoservice.errors import GeoserviceError
from geoservice.web import nesting
from geoservice.web.nesting import MAX_DEPTH, TooDeep, check_depth
from geoservice.web.streaming import TooManyRows
from tests.depth import depths, sampled
from tests.geoservice.api import batch_oracle

CODES = ("540502001", 'a"b', "c,d;e", "格\t网")
REASONS = ("公园，湖", 'a "wood", a; lake', " ")


def asking(limit: int = 1_000_000) -> Ask:
    """Return a question that is answered by the position alone, in every way there is."""
    left = limit

    def ask(lon: np.ndarray, lat: np.ndarray) -> Answered:
        nonlocal left
        left -= len(lon)
        if left < 0:
            raise TooManyRows(limit=limit)
        there = ~np.isnan(lon)
        number = np.where(there, np.abs(np.nan_to_num(lon) * 7919 + np.nan_to_num(lat) * 104729), 0).astype(np.int64)
        code = np.where(there, number % (len(CODES) + 1) - 1, -1).astype(np.int32)
        reason = np.where(there & (code < 0), number % (len(REASONS) + 1) - 1, -1).astype(np.int32)
        method = np.where(code < 0, np.int8(Method.NONE), np.int8(Method.COVERS))
        edition = np.where(there, number % 3 * 1_000_000_007, 0)
        owners = ManyOwners(CODES, code, edition, method, there & (number % 2 == 0), REASONS, reason)
        return Answered(owners, there & (number % 11 == 0))

    return ask


def said(pieces: Iterator[bytes]) -> bytes | tuple[str, str]:
    """Return an answer, or what it is refused with."""
    try:
        return b"".join(pieces)
    except GeoserviceError as refused:
        return type(refused).__name__, str(refused)


NUMBERS = (
    "91.7", "29.25", "-0.0", "0", "180", "-180.0", "90", "90.00000000000001", "1e1", "1E+1", "0.1e-7", "5e-324",
    "1e308", "1e400", "123456789012345678901234567890", "18446744073709551615", "-9223372036854775808", "91.70",
    "91.769999999999996", "10_2.605", "+91.7", ".5", "5.", "NaN", "Infinity", "true", "null", '"91.7"', "[1]", "{}",
    "0x5b", "９１", "01", "-", "", '"\\ud800"',
)  # fmt: skip
KEYS = (
    "lon", "lat", "id", "note", "grid_code", "problem", "edition", "lo\\u006e", "g\\u0072id_code", "", "名", "a b",
    "lon", "lat", "lon", "lat",
)  # fmt: skip
VALUES = (
    "1", "1.50", "true", "null", '"x"', '"},{"', '"}\\n{"', '"\\\\"', '"\\""', '"\\u0000"', '"\\/"', '"山"',
    '"\\u5c71"',
    '"[1,2]"', '"{"', '"}"', '{"grid_code":1}', '{"a":{"lon":2}}', "[1,[2,3]]", "[]", "{}", '"a\tb"',
    '"\\"grid_code\\":},"',
    '"grid_code":}', "1 ", " 1", "\u2028", '"\u2028"', "[" * 21 + "]" * 21, "[" * 20 + "]" * 20,
)  # fmt: skip
LINES = (
    "", " ", "\r", "nonsense", "5", "null", '"text"', "[1,2]", "[1,2,3]", "[]", "{}", "{}\r", " {}", "{} ", "{},{}",
    "{}{}",
    '{"a":[{}', '{"c":2}]}', "{\"a\":[[{}", "{}]]}", '{"lon":1,"lat":2}\x0b', '\ufeff{"lon":1,"lat":2}', "[" * 500,
    '{"lon":1,"lat":2', '"lon":1,"lat":2}', '{"a":"x}', '{","b":1}', '{"lon":91.7,"lat":29.2}\r', "{\x00}", "}{", "{,}",
    '{"lon":1,"lat":2,}', '{"lon":1 "lat":2}', "\udc80{}", '{"a":"\udcff"}',
)  # fmt: skip


class Chance:
    """Rows by chance: mostly alike, some strange."""

    def __init__(self, seed: int) -> None:
        self._chance = np.random.default_rng(seed)

    def one(self, of: tuple[str, ...]) -> str:
        return of[int(self._chance.integers(len(of)))]

    def odd(self, share: float) -> bool:
        return bool(self._chance.random() < share)

    def number(self, share: float) -> str:
        if self.odd(share):
            return self.one(NUMBERS)
        return repr(round(float(self._chance.uniform(-89, 89)), int(self._chance.integers(1, 17))))

    def object(self, share: float) -> str:
        """Return a JSON object, or what is none."""
        fields = [f'"lon":{self.number(share)}', f'"lat":{self.number(share)}']
        fields += [f'"{self.one(KEYS)}":{self.one(VALUES)}' for _ in range(3) if self.odd(share)]
        comma, blank = (", ", " ") if self.odd(0.1) else (",", "")
        return "{" + comma.join(fields).replace('":', f'":{blank}') + "}"

    def line(self, share: float) -> str:
        return self.one(LINES) if self.odd(share) else self.object(share)

    def feature(self, share: float) -> str:
        """Return a GeoJSON feature, or what is none."""
        if self.odd(share):
            return self.one(("5", "null", "[]", "{}", '{"geometry":{}}', '{"type":"Feature","properties":{"a":1}}'))
        coordinates = [self.number(share) for _ in range(5 if self.odd(share) else 2)]
        properties = self.one(("null", "5", "[]", '{"problem":0}')) if self.odd(share) else self.object(share)
        kind = "LineString" if self.odd(share) else "Point"
        geometry = f'{{"type":"{kind}","coordinates":[{",".join(coordinates)}]}}'
        return f'{{"type":"Feature","geometry":{geometry},"properties":{properties}}}'

    def record(self, share: float) -> str:
        """Return a record of CSV."""
        fields = [self.number(share), self.number(share), "note"]
        if self.odd(share):
            strange = (
                "",
                '"a,b"',
                '"a ""b"""',
                '5" pipe',
                '"open',
                '"a" b',
                "a\rb",
                "x,y",
                "山",
                "\0",
                '"a\nb"',
                "\udc80",
            )
            fields[2:] = [self.one(strange)] if self.odd(0.8) else []
        return ("\r\n" if self.odd(share) else "") + ",".join(fields)


SHARES = (0.0, 0.001, 0.3)
SEEDS = range(6)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("seed", sampled(SEEDS, 3))
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_answered_as_one_by_one(seed: int, share: float, end: str) -> None:
    chance = Chance(seed)
    text = end.join(chance.line(share) for _ in range(2_500)).encode(errors="surrogateescape")

    assert said(answer_ndjson(io.BytesIO(text), asking())) == said(batch_oracle.ndjson(text, asking()))  # type: ignore[arg-type]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("seed", sampled(SEEDS, 3))
def test_features_are_answered_as_one_by_one(seed: int, share: float) -> None:
    chance, features = Chance(seed), []
    while len(features) < 1_500:
        feature = chance.feature(share)
        if _can_be_read(feature):
            features.append(feature)
    text = f'{{"type":"FeatureCollection","features":[{",".join(features)}]}}'.encode()

    assert said(answer_geojson(io.BytesIO(text), asking())) == said(batch_oracle.geojson(text, asking()))  # type: ignore[arg-type]


def _can_be_read(text: str) -> bool:
    try:
        check_depth(b"[[" + text.encode())
        json.loads(text, parse_constant=int)
    except (TooDeep, ValueError):
        return False
    return "\\ud800" not in text and "1e400" not in text


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("seed", sampled(SEEDS, 3))
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_records_are_answered_as_one_by_one(seed: int, share: float, delimiter: str) -> None:
    chance = Chance(seed)
    table = str.maketrans(",.", ";," if seed % 2 else ";.") if delimiter == ";" else {ord(","): delimiter}
    records = (chance.record(share).translate(table) for _ in range(1_500 if share < 0.1 else 6))
    text = ("\n".join([delimiter.join(("lon", "lat", "note")), *records])).encode(errors="surrogateescape")

    assert said(answer_csv(io.BytesIO(text), asking())) == said(batch_oracle.as_csv(text, asking()))  # type: ignore[arg-type]


#: Of so many rows that are answered together: how many are sent, and how many are allowed.
COUNTS = {
    "one less": lambda n: n - 1, "as many": lambda n: n, "one more": lambda n: n + 1, "some": lambda n: n * 5 // 2,
}  # fmt: skip
LIMITS = {
    "one less": lambda n: n - 1, "as many": lambda n: n, "a few more": lambda n: n * 5 // 4, "any": lambda n: 10**6,
}  # fmt: skip
#: Bytes of the rows that are answered together: the everyday run has fewer and longer ones.
TOGETHER_BYTES = 28 * 8_192


@depths(256, 8_192)
@pytest.mark.parametrize("form", ["ndjson", "csv"])
@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("limit", LIMITS)
def test_of_two_faults_the_same_one_is_told(
    form: str, count: str, limit: str, depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ndjson_form, "CHUNK_ROWS", depth)
    monkeypatch.setattr(batch_oracle, "TOGETHER", depth)
    line = b'{"lon":1,"lat":2,"note":"%s"}\n' % (b"x" * (TOGETHER_BYTES // depth - 28))
    answer, oracle, head, row, broken = {
        "ndjson": (answer_ndjson, batch_oracle.ndjson, b"", line, b" " * 400_000),
        "csv": (answer_csv, batch_oracle.as_csv, b"lon,lat\n", b"1,2\n", b"1,2,3\n"),
    }[form]
    sent, most = row * COUNTS[count](depth), LIMITS[limit](depth)
    for text in (head + sent, head + sent + broken, head + sent + broken + sent):
        assert said(answer(io.BytesIO(text), asking(most))) == said(oracle(text, asking(most)))  # type: ignore[arg-type]


def test_rows_that_are_alike_are_not_written_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests above would compare one way with itself."""
    monkeypatch.setattr("geoservice.api.batch.ndjson_form._line", None)
    monkeypatch.setattr("geoservice.api.batch.ndjson_form._row", None)
    monkeypatch.setattr("geoservice.api.batch.geojson_form._feature", None)
    monkeypatch.setattr(batch_rows, "position_in", None)
    chance = Chance(1)
    lines = "\n".join(chance.line(0.0) for _ in range(3_000)).encode()
    features = ",".join(chance.feature(0.0) for _ in range(3_000))

    assert len(said(answer_ndjson(io.BytesIO(lines), asking())).splitlines()) == 3_000  # type: ignore[arg-type, union-attr]
    document = f'{{"features":[{features}]}}'.encode()
    assert len(json.loads(said(answer_geojson(io.BytesIO(document), asking())))["features"]) == 3_000  # type: ignore[arg-type]


@depths(150, 600)
@pytest.mark.parametrize("piece", [1, 2, 7, 1 << 18])
@pytest.mark.parametrize("alphabet", ['[{]}"a', '[{]}"\\a\n', '[["\\a', "[{]}"])
def test_brackets_are_counted_together_as_one_by_one(
    piece: int, alphabet: str, depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nesting, "PIECE_BYTES", piece)
    chance = np.random.default_rng(piece)
    seen = set()
    for _ in range(depth):
        text = "".join(chance.choice(list(alphabet), 60)).encode()
        text = b"[" * int(chance.integers(10, 22)) + text
        too_deep = batch_oracle.deepest(text) > MAX_DEPTH
        assert _is_refused(text) == too_deep, text
        seen.add(too_deep)
    assert seen == {True, False}


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1])
@pytest.mark.parametrize("text", ['"["', '"\\\\"', '"\\"["', '"\\\\\\"[["', '"\\u005b"', '"山"'])
def test_brackets_in_strings_nest_nothing(depth: int, text: str) -> None:
    body = ("[" * depth + ",".join([text] * 100_000) + "]" * depth).encode()

    assert nesting._deepest(body) == depth
    assert _is_refused(body) == (depth > MAX_DEPTH)


def _is_refused(text: bytes) -> bool:
    try:
        check_depth(text)
    except TooDeep:
        return True
    return False
