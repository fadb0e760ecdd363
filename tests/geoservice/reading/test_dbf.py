"""Text of shapefiles: what header and .cpg say, what the bytes say, and who is asked when the two disagree."""

from __future__ import annotations

from pathlib import Path

import pytest

from geoservice.reading.dbf import Dbf, encoding_of
from geoservice.reading.file_errors import EncodingNotStated, EncodingUnknown, EncodingWrong
from geoservice.reading.reader import read_features
from tests.geoservice.reading.made_files import is_as_written, shapefile


def with_language(path: Path, number: int) -> Path:
    table = path.with_suffix(".dbf")
    content = bytearray(table.read_bytes())
    content[29] = number
    table.write_bytes(content)
    return path


def with_page(path: Path, page: str | None) -> Path:
    file = path.with_suffix(".cpg")
    file.unlink(missing_ok=True)
    if page is not None:
        file.write_text(page)
    return path


def table(names: list[bytes], values: list[bytes], *, language: int = 0) -> Dbf:
    """Return a table with one record of fields of text, 20 bytes wide."""
    fields = b"".join(name.ljust(11, b"\0") + b"C" + bytes(4) + b"\x14" + bytes(15) for name in names)
    header, record = 32 + len(fields) + 1, 1 + 20 * len(names)
    head = b"\x03\x7e\x01\x01" + (1).to_bytes(4, "little") + header.to_bytes(2, "little") + record.to_bytes(2, "little")
    head += bytes(17) + bytes([language]) + bytes(2)
    return Dbf(head + fields + b"\r" + b" " + b"".join(value.ljust(20) for value in values) + b"\x1a")


@pytest.mark.parametrize(("written", "language", "page"), [
    ("GBK", 0x4D, None), ("GBK", 0x7A, None), ("GBK", 0, "GBK"), ("GBK", 0, "936"), ("GBK", 0x57, "ANSI 936"),
    ("UTF-8", 0, "UTF-8"), ("UTF-8", 0x57, "65001"), ("GB18030", 0, "54936"),
])  # fmt: skip
def test_an_encoding_that_is_said_and_fits_is_taken(
    tmp_path: Path, written: str, language: int, page: str | None
) -> None:
    path = with_page(with_language(shapefile(tmp_path / "grids.shp", encoding=written), language), page)

    assert is_as_written(read_features(str(path)))


@pytest.mark.parametrize(("written", "language", "page", "seems"), [
    ("GBK", 0, None, "gbk"), ("UTF-8", 0, None, "utf-8"),
    # "ANSI" and Latin are what programs write that do not know: in them anything is text.
    ("GBK", 0x57, None, "gbk"), ("GBK", 0x03, None, "gbk"), ("UTF-8", 0x57, None, "utf-8"),
    ("GBK", 0x57, "ISO-8859-1", "gbk"), ("UTF-8", 0, "1252", "utf-8"), ("UTF-8", 0, "ANSI 1252", "utf-8"),
    ("GBK", 0, "nonsense", "gbk"),
])  # fmt: skip
def test_who_is_not_sure_asks_and_the_answer_settles_it(
    tmp_path: Path, written: str, language: int, page: str | None, seems: str
) -> None:
    path = with_page(with_language(shapefile(tmp_path / "grids.shp", encoding=written), language), page)

    with pytest.raises(EncodingNotStated, match=f"seems: {seems}"):
        read_features(str(path))

    assert is_as_written(read_features(str(path), encoding=seems))


def test_text_that_can_not_be_in_the_encoding_said_is_refused_with_what_it_seems(tmp_path: Path) -> None:
    path = with_page(shapefile(tmp_path / "grids.shp", encoding="GBK"), "UTF-8")

    with pytest.raises(EncodingWrong, match="encoding: utf-8, seems: gbk"):
        read_features(str(path))

    assert is_as_written(read_features(str(path), encoding="gbk"))


@pytest.mark.parametrize(("text", "language", "expected"), [
    ("Größe", 0x57, "cp1252"), ("Größe", 0x03, "cp1252"), ("Żółć", 0xC8, "cp1250"), ("Район", 0xC9, "cp1251"),
    ("Район", 0x65, "cp866"),
])  # fmt: skip
def test_european_text_is_taken_as_its_header_says(text: str, language: int, expected: str) -> None:
    dbf = table([b"name"], [text.encode(expected)], language=language)

    assert encoding_of(dbf, declared=None, code_page=None) == expected


@pytest.mark.parametrize(("text", "written", "language"), [
    ("萨热一网格", "gbk", 0xC9), ("萨热一网格", "gbk", 0xC8), ("萨热一网格", "gbk", 0x65), ("萨热一网格", "gbk", 0x7B),
    ("A甲", "gbk", 0x57), ("No 1 甲 block", "gbk", 0x57), ("台北市", "cp950", 0x57),
])  # fmt: skip
def test_text_that_its_header_would_make_noise_of_is_asked_about(text: str, written: str, language: int) -> None:
    dbf = table([b"name"], [text.encode(written)], language=language)

    with pytest.raises(EncodingNotStated):
        encoding_of(dbf, declared=None, code_page=None)
    assert encoding_of(dbf, declared=written, code_page=None) == written


@pytest.mark.parametrize("text", ["Район", "Улица Ленина", "Grüß Åå ÄÖÜ Øø"])
def test_european_text_does_not_seem_chinese(text: str) -> None:
    encoding = "cp1252" if text.startswith("G") else "cp1251"

    with pytest.raises(EncodingNotStated) as refused:
        encoding_of(table([b"name"], [text.encode(encoding)]), declared=None, code_page=None)
    assert refused.value.fields["seems"] is None


@pytest.mark.parametrize("name", ["hex", "rot13", "base64", "undefined", "no such", "a\0b"])
def test_what_encodes_no_text_is_no_encoding(tmp_path: Path, name: str) -> None:
    path = shapefile(tmp_path / "grids.shp", encoding="GBK")

    with pytest.raises(EncodingUnknown):
        read_features(str(path), encoding=name)
    with pytest.raises(EncodingNotStated):
        read_features(str(with_page(path, name)))


def test_a_value_that_ends_within_a_character_is_read_up_to_it(tmp_path: Path) -> None:
    path = with_page(shapefile(tmp_path / "grids.shp", encoding="UTF-8"), "UTF-8")
    content = path.with_suffix(".dbf").read_bytes()
    whole = "扎塘路网格".encode()
    path.with_suffix(".dbf").write_bytes(content.replace(whole, whole[:-1] + b" "))

    assert [one["name"] for one in read_features(str(path)).properties] == ["扎塘路网", "格桑路网格"]


def test_plain_ascii_needs_no_encoding() -> None:
    assert encoding_of(table([b"code"], [b"0111"]), declared=None, code_page=None) == "utf-8"


def test_a_value_that_is_cut_within_a_character_speaks_not_against_its_encoding() -> None:
    cut = "网格员值班的地方名".encode()[:20]

    assert encoding_of(table([b"name"], [cut]), declared=None, code_page="UTF-8").lower() == "utf-8"


def test_names_cut_within_a_character_end_before_it_and_differ() -> None:
    names = [f"网格编{one}".encode()[:10] for one in ("码", "号", "名")] + [b"code"]

    whole = Dbf(table(names, [b"1", b"2", b"3", b"4"]).with_whole_text("utf-8"))

    assert [name.decode() for name in whole.names] == ["网格编", "网格_1", "网格_2", "code"]
    assert len(whole.content) == len(table(names, [b"1", b"2", b"3", b"4"]).content)


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(EncodingWrong):
        table([b"\xff\xff\xff\xff\xff"], [b"1"]).with_whole_text("utf-8")


def test_a_header_that_lies_is_no_crash() -> None:
    whole = table([b"name"], ["网格".encode()]).content

    for length in range(len(whole)):
        Dbf(whole[:length]).texts()
