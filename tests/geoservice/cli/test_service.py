"""Lists of services at the command line: limits in working time, groups, what is asked for, and what stays."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from click.testing import CliRunner, Result

from geoservice.cli.advice import ADVICE
from geoservice.cli.service import service
from geoservice.domain.importing.limits import SaidLimit, UnclearLimit, limit_of
from geoservice.domain.importing.services import attributes_of
from geoservice.domain.importing.values import NotAValue
from geoservice.reading.file_errors import FieldAbsent, LimitsNotClear
from geoservice.services.layers.errors import MissingNotKnown

OF_SARE = ["--jurisdiction", "sare"]


@pytest.fixture(autouse=True)
def _database(community_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    monkeypatch.setenv("COLUMNS", "200")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(service, [*arguments, *OF_SARE], catch_exceptions=False)


def said(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def told(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(said(*arguments, "--json").splitlines()[-1])
    return found


def listed(tmp_path: Path, *lines: str, header: str = "小类代码,大类,中类,小类,处置时限(工作日),是否敏感") -> str:
    file = tmp_path / "事项清单.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return str(file)


def test_a_catalogue_is_looked_at_written_and_written_again(community_url: str, tmp_path: Path) -> None:
    file = listed(tmp_path, "0101,市容环境,环境卫生,暴露垃圾,2,否", "0501,矛盾调解,家庭,家庭纠纷,8小时,是")

    looked = said("import", file)
    assert "2 added, 0 changed" in looked
    assert "A working day has 8 hours on the mean of the calendar" in looked
    assert "0101 暴露垃圾, 16 working hours" in looked
    assert "Nothing was written" in looked

    assert told("import", file, "--commit")["written"]
    with psycopg.connect(community_url) as connection:
        rows = connection.execute(
            "SELECT code, name, category, limit_working_hours, sensitive FROM geoservice.service WHERE code LIKE '0%'"
            " ORDER BY code"
        ).fetchall()
    assert rows == [
        ("0101", "暴露垃圾", "市容环境 / 环境卫生", 16.0, False), ("0501", "家庭纠纷", "矛盾调解 / 家庭", 8.0, True)
    ]  # fmt: skip
    assert "There is nothing to write." in said("import", file, "--commit")
    assert [one["new"]["limit_working_hours"] for one in told("import", listed(
        tmp_path, "0101,市容环境,环境卫生,暴露垃圾,3,否"))["changed"]] == [24.0]  # fmt: skip


def test_what_was_exported_changes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "services.csv"
    count = int(said("export", str(out)).split(": ")[1].split()[0])

    found = told("import", str(out), "--removed", "delete", "--commit")

    assert (found["same"], found["written"], found["refused"]) == (count, False, [])


def test_texts_that_would_be_formulas_come_back_as_they_were(community_url: str, tmp_path: Path) -> None:
    texts = ["=1+1", "'=1+1", "''-x", "-3 days", "+86", "'quoted'", "@all", "plain", "－3"]
    with psycopg.connect(community_url) as connection:
        for number, text in enumerate(texts):
            connection.execute(
                "INSERT INTO geoservice.service (jurisdiction_id, code, name, description)"
                " SELECT id, %s, %s, %s FROM geoservice.jurisdiction WHERE code = 'sare'",
                (f"F{number}", text, text),
            )
    out = tmp_path / "services.csv"
    count = int(said("export", str(out)).split(": ")[1].split()[0])

    found = told("import", str(out), "--removed", "delete")

    assert (found["same"], found["changed"], found["refused"]) == (count, [], [])
    rows = csv.reader(out.read_text("utf-8-sig").splitlines())
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "-", "+", "@"))]


def test_a_list_of_others_keeps_its_quotation_marks(tmp_path: Path) -> None:
    found = told("import", listed(tmp_path, "A1,'-3 lamps", header="事项编码,事项名称"))

    assert [one["name"] for one in found["added"]] == ["'-3 lamps"]


def test_limits_that_say_no_working_time_are_asked_for(tmp_path: Path) -> None:
    header = "事项编码,事项名称,办理时限"
    file = listed(tmp_path, "A1,漏水,即时", "A2,停水,3个自然日", "A3,噪声,5", header=header)
    with pytest.raises(LimitsNotClear, match=r"即时 \(1 rows\), 3个自然日 \(1 rows\), 5 \(1 rows\)") as caught:
        run("import", file)
    assert "--word limit.即时" in ADVICE[str(caught.value.advice)]

    meant = ["--word", "limit.即时=2小时", "--word", "limit.自然日=工作日", "--limit-unit", "hours"]
    assert [one["limit_working_hours"] for one in told("import", file, *meant)["added"]] == [2.0, 24.0, 5.0]


def test_of_many_limits_it_is_told_how_many_are_not_shown(tmp_path: Path) -> None:
    lines = [f"A{n},漏水,{n}个自然日" for n in range(1, 13)]

    with pytest.raises(LimitsNotClear, match="… 10 of 12"):
        run("import", listed(tmp_path, *lines, header="事项编码,事项名称,办理时限"))


def test_a_range_is_refused_with_its_reason(tmp_path: Path) -> None:
    [refused] = told("import", listed(tmp_path, "A1,漏水,3-5个工作日", header="事项编码,事项名称,时限"))["refused"]

    assert refused == {"row": 2, "reason": "limit is a range: neither of its ends is the limit; write one"}


@pytest.mark.parametrize(
    ("text", "limit"),
    [("3个工作日", (3, "working days")), ("三个工作日内", (3, "working days")), ("０.5 工作日", (0.5, "working days")),
     ("24小时", (24, "hours")), ("2 working days", (2, "working days")), ("半个工作日", (0.5, "working days")),
     ("48h", (48, "hours")), ("十五个工作日", (15, "working days"))],
)  # fmt: skip
def test_limits_are_read_as_they_are_written(text: str, limit: tuple[float, str]) -> None:
    assert limit_of(text, words={}) == SaidLimit(*limit)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["即时", "3天", "2周", "当日", "5", "3 days"])
def test_limits_of_other_time_are_asked_for(text: str) -> None:
    assert limit_of(text, words={}) == UnclearLimit(text)


@pytest.mark.parametrize("text", ["3至5个工作日", "1~2小时", "酌情", "0个工作日", "99999小时", "x" * 100])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(NotAValue):
        limit_of(text, words={})


def test_services_with_incidents_stay_and_it_is_told(community_url: str, tmp_path: Path) -> None:
    said("import", listed(tmp_path, "X1,,,占道,2,否"), "--commit")
    file = listed(tmp_path, "X2,,,漏水,2,否")

    found = told("import", file, "--removed", "delete", "--commit")

    assert "garbage" in found["in_use"]
    assert "X1" in found["not_named"]
    assert any(remark.startswith("Services with incidents stay") for remark in found["remarks"])
    with psycopg.connect(community_url) as connection:
        codes = {code for (code,) in connection.execute("SELECT code FROM geoservice.service")}
    assert "garbage" in codes
    assert "X1" not in codes
    with pytest.raises(MissingNotKnown):
        run("import", listed(tmp_path, "X2,,,漏水,很快,否"), "--removed", "delete", "--commit")


def test_what_a_service_asks_for_is_checked(tmp_path: Path) -> None:
    asked = [{"code": "lamps", "datatype": "number", "required": False, "description": "几盏灯"}]
    wrong = '[{"code": "a", "datatype": "colour"}]'
    file = tmp_path / "services.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = [("code", "name", "attributes"), ("L1", "路灯", orjson.dumps(asked).decode()), ("L2", "照明", wrong)]
        csv.writer(out).writerows(rows)

    found = told("import", str(file))

    assert found["added"][0]["attributes"] == asked
    assert "attribute 1: its datatype is one of string" in found["refused"][0]["reason"]


@pytest.mark.parametrize(
    "wrong",
    [{}, "x", [1], [{}], [{"code": ""}], [{"code": "a", "secret": 1}], [{"code": "a"}, {"code": "a"}],
     [{"code": "a", "required": "yes"}], [{"code": "a", "datatype": "singlevaluelist"}],
     [{"code": "a", "values": [{"key": "k", "name": "n"}]}], [{"code": "a", "order": True}],
     [{"code": "a", "datatype": "singlevaluelist", "values": [{"key": "k"}]}], [{"code": "a" * 300}],
     [{"code": str(n)} for n in range(51)], [{"code": "a", "description": "ring 13812345678"}]],
)  # fmt: skip
def test_attributes_that_can_not_be_asked_are_refused(wrong: object) -> None:
    with pytest.raises(NotAValue):
        attributes_of(wrong)


def test_lists_without_codes_or_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FieldAbsent):
        run("import", listed(tmp_path, "漏水,2", header="事项名称,备注"))
    reasons = [one["reason"] for one in told("import", listed(
        tmp_path, "A1,", "A2,漏水", "A2,停水", header="事项编码,事项名称"))["refused"]]  # fmt: skip
    assert reasons == ["name is empty", "its code stands in row 3 already"]
