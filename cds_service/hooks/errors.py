"""The one shape of every error the service answers with: a FHIR OperationOutcome."""

from typing import Any

STATUSES = frozenset({400, 401, 403, 404, 405, 412, 413, 415, 422, 429, 500, 503})
"""HTTP statuses an error may have; no other is ever sent."""

ISSUE_CODES = frozenset(
    {
        "exception",
        "forbidden",
        "incomplete",
        "invalid",
        "login",
        "not-found",
        "not-supported",
        "required",
        "security",
        "structure",
        "throttled",
        "too-costly",
        "too-long",
        "transient",
        "value",
    }
)
"""Issue codes in use, all from FHIR R4 ``issue-type``."""


class RequestRefused(Exception):  # noqa: N818 - said of a request, not of a fault of ours
    """Raised when a request cannot be answered with cards.

    `text` is for the people who connect a client: what is wrong and what to do. Neither it nor
    `diagnostics` quotes the request, which may hold patient data. `retry_after` is in how many
    seconds the same request may be tried again (RFC 9110, Retry-After), None where that is no help.
    `headers` go with the answer.
    """

    def __init__(
        self,
        status: int,
        issue_code: str,
        text: str,
        diagnostics: str = "",
        retry_after: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        if status not in STATUSES or issue_code not in ISSUE_CODES:
            raise ValueError(f"not an error status and issue code: {status} {issue_code}")
        super().__init__(text)
        self.status = status
        self.issue_code = issue_code
        self.text = text
        self.diagnostics = diagnostics
        self.headers = headers
        self.retry_after = retry_after
        if retry_after is not None:
            self.headers = (*headers, ("Retry-After", str(retry_after)))


def operation_outcome(issue_code: str, text: str, diagnostics: str = "") -> dict[str, Any]:
    """Return a FHIR R4 OperationOutcome with one error (CDS Hooks, HTTP Status Codes)."""
    issue: dict[str, Any] = {"severity": "error", "code": issue_code, "details": {"text": text}}
    if diagnostics:
        issue["diagnostics"] = diagnostics
    return {"resourceType": "OperationOutcome", "issue": [issue]}
