"""Keys of a site: one that turns ids into pseudonyms, one that encrypts comments."""

import base64
import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cds_service.journal.errors import JournalMisconfigured

KEY_FILE = "site.key"
_KEY_BYTES = 32
_LEAST_TEXT = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"
_HASH = re.compile("[0-9a-f]{64}")
_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9._:/#-]{1,255}")


def is_uuid(text: str) -> bool:
    """Say whether `text` is a UUID in the journal's spelling, the one of Python's `str`."""
    return _UUID.fullmatch(text) is not None


class SiteKey:
    """The key under which ids of patients and orders become pseudonyms (HMAC-SHA-256)."""

    def __init__(self, key: bytes) -> None:
        if len(key) < _KEY_BYTES:
            raise JournalMisconfigured(f"The journal key must have at least {_KEY_BYTES} bytes.")
        self._keyed = hmac.new(key, digestmod=hashlib.sha256)  # only ever copied

    @classmethod
    def configured(cls, text: str) -> "SiteKey":
        """Return the key that a site has set.

        Raises:
            JournalMisconfigured: `text` is too short to be a secret.
        """
        if len(text) < _LEAST_TEXT:
            raise JournalMisconfigured(
                f"CDS_JOURNAL_KEY must have at least {_LEAST_TEXT} characters."
            )
        return cls(hashlib.sha256(text.encode()).digest())

    @classmethod
    def kept_in(cls, directory: Path) -> "SiteKey":
        """Return the key in `directory`, made there on first use and readable by us alone.

        Processes that start together agree on one key: the first to link its file in wins.
        """
        path = directory / KEY_FILE
        if not path.exists():
            draft = directory / f"{KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
            with os.fdopen(
                os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb"
            ) as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            try:
                path.hardlink_to(draft)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return cls(path.read_bytes())

    def pseudonym(self, kind: str, identity: str, scope: str = "") -> str:
        """Return 64 hex digits that stand for `identity`, the same for the same `scope`.

        `kind` is what is named, such as ``Patient``; `scope` where the id is unique: a tenant or
        the client. Without the key, neither the id nor equality with a known id can be told.
        """
        told = self._keyed.copy()
        told.update(f"{kind}\0{scope}\0{identity}".encode())
        return told.hexdigest()

    def pseudonym_once(self, kind: str, value: str) -> str:
        """Return `value` if it is empty or a pseudonym already, else its pseudonym."""
        return value if not value or _HASH.fullmatch(value) else self.pseudonym(kind, value)

    def identifier(self, value: str) -> str:
        """Return what a client gave as an id, or a pseudonym if it could hold free text.

        A UUID comes back in the one spelling that we use, so that it can be compared.
        """
        if is_uuid(value):
            return value
        try:
            return str(UUID(value))
        except ValueError:
            if not value or _IDENTIFIER.fullmatch(value):
                return value
            return f"hidden:{self.pseudonym('identifier', value)}"


class CommentCipher:
    """Encrypts clinicians' comments with AES-256-GCM, each bound to its feedback event."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise JournalMisconfigured(
                f"CDS_JOURNAL_COMMENT_KEY must be {_KEY_BYTES} bytes in base64."
            )
        self._cipher = AESGCM(key)

    @classmethod
    def configured(cls, text: str) -> "CommentCipher":
        """Return the cipher for the key in `text`, 32 bytes in base64.

        Raises:
            JournalMisconfigured: `text` is anything else.
        """
        try:
            return cls(base64.b64decode(text, validate=True))
        except ValueError:  # of base64, or because a letter is not ASCII
            return cls(b"")

    def encrypt(self, comment: str, event: str) -> bytes:
        """Return `comment` encrypted for the feedback event with the id `event`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, comment.encode(), event.encode())

    def decrypt(self, stored: bytes, event: str) -> str:
        """Return the comment of the feedback event with the id `event`.

        Raises:
            ValueError: another key was used, or it is not this event's comment.
        """
        nonce, text = stored[1 : 1 + _NONCE_BYTES], stored[1 + _NONCE_BYTES :]
        try:
            if stored[:1] != _FORMAT:
                raise InvalidTag
            return self._cipher.decrypt(nonce, text, event.encode()).decode()
        except InvalidTag:
            raise ValueError("the comment is not readable with this key") from None
