"""Ids of cards, suggestions and consultations (CDS Hooks 2.0.1, Card Attributes)."""

import os

_VARIANTS = "89ab"


def random_uuid() -> str:
    """Return a random UUID as text (RFC 9562, version 4).

    `uuid.uuid4` takes twice as long, because it makes an object that nobody asks for.
    """
    chance = os.urandom(16)
    digits = chance.hex()
    variant = _VARIANTS[chance[8] >> 4 & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
