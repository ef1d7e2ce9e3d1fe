"""Nothing of the patient, and no token, is in the log, the metrics or an error.

Marked words are put wherever a client can put words. Then everything that leaves the service,
except the advice itself, is searched for them.
"""

import copy
import json
import logging

import pytest

from cds_service import log
from cds_service.settings import Settings
from cds_service.web import scrape
from cds_service.web.metrics import Metrics, rule_ids
from tests.fhir_server import FhirServer
from tests.hook_request import BACK_PAIN, BREAST_CANCER, SELECT, SIGN, order, request, resources

NAME, TOKEN, NOTE = "Kakaponame", "kakapotoken.kakapotoken.kakapotoken", "kakaponote"
ADDRESS, USER, BORN = "kakapohost.example", "Practitioner/kakapouser", "1968-04-02"
PATIENT = "kakapopatient"
MARKS = ("kakapo", BORN)


@pytest.fixture
def seen(serve, capsys):
    """Return a function that makes a call, and one that gives all that left the service."""
    client = serve(fhir_deadline=3.0)
    app = client.application
    figures = app.extensions["metrics"] = Metrics(rule_ids(app.extensions["advisor"].content))
    if "metrics" not in app.blueprints:
        app.register_blueprint(scrape.blueprint())
    log.configure(Settings(log_format="json", log_level="DEBUG"))
    capsys.readouterr()
    errors = []

    def post(body, path=SELECT, **more):
        sent = {"json": body} if isinstance(body, dict) else {"data": body}
        answer = client.post(path, **{"content_type": "application/json", **sent, **more})
        if answer.status_code != 200:
            errors.append(answer.get_data(as_text=True) + str(answer.headers))
        for card in (answer.get_json(silent=True) or {}).get("cards", []):
            figures.card(card["source"]["topic"]["code"], card["indicator"])
        return answer

    def everything():
        out, err = capsys.readouterr()
        page = client.get("/metrics")
        assert page.status_code == 200
        assert "cds_calls_total" in page.text
        assert "call answered" in err
        return "\n".join([out, err, page.text, *errors])

    yield post, everything
    log.configure(Settings())


def marked():
    """Return a call with marked words wherever words can be."""
    chart = resources(
        {**BREAST_CANCER, "text": f"{NOTE} cancer"}, BACK_PAIN, patient={"birth-date": BORN}
    )
    chart[0]["name"] = [{"family": NAME, "text": NAME}]
    chart[0]["identifier"] = [{"system": "urn:x", "value": f"{NOTE}-mrn"}]
    draft = order()
    draft["note"] = [{"text": NOTE}]
    draft["patientInstruction"] = NOTE
    draft["requester"] = {"reference": USER, "display": NAME}
    draft["id"] = "kakapoorder"
    body = request(
        draft,
        chart,
        fhirServer=f"https://{ADDRESS}/fhir",
        fhirAuthorization={"access_token": TOKEN, "token_type": "Bearer", "subject": NOTE},
        extension={"kakapoextension": NOTE},
        kakapomember=NOTE,
    )
    body["context"].update({"userId": USER, "encounterId": "kakapoencounter"})
    body["hookInstance"] = f"{NOTE} {NAME}"
    whole = json.dumps(body).replace(body["context"]["patientId"], PATIENT)
    return json.loads(whole)


def changed(path, value):
    body = marked()
    inner = body
    *parents, last = path
    for name in parents:
        inner = inner[name]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return body


FAULTY = {
    "hook": (["hook"], NOTE),
    "no hookInstance": (["hookInstance"], None),
    "context": (["context"], NOTE),
    "patient id": (["context", "patientId"], f"{NAME} {NOTE}"),
    "draft orders": (["context", "draftOrders"], [NOTE]),
    "selections": (["context", "selections"], [f"ServiceRequest/{NOTE}"]),
    "prefetch": (["prefetch"], NOTE),
    "no patient": (["prefetch", "patient"], None),
    "another patient": (["prefetch", "patient", "id"], f"{NOTE}other"),
    "an outcome": (
        ["prefetch", "conditions"],
        {"resourceType": "OperationOutcome", "issue": [{"diagnostics": NOTE}]},
    ),
    "conditions": (["prefetch", "conditions"], {NOTE: NAME}),
    "birth date": (["prefetch", "patient", "birthDate"], f"{BORN} {NOTE}"),
    "FHIR server": (["fhirServer"], f"https://{NAME}:{TOKEN}@{ADDRESS}/{NOTE}"),
    "no FHIR server": (["fhirServer"], None),
    "token": (["fhirAuthorization", "access_token"], f"{TOKEN}\r\nX: {NOTE}"),
    "token type": (["fhirAuthorization", "token_type"], NOTE),
    "token's patient": (["fhirAuthorization", "patient"], f"{NOTE}other"),
}


def clean(text):
    found = [mark for mark in MARKS if mark in text.lower()]
    assert found == [], text


@pytest.mark.parametrize("path", [SELECT, SIGN])
def test_a_good_call_leaves_no_trace_of_the_patient(seen, path):
    post, everything = seen
    body = marked()
    body["hook"] = "order-select" if path == SELECT else "order-sign"
    answer = post(body, path)
    assert answer.status_code == 200
    assert answer.get_json()["cards"]
    clean(everything())


@pytest.mark.parametrize(("path", "value"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_call_leaves_no_trace_of_the_patient(seen, path, value):
    post, everything = seen
    post(changed(path, value))
    clean(everything())


@pytest.mark.parametrize(
    ("path", "body", "more"),
    [
        (f"/cds-services/{NOTE}", b"{}", {}),
        (f"{SELECT}/{NOTE}?{NAME}={TOKEN}", b"{}", {}),
        (f"/{NAME}/{NOTE}?token={TOKEN}", b"{}", {}),
        (f"{SELECT}?patient={NAME}", b"{}", {"headers": {"Authorization": f"Bearer {TOKEN}"}}),
        (SELECT, f'{{"{NAME}": "{NOTE}"'.encode(), {}),
        (SELECT, f'{{"{NOTE}": '.encode() + b"[" * 500 + b"]" * 500 + b"}", {}),
        (SELECT, NOTE.encode(), {"content_type": f"text/{NOTE}"}),
        (SELECT, NOTE.encode(), {"headers": {"Content-Encoding": NOTE}}),
        (f"{SELECT}/feedback", NOTE.encode(), {}),
        (SELECT, b"\xff" + NOTE.encode(), {"headers": {"Origin": f"https://{ADDRESS}"}}),
    ],
)
def test_an_odd_request_leaves_no_trace_of_its_words(seen, path, body, more):
    post, everything = seen
    assert post(body, path, **more).status_code >= 400
    clean(everything())


def test_a_fault_of_ours_leaves_no_trace_of_the_patient(seen, monkeypatch):
    post, everything = seen

    def fail(*_):
        logging.getLogger("library").warning("reading %s", NAME)
        try:
            raise KeyError(NOTE)
        except KeyError as error:
            raise ValueError(f"{NAME} born {BORN}") from error

    monkeypatch.setattr("cds_service.advisor.gather", fail)
    assert post(marked()).status_code == 500
    clean(everything())


@pytest.mark.parametrize(
    "fault", ["401", "500", "html", "outcome", "truncated", "slow", "redirect", "other-patient"]
)
def test_a_faulty_fhir_server_leaves_no_trace_of_the_patient(seen, fault):
    post, everything = seen
    chart = [{"resourceType": "Patient", "id": "kakapoother", "name": [{"family": NAME}]}]
    body = copy.deepcopy(marked())
    body["prefetch"] = {}
    with FhirServer(
        chart, token=TOKEN, misbehave=fault, elsewhere=f"https://{ADDRESS}/{NOTE}", delay=30.0
    ) as server:
        body["fhirServer"] = server.base_url
        assert post(body).status_code == 412
        assert server.requests
    clean(everything())
