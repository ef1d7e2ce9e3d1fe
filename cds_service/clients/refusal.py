"""Why a call is not authenticated: for logs and metrics, never for the caller."""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cds_service.clients.model import Client


class Refusal(StrEnum):
    """Every reason for which a token is refused; none of them quotes the token."""

    NO_TOKEN = "no-token"  # noqa: S105 - a reason, not a secret
    NOT_LOCAL = "not-local"
    TOO_LONG = "too-long"
    MALFORMED = "malformed"
    REPEATED_MEMBER = "repeated-member"
    ALGORITHM_NONE = "algorithm-none"
    ALGORITHM_SYMMETRIC = "algorithm-symmetric"
    ALGORITHM_NOT_ALLOWED = "algorithm-not-allowed"
    CRITICAL_HEADER = "critical-header"
    EMBEDDED_KEY = "embedded-key"
    WRONG_TYP = "wrong-typ"
    NO_KEY_ID = "no-key-id"
    MISSING_CLAIM = "missing-claim"
    CLAIM_OF_WRONG_SORT = "claim-of-wrong-sort"
    UNKNOWN_ISSUER = "unknown-issuer"
    WRONG_AUDIENCE = "wrong-audience"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    LIFETIME_TOO_LONG = "lifetime-too-long"
    WRONG_TENANT = "wrong-tenant"
    WRONG_SUBJECT = "wrong-subject"
    KEY_SET_NOT_ALLOWED = "key-set-not-allowed"
    KEY_SET_UNAVAILABLE = "key-set-unavailable"
    UNKNOWN_KEY = "unknown-key"
    KEY_DOES_NOT_FIT = "key-does-not-fit"
    BAD_SIGNATURE = "bad-signature"
    REPLAYED = "replayed"


class TokenRefused(Exception):  # noqa: N818 - said of a token, not of a fault of ours
    """Raised when a token does not authenticate its bearer.

    `reason` says why; `client` is the client whose issuer the token names, if it is on the list.
    Whether that client really sent the token is not known.
    """

    def __init__(self, reason: Refusal, client: "Client | None" = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.client = client
