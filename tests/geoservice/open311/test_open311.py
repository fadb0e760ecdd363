"""GeoReport v2, against the field lists of its text, in both forms, down to the bytes of its errors."""

from __future__ import annotations

import io
from typing import Any
from xml.etree import ElementTree as ET

import orjson
import psycopg
import pytest
from flask.testing import FlaskClient

from geoservice.auth.model import Role
from geoservice.wiring import Services
from tests.factories import select_one

AT = "/open311/v2"
#: The fields of each record, from the text of the specification (GeoReport/v2/index.md).
SERVICE = ["service_code", "service_name", "description", "metadata", "type", "keywords", "group"]
ATTRIBUTE = ["variable", "code", "datatype", "required", "datatype_description", "order", "description", "values"]
REQUEST = ["service_request_id", "status", "status_notes", "service_name", "service_code", "description",
           "agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime",
           "address", "address_id", "zipcode", "lat", "long", "media_url"]  # fmt: skip
LIGHT = {"service_code": "light", "lat": "29.24", "long": "91.77", "description": "路灯不亮"}


@pytest.fixture
def reporter(services: Services) -> str:
    return services.keys.create(Role.REPORTER, "open311")


def json_of(client: FlaskClient, path: str) -> Any:
    answer = client.get(f"{AT}/{path}")
    assert (answer.status_code, answer.content_type) == (200, "application/json; charset=utf-8"), path
    return orjson.loads(answer.data)


def xml_of(client: FlaskClient, path: str) -> ET.Element:
    answer = client.get(f"{AT}/{path}")
    assert (answer.status_code, answer.content_type) == (200, "text/xml; charset=utf-8"), path
    return ET.fromstring(answer.data)  # noqa: S314 - our own


def as_json(element: ET.Element) -> dict[str, str | None]:
    return {child.tag: child.text for child in element}


def as_xml(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value in (None, "") else str(value)


def test_the_list_of_services_has_the_fields_of_the_text_and_says_the_same_in_both_forms(client: FlaskClient) -> None:
    listed, document = json_of(client, "services.json"), xml_of(client, "services.xml")

    assert len(listed) == 16
    assert all(list(one) == SERVICE for one in listed)
    assert document.tag == "services"
    assert [as_json(one) for one in document.findall("service")] == [
        {name: as_xml(value) for name, value in one.items()} for one in listed
    ]
    assert {one["service_code"]: one["metadata"] for one in listed}["light"] is True


def test_a_definition_is_one_object_with_numbered_attributes(client: FlaskClient) -> None:
    light, document = json_of(client, "services/light.json"), xml_of(client, "services/light.xml")

    assert light["service_code"] == "light"
    assert all(list(one) == ATTRIBUTE for one in light["attributes"])
    assert [(one["code"], one["order"]) for one in light["attributes"]] == [("how_many", 1), ("signs", 2)]
    assert light["attributes"][1]["values"][0] == {"key": "dark", "name": "不亮"}
    assert [one.findtext("key") for one in document.findall("attributes/attribute/values/value")] == [
        "dark", "flicker", "tilted"]  # fmt: skip
    assert json_of(client, "services/dogs.json") == {"service_code": "dogs", "attributes": []}


def test_requests_have_the_fields_of_the_text_in_both_forms(client: FlaskClient, key: str) -> None:
    listed, document = json_of(client, "requests.json"), xml_of(client, "requests.xml")

    assert len(listed) == 286
    assert all(list(one) == REQUEST for one in listed)
    assert {one["status"] for one in listed} == {"open", "closed"}
    assert document.tag == "service_requests"
    assert [as_json(one) for one in document.findall("request")] == [
        {name: as_xml(value) for name, value in one.items()} for one in listed
    ]
    assert [one["requested_datetime"] for one in listed] == sorted(
        (one["requested_datetime"] for one in listed), reverse=True
    )
    (one,) = json_of(client, f"requests/{listed[0]['service_request_id']}.json")
    assert one == listed[0]


def test_words_of_people_are_for_holders_of_a_key(client: FlaskClient, key: str, reporter: str) -> None:
    for shown, sees in ((None, False), (reporter, False), (key, True)):
        headers = {} if shown is None else {"Authorization": f"Bearer {shown}"}
        listed = orjson.loads(client.get(f"{AT}/requests.json?page_size=5", headers=headers).data)
        assert all((one["description"] is not None) is sees for one in listed)


def test_a_report_comes_in_is_routed_and_can_be_asked_for(client: FlaskClient, key: str, reporter: str) -> None:
    form = LIGHT | {"api_key": reporter, "attribute[how_many]": "3", "attribute[signs][]": ["dark", "tilted"],
                    "attribute[unknown]": "x"}  # fmt: skip
    posted = client.post(f"{AT}/requests.json", data=form)

    assert (posted.status_code, posted.content_type) == (200, "application/json; charset=utf-8")
    (told,) = orjson.loads(posted.data)
    assert list(told) == ["service_request_id", "service_notice", "account_id"]
    (one,) = json_of(client, f"requests/{told['service_request_id']}.json")
    assert (one["status"], one["service_code"], one["lat"], one["long"]) == ("open", "light", 29.24, 91.77)
    assert one["expected_datetime"] is not None
    headers = {"Authorization": f"Bearer {key}"}
    incident = client.get(f"/v1/incidents/{told['service_request_id']}", headers=headers).json
    assert (incident["source"], incident["status"]) == ("resident", "dispatched")
    assert incident["officer_code"] is not None
    more = client.get(f"{AT}/requests/{incident['id']}.json?extensions=true", headers=headers)
    assert orjson.loads(more.data)[0]["extended_attributes"] == [
        {"code": "signs", "value": "dark,tilted"}, {"code": "how_many", "value": "3"}]  # fmt: skip


def test_fixmystreet_posts_and_polls(client: FlaskClient, reporter: str) -> None:
    """Send what perllib/Open311.pm sends: XML, deviceid, media_url again and again, files, an address it has not."""
    form = LIGHT | {
        "api_key": reporter, "deviceid": "d", "address_id": "#NOTPINPOINTED#", "jurisdiction_id": "",
        "first_name": "A", "last_name": "B", "phone": "", "email": "a@example.org",
        "media_url": ["http://example.org/1.jpg", "http://example.org/2.jpg"],
        "photo1": (io.BytesIO(b"\xff\xd8" * 200_000), "1.jpg"), "file_2": (io.BytesIO(b"x"), "2.jpg"),
    }  # fmt: skip
    posted = client.post(f"{AT}/requests.xml", data=form, content_type="multipart/form-data")

    assert (posted.status_code, posted.content_type) == (200, "text/xml; charset=utf-8")
    request = ET.fromstring(posted.data).find("request")  # noqa: S314 - our own
    assert request is not None
    assert "No pictures are kept" in str(request.findtext("service_notice"))
    assert "Names" in str(request.findtext("service_notice"))
    found = xml_of(client, f"requests/{request.findtext('service_request_id')}.xml").find("request")
    assert found is not None
    assert found.findtext("media_url") == ""
    updates = xml_of(client, "servicerequestupdates.xml?start_date=2026-01-01T00:00:00Z&end_date=2026-03-01T00:00:00Z")
    assert updates.tag == "service_request_updates"


def test_a_building_stands_for_its_place(client: FlaskClient, reporter: str, community_url: str) -> None:
    form = {"service_code": "light", "api_key": reporter}
    with psycopg.connect(community_url) as connection:
        code = select_one(connection, "SELECT min(code) FROM geoservice.building WHERE grid_code IS NOT NULL")

    posted = client.post(f"{AT}/requests.json", data=form | {"address_id": code})

    (told,) = orjson.loads(posted.data)
    (one,) = json_of(client, f"requests/{told['service_request_id']}.json")
    assert one["address_id"] == code
    unknown = client.post(f"{AT}/requests.json", data=form | {"address_string": "Nowhere 1"})
    assert unknown.status_code == 400


def test_pages_statuses_and_changes(client: FlaskClient) -> None:
    everything = [one["service_request_id"] for one in json_of(client, "requests.json")]
    paged = [
        one["service_request_id"]
        for page in (1, 2, 3)
        for one in json_of(client, f"requests.json?page={page}&page_size=100")
    ]
    assert paged == everything
    closed = json_of(client, "requests.json?status=closed&service_code=light,dogs")
    assert {(one["status"], one["service_code"]) for one in closed} == {("closed", "light"), ("closed", "dogs")}
    both = json_of(client, f"requests.json?service_request_id={everything[3]},{everything[7]}&status=nonsense")
    assert [one["service_request_id"] for one in both] == [everything[3], everything[7]]
    assert json_of(client, "requests.json?updated_after=2020-01-01T00:00:00Z&start_date=") != []
    assert json_of(client, "requests.json?updated_datetime=2200-01-01T00:00:00%2B08:00") == []
    assert json_of(client, "requests.json?start_date=2020-01-01T00:00:00Z") == []


#: Method, address, form; status and description.
REFUSALS = [
    ("GET", "services.{}?jurisdiction_id=none", None, 404, "jurisdiction_id was not found"),
    ("GET", "services/none.{}", None, 404, "service_code was not found"),
    ("GET", "requests/none.{}", None, 404, "service_request_id was not found"),
    ("GET", "requests.{}?start_date=2026-01-01T00:00:00Z&end_date=2026-04-02T00:00:00Z", None, 400,
     "start_date and end_date are at most 90 days apart; ask for the rest in further calls"),
    ("GET", "requests.{}?start_date=2026-01-01", None, 400,
     "start_date is a time with its zone, such as 2026-03-01T08:00:00+08:00 or …Z"),
    ("GET", "requests.{}?status=lost", None, 400, "status is open or closed, or both with a comma"),
    ("GET", "requests.{}?page_size=1001", None, 400, "page_size is a number from 1 to 1000"),
    ("GET", "requests.{}?page=0", None, 400, "page is a number from 1 to 1000"),
    ("GET", "requests.{}?page=1&page=2", None, 400, "page: give it once"),
    ("GET", "nothing.{}", None, 404, None),
    ("DELETE", "requests.{}", None, 405, None),
    ("POST", "requests.{}", {"service_code": "light", "lat": "29.24", "long": "91.77"}, 403,
     "api_key is missing or not valid for reports"),
    ("POST", "requests.{}", LIGHT | {"api_key": "grd_wrong"}, 403, "api_key is missing or not valid for reports"),
    ("POST", "requests.{}", {"api_key": "KEY", "lat": "29.24", "long": "91.77"}, 400, "service_code was not provided"),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "service_code": "none"}, 404, "service_code was not found"),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "jurisdiction_id": "none"}, 404,
     "jurisdiction_id was not found"),
    ("POST", "requests.{}", {"api_key": "KEY", "service_code": "light"}, 400,
     "Tell the place: lat and long (WGS 84), address_id (a building's code) or address_string"),
    ("POST", "requests.{}", {"api_key": "KEY", "service_code": "light", "lat": "29.24"}, 400,
     "lat and long belong together"),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "lat": "north"}, 400, "lat must be a number, such as 29.24"),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "lat": "nan"}, 400, None),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "lat": "0", "long": "0.1"}, 400,
     "The place is not served: it lies outside sare"),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "lat": "0", "long": "0"}, 400,
     "The place is exactly 0, 0, as a device writes it that does not know where it is: give the place itself."),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "service_code": "parking"}, 400,
     "attribute[blocked] is required: 占用了什么？"),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "service_code": "parking", "attribute[blocked]": "all"}, 400,
     "attribute[blocked] is one of fire_lane, pavement, tactile"),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "description": "x" * 4001}, 400,
     "description has 4,000 characters at most"),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "description": "call 13800138000"}, 400, None),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "crs": "mars"}, 400, None),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "crs": "epsg:4610"}, 400, None),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "attribute[how_many]": "many"}, 400,
     "attribute[how_many] is a number, such as 3"),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "attribute[how_many]": "13800138000"}, 400, None),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "attribute[how_many][]": ["1", "2"]}, 400,
     "attribute[how_many] has one answer"),
    ("POST", "requests.{}", LIGHT | {"api_key": "KEY", "description": "a\x1bb"}, 400,
     "description: leave out control characters"),
]  # fmt: skip


@pytest.mark.parametrize("form", ["json", "xml"])
def test_errors_have_the_shape_of_the_text_to_the_byte(client: FlaskClient, reporter: str, form: str) -> None:
    for method, path, fields, status, description in REFUSALS:
        data = (
            None if fields is None else {name: reporter if value == "KEY" else value for name, value in fields.items()}
        )
        answer = client.open(f"{AT}/{path.format(form)}", method=method, data=data)

        assert answer.status_code == status, (path, answer.data)
        (error,) = orjson.loads(answer.data) if form == "json" else [
            {"code": int(str(one.findtext("code"))), "description": one.findtext("description")}
            for one in ET.fromstring(answer.data).findall("error")  # noqa: S314 - our own
        ]  # fmt: skip
        said = error["description"] if description is None else description
        assert error == {"code": status, "description": said}
        if form == "json":
            assert answer.content_type == "application/json; charset=utf-8"
            assert answer.data == orjson.dumps([{"code": status, "description": said}])
        else:
            assert answer.content_type == "text/xml; charset=utf-8"
            escaped = said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            assert (
                answer.data
                == (
                    "<?xml version='1.0' encoding='utf-8'?>\n<errors><error>"
                    f"<code>{status}</code><description>{escaped}</description></error></errors>"
                ).encode()
            )


def test_an_upload_that_is_too_large_is_refused_before_it_is_read(client: FlaskClient, reporter: str) -> None:
    answer = client.post(f"{AT}/requests.json", data=b"x", environ_overrides={"CONTENT_LENGTH": "33554433"},
                         content_type="multipart/form-data; boundary=b")  # fmt: skip

    assert (answer.status_code, answer.content_type) == (413, "application/json; charset=utf-8")


def test_lines_of_a_browser_become_ours(client: FlaskClient, key: str, reporter: str) -> None:
    posted = client.post(f"{AT}/requests.json", data=LIGHT | {"api_key": reporter, "description": "a\r\nb"})

    (told,) = orjson.loads(posted.data)
    headers = {"Authorization": f"Bearer {key}"}
    assert client.get(f"/v1/incidents/{told['service_request_id']}", headers=headers).json["description"] == "a\nb"


def test_discovery_names_both_forms(client: FlaskClient) -> None:
    told, document = json_of(client, "discovery.json"), xml_of(client, "discovery.xml")

    assert list(told) == ["changeset", "contact", "key_service", "endpoints"]
    (endpoint,) = told["endpoints"]
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert endpoint["url"].endswith("/open311/v2")
    assert endpoint["formats"] == ["text/xml", "application/json"]
    assert [one.text for one in document.findall("endpoints/endpoint/formats/format")] == endpoint["formats"]


def test_gcj02_is_put_right_when_declared(client: FlaskClient, reporter: str) -> None:
    form = LIGHT | {"api_key": reporter}
    (told,) = orjson.loads(client.post(f"{AT}/requests.json", data=form | {"crs": "gcj02"}).data)
    (one,) = json_of(client, f"requests/{told['service_request_id']}.json")

    assert (one["lat"], one["long"]) != (29.24, 91.77)
    assert abs(one["lat"] - 29.24) < 0.005
