"""Everything that is odd in one request."""

from collections.abc import Iterator

from cds_service.content.library import Content
from cds_service.engine.chart import SourceState
from cds_service.engine.recognise import recognise
from cds_service.fhir.orders import ORDER_TYPES, read_order
from cds_service.fhir.read import Json, patient_id, string
from cds_service.gather.prefetch import read_value
from cds_service.gather.templates import prefetch_templates, resource_type_of
from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.request import HookRequest, read_request
from cds_service.lint import codings, structure
from cds_service.lint.records import Record, draft_orders, prefetched, unusable
from cds_service.lint.remark import Remark, Severity, coded, drawn_together, pointer
from cds_service.text.tokens import LONGEST_TEXT

_PLACES = (
    ("context.userId", "/context/userId", "Send who is ordering, as CDS Hooks requires"),
    ("fhirServer", "/fhirServer", "Send the base URL of the FHIR server"),
    (
        "fhirAuthorization",
        "/fhirAuthorization",
        "Send a bearer token for this patient, or leave it",
    ),
    ("prefetch", "/prefetch", "Send an object with one member for each prefetch template"),
    ("a prefetch", "/prefetch", "Send the resource itself, or null where there is none"),
    ("context.selections", "/context/selections", "Send the selected orders as Type/id"),
    ("context", "/context", "Send draftOrders and selections"),
)
"""What remarks of the request begin with, the place they mean, and what to do."""

_NO_REQUEST = Remark(
    Severity.ERROR,
    "/",
    "this is no CDS Hooks request: it has no hook, no hookInstance and no context",
    "Send what the EHR sends to a CDS service",
)


def lint(body: Json, hooks: frozenset[str], content: Content) -> list[Remark]:
    """Return what is odd in `body`, a decoded request for a service that answers `hooks`.

    Of what is no request of CDS Hooks nothing else is said.
    """
    if not body.keys() & {"hook", "hookInstance", "context"}:
        return [_NO_REQUEST]
    orders, records = draft_orders(body), prefetched(body)
    return drawn_together(
        [
            *_request(body, hooks),
            *_prefetch(body, content),
            *_orders(orders, content),
            *unusable([*orders, *records]),
            *structure.check([*orders, *records]),
            *codings.check([*orders, *records], content),
        ]
    )


def _request(body: Json, hooks: frozenset[str]) -> Iterator[Remark]:
    try:
        request: HookRequest = read_request(body, hooks)
    except RequestRefused as refused:
        yield Remark(
            Severity.ERROR, "/", refused.text.rstrip("."), "Without it there is no answer at all"
        )
        return
    for remark in request.remarks:
        place, todo = next(
            ((place, todo) for start, place, todo in _PLACES if remark.startswith(start)),
            ("/context/draftOrders", "Check the draft orders and the selections"),
        )
        severity = Severity.ERROR if "another patient" in remark else Severity.WARNING
        yield Remark(severity, place, remark, todo)


def _prefetch(body: Json, content: Content) -> Iterator[Remark]:
    """Yield what is missing or unknown in prefetch, and how complete each source is."""
    sent = body.get("prefetch")
    prefetch = sent if isinstance(sent, dict) else {}
    context = body.get("context")
    patient = patient_id(string(context.get("patientId"))) if isinstance(context, dict) else ""
    may_read = bool(body.get("fhirServer")) and bool(body.get("fhirAuthorization"))
    unread = (
        "fhirServer cannot be read without fhirAuthorization"
        if body.get("fhirServer")
        else "there is no FHIR server to read from"
    )
    if not prefetch and not may_read:
        yield Remark(
            Severity.ERROR,
            "/prefetch",
            f"there is no prefetch, and {unread}",
            "Fill the templates that discovery publishes, or send fhirServer with"
            " fhirAuthorization",
        )
        return
    templates = prefetch_templates(content.resource_types, content.observation_codes)
    for key in templates:
        kind = resource_type_of(key) or ""
        if key in prefetch:
            yield from _source(prefetch[key], key, kind, patient)
        elif may_read:
            yield Remark(
                Severity.NOTE,
                pointer("prefetch", key),
                "the key is not there; it will be read from the FHIR server",
                f"Prefetch {templates[key].partition('?')[0]} to save the time",
            )
        else:
            yield Remark(
                Severity.ERROR if kind == "Patient" else Severity.WARNING,
                pointer("prefetch", key),
                f"the key is not there, and {unread}",
                "Fill the template that discovery publishes for this key",
            )
    for key in prefetch:
        if key not in templates:
            yield Remark(
                Severity.NOTE,
                pointer("prefetch", key),
                "the key is none of ours and is not read",
                f"The keys are {', '.join(templates)}",
            )


def _source(value: object, key: str, kind: str, patient: str) -> Iterator[Remark]:
    reading = read_value(value, kind, patient)
    if reading.foreign:
        yield Remark(
            Severity.ERROR,
            pointer("prefetch", key),
            f"what is about another patient is left out (resources: {reading.foreign})",
            "Check which patient the prefetch query asks for",
        )
    elif reading.source.state is not SourceState.COMPLETE:
        failed = reading.source.state is SourceState.FAILED
        yield Remark(
            Severity.ERROR if failed else Severity.WARNING,
            pointer("prefetch", key),
            f"the source is {reading.source.state.value}: {reading.source.reason}",
            f"Send a searchset Bundle of {kind}, or null where there is none"
            if kind != "Patient"
            else "Send the Patient resource",
        )


def _orders(records: list[Record], content: Content) -> Iterator[Remark]:
    """Yield which draft orders cannot be recognised or acted on."""
    for record in records:
        order = read_order(record.resource)
        if order is None:
            if record.resource:
                yield Remark(
                    Severity.NOTE,
                    record.location,
                    "the draft order is of a type that cannot order imaging",
                    f"Imaging is ordered with {', '.join(sorted(ORDER_TYPES))}",
                    record.name,
                )
            continue
        recognised = recognise(order, content)
        codes = [f"{coded(code.system)} {coded(code.value)}".strip() for code in order.codes]
        said = ", ".join(codes)
        if recognised.conflict:
            yield Remark(
                Severity.ERROR,
                f"{record.location}/code",
                f"the codes ({said or 'none'}) and the text stand for different procedures:"
                f" {', '.join(recognised.conflict)}",
                "Send codes and text of one procedure",
                record.name,
            )
        elif recognised.procedure is None:
            yield Remark(
                Severity.WARNING if recognised.imaging else Severity.NOTE,
                f"{record.location}/code",
                f"{'imaging, but ' if recognised.imaging else ''}no procedure we know"
                f" ({said or 'no code'})",
                "If it is imaging, send a code we know, or map yours in the site file",
                record.name,
            )
        if recognised.imaging and "/" not in order.reference:
            yield Remark(
                Severity.WARNING,
                record.location,
                "the draft order has no id",
                "Send an id: without it there are cards, but nothing to accept",
                record.name,
            )
        said_why = (*order.notes, *(text for reason in order.reasons for text in reason.texts))
        if any(len(text) > LONGEST_TEXT for text in said_why):
            yield Remark(
                Severity.WARNING,
                record.location,
                f"a reason or note is read up to {LONGEST_TEXT:,} characters only, and this one is"
                " longer: what its rest may say counts as not known",
                "Send why the study is ordered, not all that was written",
                record.name,
            )
