"""Why a terminology server did not give what was asked for."""

import re
from collections.abc import Iterable
from enum import StrEnum

from cds_service.fhir.read import Json, child, objects, string

_LONGEST = 300
_NO_MORE_THAN = 3
_CODE_SYSTEM = re.compile(r"code ?system", re.IGNORECASE)


class Problem(StrEnum):
    """What went wrong, in words for whoever runs the command."""

    BAD_ADDRESS = "the server's address must be https, or http on this machine, without a query"
    UNREACHABLE = "the server could not be reached"
    NOT_TRUSTED = "the server's certificate is not trusted"
    TIME_OUT = "the server did not answer in time"
    TOO_LARGE = "the server sent more than is read"
    REDIRECTED = "the server redirected elsewhere, which is not followed"
    NOT_FHIR = "the server did not answer as a FHIR R4 terminology server"
    REFUSED = "the server refused"
    FAILED = "the server failed"
    TOO_COSTLY = "the expansion is too large for the server"
    INCOMPLETE = "the server did not give the whole expansion"
    UNKNOWN_SYSTEM = "the server does not have the code system"
    UNKNOWN_CODE = "the server does not know the code"


class TerminologyUnavailable(Exception):  # noqa: N818 - it reads as what happened
    """Raised when an expansion cannot be had: `problem`, and what the server said of it."""

    def __init__(self, problem: Problem, said: str = "") -> None:
        """Keep `problem` and a short form of what the server `said`."""
        self.problem = problem
        self.said = " ".join(said.split())[:_LONGEST]
        super().__init__(f"{problem}: {self.said}" if self.said else problem.value)


def problem_of(
    status: int, answer: Json, systems: Iterable[str], values: Iterable[str]
) -> TerminologyUnavailable:
    """Return what an answer that is no expansion means (FHIR R4, OperationOutcome, IssueType).

    `answer` is the JSON object answered, or empty. Servers give the code ``not-found`` both for a
    code system and for a code; which is meant shows in the text, which then names one of the
    `values` asked about, or the `systems`.
    """
    issues = objects(answer.get("issue"))
    codes = {string(each.get("code")) for each in issues}
    texts = [
        string(each.get("diagnostics")) or string(child(each, "details").get("text"))
        for each in issues
    ]
    said = "; ".join(text for text in texts[:_NO_MORE_THAN] if text)
    if string(answer.get("resourceType")) != "OperationOutcome":
        problem = _of_status(status) or Problem.NOT_FHIR
        return TerminologyUnavailable(problem, f"status {status}")
    if "too-costly" in codes:
        return TerminologyUnavailable(Problem.TOO_COSTLY, said)
    if not codes.isdisjoint({"not-found", "code-invalid"}):
        if any(re.search(rf"\b{re.escape(value)}\b", said) for value in values):
            return TerminologyUnavailable(Problem.UNKNOWN_CODE, said)
        if _CODE_SYSTEM.search(said) or any(system in said for system in systems):
            return TerminologyUnavailable(Problem.UNKNOWN_SYSTEM, said)
    return TerminologyUnavailable(_of_status(status) or Problem.REFUSED, said or f"status {status}")


def _of_status(status: int) -> Problem | None:
    if status >= 500:  # noqa: PLR2004 - HTTP server errors
        return Problem.FAILED
    if status in (401, 403, 429):
        return Problem.REFUSED
    return None
