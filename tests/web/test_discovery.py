"""Discovery says which services there are, to any client, cheaply."""

import re

from cds_service.app import create_app
from cds_service.settings import Settings


def test_discovery_answers_with_or_without_a_slash_or_a_query_and_whatever_is_accepted(client):
    answers = [
        client.get("/cds-services"),
        client.get("/cds-services/"),
        client.get("/cds-services?x=1"),
        client.get("/cds-services", headers={"Accept": "text/html"}),
        client.get("/cds-services", headers={"Authorization": "Bearer x.y.z"}),
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.mimetype for answer in answers} == {"application/json"}
    assert len({answer.data for answer in answers}) == 1


def test_each_service_has_all_that_clients_look_for(client):
    services = client.get("/cds-services").json["services"]
    assert [service["hook"] for service in services] == ["order-select", "order-sign"]
    for service in services:
        assert re.fullmatch("[A-Za-z0-9._~-]+", service["id"])
        assert service["title"]
        assert service["description"]
        assert service["usageRequirements"]
        assert service["prefetch"] == {"patient": "Patient/{{context.patientId}}"}
        assert set(service) <= {
            "hook",
            "id",
            "title",
            "description",
            "usageRequirements",
            "prefetch",
        }


def test_service_ids_differ_because_some_clients_know_services_by_url_only(client):
    ids = [service["id"] for service in client.get("/cds-services").json["services"]]
    assert ids == ["imaging-order-select", "imaging-order-sign"]


def test_prefetch_is_left_out_when_nothing_is_wanted(advisor):
    advisor.prefetch_templates = {}
    client = create_app(Settings(), advisor).test_client()
    for service in client.get("/cds-services").json["services"]:
        assert "prefetch" not in service


def test_a_client_that_has_the_current_list_is_told_so(client):
    first = client.get("/cds-services")
    again = client.get("/cds-services", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "no-cache" in first.headers["Cache-Control"]


def test_the_entity_tag_changes_with_prefetch_and_with_the_content(advisor):
    def tag() -> str:
        client = create_app(Settings(), advisor).test_client()
        return client.get("/cds-services").headers["ETag"]

    tags = [tag(), tag()]
    assert tags[0] == tags[1]
    advisor.content_version = "content-2"
    tags.append(tag())
    advisor.prefetch_templates = {"labs": "Observation?patient={{context.patientId}}"}
    tags.append(tag())
    assert len(set(tags)) == 3


def test_head_answers_without_a_body(client):
    answer = client.head("/cds-services")
    assert (answer.status_code, answer.data) == (200, b"")
