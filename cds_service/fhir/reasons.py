"""Why data could not be had from a FHIR server: a closed list, without patient data."""

from enum import StrEnum

_OK = 200


class Reason(StrEnum):
    """Why data could not be had from the FHIR server, in plain words fit for a card."""

    TIME_OUT = "the FHIR server did not answer in time"
    UNREACHABLE = "the FHIR server could not be reached"
    CUT_SHORT = "the answer of the FHIR server broke off"
    UNAUTHORIZED = "the FHIR server answered 401 (not authorised)"
    FORBIDDEN = "the FHIR server answered 403 (not permitted)"
    NOT_FOUND = "the FHIR server answered 404 (not found)"
    BUSY = "the FHIR server answered 429 (too many requests)"
    REJECTED = "the FHIR server rejected the request"
    SERVER_ERROR = "the FHIR server answered with a server error"
    REDIRECTED = "the FHIR server redirected elsewhere, which is not followed"
    LINK_REFUSED = "a link to a further page led elsewhere and was not followed"
    NOT_ALLOWED = "the FHIR server is not one that this service may ask"
    NOT_ASKABLE = "the request cannot be written as a FHIR address"
    NOT_FHIR = "the answer of the FHIR server was not FHIR JSON"
    TOO_LARGE = "the FHIR server sent more data than this service reads"
    TOO_MANY_PAGES = "the FHIR server has more pages than this service reads"
    TOO_MANY_READS = "too many reads from FHIR servers were under way"


_BY_STATUS = {
    401: Reason.UNAUTHORIZED,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    410: Reason.NOT_FOUND,
    429: Reason.BUSY,
}
_BY_HUNDRED = {3: Reason.REDIRECTED, 4: Reason.REJECTED, 5: Reason.SERVER_ERROR}


class FhirUnavailable(Exception):  # noqa: N818 - it reads as what happened
    """The FHIR server did not give what was asked for; `reason` says why, without patient data."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def reason_of_status(status: int) -> Reason | None:
    """Return why an answer with this HTTP `status` holds no resource, None if it may hold one.

    FHIR R4, RESTful API, read and search: only 200 answers with the resource.
    """
    if status == _OK:
        return None
    return _BY_STATUS.get(status) or _BY_HUNDRED.get(status // 100, Reason.NOT_FHIR)
