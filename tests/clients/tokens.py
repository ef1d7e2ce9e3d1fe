"""Tokens as CDS Clients make them, and as attackers do, signed with real keys."""

import base64
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm, get_default_algorithms

Json = dict[str, Any]

NOW = datetime(2026, 11, 23, 9, 0, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
BASE = "https://cds.example"
SELECT = "/cds-services/imaging-order-select"
ISSUER = "https://ehr.example/fhir/R4"
CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}


@dataclass(frozen=True)
class Pair:
    """A private key and its public JSON Web Key."""

    id: str
    private: Any
    jwk: Json


def ec_pair(key_id: str, curve: str = "P-384", **members: Any) -> Pair:
    private = ec.generate_private_key(CURVES[curve]())
    public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return Pair(key_id, private, {**public, "kid": key_id, **members})


def rsa_pair(key_id: str, bits: int = 2048, **members: Any) -> Pair:
    private = rsa.generate_private_key(65537, bits)
    public = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    public.pop("key_ops", None)
    return Pair(key_id, private, {**public, "kid": key_id, **members})


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sealed(header: str, claims: str, key: Any, algorithm: str) -> str:
    """Return a token with exactly these texts inside, correctly signed."""
    text = f"{encoded(header.encode())}.{encoded(claims.encode())}"
    maker = get_default_algorithms()[algorithm]
    return f"{text}.{encoded(maker.sign(text.encode(), maker.prepare_key(key)))}"


def claims(audience: Any = BASE + SELECT, **changes: Any) -> Json:
    """Return the claims of a good token; a claim changed to None is left out."""
    good = {
        "iss": ISSUER,
        "aud": audience,
        "iat": SECONDS,
        "exp": SECONDS + 300,
        "jti": str(uuid.uuid4()),
        **changes,
    }
    return {name: value for name, value in good.items() if value is not None}


def header(pair: Pair, algorithm: str = "ES384", **changes: Any) -> Json:
    good = {"alg": algorithm, "kid": pair.id, "typ": "JWT", **changes}
    return {name: value for name, value in good.items() if value is not None}


def token(pair: Pair, algorithm: str = "ES384", head: Json | None = None, **given: Any) -> str:
    """Return a token signed with `pair`; `head` changes its header, the rest its claims."""
    return sealed(
        json.dumps(header(pair, algorithm, **(head or {}))),
        json.dumps(claims(**given)),
        pair.private,
        algorithm,
    )
