"""How the answer to a request came about, and what is odd about the request."""

from typing import TYPE_CHECKING

from cds_service.clients.model import Client
from cds_service.fhir.read import Json
from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.request import read_request
from cds_service.lint.remark import Remark
from cds_service.lint.request import lint
from cds_service.render.trace import trace

if TYPE_CHECKING:
    from cds_service.advisor import Advisor


def explain(body: Json, hooks: frozenset[str], advisor: "Advisor", client: Client) -> Json:
    """Return what came of `body`, a decoded request for a service that answers `hooks`.

    trace    as `cds_service.render.trace`; null where the request is refused
    refusal  why there is no answer; empty where there is one
    remarks  severity, location, message, todo, about, times: what is odd, gravest first
    """
    remarks = [_row(remark) for remark in lint(body, hooks, advisor.content)]
    try:
        call = read_request(body, hooks)
    except RequestRefused as refused:
        return {"trace": None, "refusal": refused.text, "remarks": remarks}
    consulted = advisor.consult(call, client)
    return {"trace": trace(consulted, advisor.content), "refusal": "", "remarks": remarks}


def _row(remark: Remark) -> Json:
    return {
        "severity": remark.severity.value,
        "location": remark.location,
        "message": remark.message,
        "todo": remark.todo,
        "about": remark.about,
        "times": remark.times,
    }
