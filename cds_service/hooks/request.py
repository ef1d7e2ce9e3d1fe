"""A CDS Hooks call as typed values.

Real calls depart from the standard in many ways that change no advice: those are read as meant,
with a remark. Only what makes an answer impossible or dangerous is refused. Remarks are plain
words with counts: they hold nothing of the patient, and no ids.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cds_service.fhir.orders import DraftOrder
from cds_service.fhir.read import Json, patient_id, string
from cds_service.hooks.draft_orders import read_draft_orders
from cds_service.hooks.errors import RequestRefused

# Wider than a FHIR id, as clients are, but nothing that means something inside a URL.
_PATIENT_ID = re.compile(r"(?!\.+$)[A-Za-z0-9._:~=-]{1,500}")


@dataclass(frozen=True, slots=True)
class FhirAccess:
    """Leave to read one FHIR server for this call: base URL without a last slash, and token."""

    base_url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HookRequest:
    """One call of a CDS service.

    `orders` are this patient's draft orders; `selected` those among them to advise on.
    `fhir_server` is empty when not given; `fhir_access` is None when no usable token came.
    """

    hook: str
    hook_instance: str
    user_id: str
    patient_id: str
    encounter_id: str
    orders: tuple[DraftOrder, ...]
    selected: tuple[DraftOrder, ...]
    prefetch: dict[str, Any]
    fhir_access: FhirAccess | None
    fhir_server: str
    remarks: tuple[str, ...]


def read_request(body: Any, hooks: frozenset[str]) -> HookRequest:
    """Return the call in `body`, a decoded JSON value, for a service that serves `hooks`.

    CDS Hooks 2.0.1, Calling a CDS Service; contexts of order-select and order-sign.

    Raises:
        RequestRefused: 400, because a member without which there is no answer is missing or
            wrong, or the chart sent is another patient's.
    """
    if not isinstance(body, dict):
        raise RequestRefused(400, "structure", "The request body must be a JSON object.")
    remarks: list[str] = []
    hook = _hook(body, hooks)
    hook_instance = _required(body, "hookInstance").removeprefix("urn:uuid:")
    context = body.get("context")
    if not isinstance(context, dict):
        raise _wrong("context", "must be an object", missing=context is None)
    patient = patient_id(_required(context, "patientId", "context."))
    if not _PATIENT_ID.fullmatch(patient):
        raise _wrong("context.patientId", "must be the id of a Patient")
    if not (user := string(context.get("userId"))):
        remarks.append("context.userId is missing")
    orders, selected = read_draft_orders(context, hook, patient, remarks)
    server = _fhir_server(body, remarks)
    return HookRequest(
        hook=hook,
        hook_instance=hook_instance,
        user_id=user,
        patient_id=patient,
        encounter_id=string(context.get("encounterId")),
        orders=orders,
        selected=selected,
        prefetch=_prefetch(body.get("prefetch"), patient, remarks),
        fhir_access=_fhir_access(body.get("fhirAuthorization"), server, patient, remarks),
        fhir_server=server,
        remarks=tuple(remarks),
    )


def _hook(body: Json, hooks: Iterable[str]) -> str:
    hook = _required(body, "hook")
    if hook not in hooks:
        expected = " or ".join(sorted(hooks))
        raise RequestRefused(400, "not-supported", f"This service answers the hook {expected}.")
    return hook


def _required(parent: Json, name: str, path: str = "") -> str:
    value = parent.get(name)
    if not (text := string(value)):
        raise _wrong(f"{path}{name}", "must be a string that is not empty", missing=value is None)
    return text


def _wrong(path: str, rule: str, *, missing: bool = False) -> RequestRefused:
    if missing:
        return RequestRefused(400, "required", f"The request has no {path}: it {rule}.")
    return RequestRefused(400, "value", f"{path} {rule}.")


def _fhir_server(body: Json, remarks: list[str]) -> str:
    server = string(body.get("fhirServer")).rstrip("/")
    if not server and body.get("fhirAuthorization") is not None:
        raise RequestRefused(
            400, "required", "fhirAuthorization came without fhirServer: send both or neither."
        )
    if server and not server.lower().startswith(("http://", "https://")):
        remarks.append("fhirServer is not an http or https URL")
        return ""
    return server


def _fhir_access(
    authorization: object, server: str, patient: str, remarks: list[str]
) -> FhirAccess | None:
    if authorization is None:
        return None
    if not isinstance(authorization, dict):
        remarks.append("fhirAuthorization is not an object")
        return None
    token = string(authorization.get("access_token"))
    token_type = string(authorization.get("token_type"))
    token_patient = string(authorization.get("patient"))
    if not token:
        remarks.append("fhirAuthorization has no access_token")
    elif not token.isascii() or not token.isprintable() or " " in token:
        remarks.append("fhirAuthorization.access_token cannot be sent in a header")
    elif token_type.lower() != "bearer":
        remarks.append("fhirAuthorization.token_type is not Bearer")
    elif token_patient and patient_id(token_patient) != patient:
        remarks.append("fhirAuthorization is for another patient")
    elif server:
        return FhirAccess(server, token)
    return None


def _prefetch(value: object, patient: str, remarks: list[str]) -> dict[str, Any]:
    """Return prefetch by key, as it came: gather knows its states, the pre-1.0 wrapper included."""
    if not isinstance(value, dict):
        if value is not None:
            remarks.append("prefetch is not an object")
        return {}
    for item in value.values():
        if isinstance(item, dict) and item.get("resourceType") == "Patient":
            other = string(item.get("id"))
            if other and patient_id(other) != patient:
                raise RequestRefused(
                    400, "value", "The Patient in prefetch is not the patient of the context."
                )
    return value
