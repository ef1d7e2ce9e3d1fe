"""One public key of a CDS Client (JSON Web Key, RFC 7517 and RFC 7518 section 6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ALGORITHMS = ("ES384", "RS384", "ES256", "RS256", "ES512", "RS512", "PS256", "PS384", "PS512")
"""Signature algorithms that can be accepted: asymmetric ones only; the standard names two."""

PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv")
"""Members of a JSON Web Key that hold a secret."""

_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
# Above the limit a signature takes so long to check that it becomes a way to stop the service.
_RSA_BITS = range(2048, 8192 + 1)
_LONGEST_ID = 255


class KeyRefused(ValueError):  # noqa: N818 - said of a key, not of a fault of ours
    """Raised when a JSON Web Key cannot be used; its text says why and quotes no key material."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key that may check signatures.

    `family` is EC or RSA; `curve` is empty for RSA, and `algorithm` if the key names none.
    """

    id: str
    family: str
    curve: str
    algorithm: str
    public: Any = field(repr=False, compare=False)

    def fits(self, algorithm: str) -> bool:
        """Say whether a signature by `algorithm` may be checked with this key (RFC 8725, 3.1)."""
        if self.algorithm not in ("", algorithm):
            return False
        if algorithm in _CURVES:
            return self.curve == _CURVES[algorithm]
        return self.family == "RSA" and algorithm in ALGORITHMS


def read_key(jwk: object) -> Key:
    """Return the public key that a JSON Web Key describes (RFC 7517, section 4).

    Raises:
        KeyRefused: it is private or symmetric, has no ``kid``, is not for checking signatures, is
            too weak or too large, or cannot be read.
    """
    if not isinstance(jwk, Mapping):
        raise KeyRefused("this is not a JSON Web Key")
    if secret := next((name for name in PRIVATE_MEMBERS if name in jwk), ""):
        raise KeyRefused(
            f"this key is private ('{secret}' is a secret): take it out, have the client make a"
            " new pair, and write down only its public part"
        )
    key_id = jwk.get("kid")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= _LONGEST_ID:
        raise KeyRefused(f"'kid' must be a text of up to {_LONGEST_ID} characters")
    _refuse_other_uses(jwk)
    family, algorithm = jwk.get("kty"), jwk.get("alg", "")
    if family not in ("EC", "RSA"):
        raise KeyRefused("'kty' must be EC or RSA")
    public = _public(jwk)
    key = Key(key_id, family, str(jwk["crv"]) if family == "EC" else "", str(algorithm), public)
    if algorithm != "" and not key.fits(str(algorithm)):
        raise KeyRefused("'alg' does not go with the kind of key, or is not accepted")
    return key


def _refuse_other_uses(jwk: Mapping[str, Any]) -> None:
    if jwk.get("use", "sig") != "sig":
        raise KeyRefused("'use' must be sig")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise KeyRefused("'key_ops' must contain verify")


def _public(jwk: Mapping[str, Any]) -> Any:
    family = jwk["kty"]
    numbers = ("crv", "x", "y") if family == "EC" else ("n", "e")
    if not all(isinstance(jwk.get(name), str) for name in numbers):
        raise KeyRefused(f"a key of kty {family} needs {', '.join(numbers)}, each as text")
    if family == "EC" and jwk["crv"] not in _CURVES.values():
        raise KeyRefused("'crv' must be P-256, P-384 or P-521")
    try:
        public: Any = (ECAlgorithm if family == "EC" else RSAAlgorithm).from_jwk(dict(jwk))
    except (jwt.PyJWTError, ValueError):
        raise KeyRefused("the numbers of this key are not those of a usable key") from None
    if family == "RSA" and public.key_size not in _RSA_BITS:
        raise KeyRefused(f"an RSA key must have {_RSA_BITS[0]} to {_RSA_BITS[-1]} bits")
    return public
