"""What a site's advice on one request is, for the tests to look at."""

import json
from typing import Any

from cds_service.advisor import Advisor
from cds_service.cli.startup import InForce
from cds_service.clients.model import LOCAL as LOCAL_CLIENT
from cds_service.clients.model import Client
from cds_service.hooks.request import read_request
from cds_service.settings import Settings
from tests.conftest import AS_OF

Json = dict[str, Any]
LOCAL = "urn:oid:1.2.3.4.5"
"""The code system of the site's orders."""


def consult(opened: InForce, body: Json, client: Client = LOCAL_CLIENT) -> Any:
    """Return the consultation on a request at a site."""
    advisor = Advisor(opened.content, Settings(), lambda: AS_OF, opened.policy)
    request = read_request(json.loads(json.dumps(body)), frozenset({body["hook"]}))
    return advisor.consult(request, client)


def ordering(*codings: Json, text: str = "", **more: Any) -> Json:
    """Return a draft order for low back pain with these codings."""
    concept: Json = {"coding": list(codings)} if codings else {}
    return {
        "resourceType": "ServiceRequest",
        "id": "draft-1",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/case-patient"},
        "code": {**concept, "text": text} if text else concept,
        "reasonCode": [{"coding": [{"system": "http://snomed.info/sct", "code": "279039007"}]}],
        **more,
    }


def recognised(consultation: Any) -> str:
    """Return the procedure that the first order was taken for, or the empty string."""
    found = consultation.assessments
    procedure = found[0].recognised.procedure if found else None
    return procedure.id if procedure else ""


def names(consultation: Any) -> list[str]:
    """Return the card ids of a consultation, in their order."""
    return [card["source"]["topic"]["code"] for card in consultation.cards]


def suppressed(consultation: Any) -> dict[str, str]:
    """Return why each silent rule of the first order is silent."""
    return {each.rule_id: each.why for each in consultation.assessments[0].suppressed}


def suggested(consultation: Any) -> list[Json]:
    """Return every order that the cards suggest."""
    return [
        action["resource"]
        for card in consultation.cards
        for suggestion in card.get("suggestions", ())
        for action in suggestion["actions"]
        if "resource" in action
    ]
