"""Where exported resources live: canonical addresses, versions, and what every resource has.

The default base lies under ``.invalid`` (RFC 2606): it belongs to nobody and never resolves, so a
copy that a site did not name itself cannot be taken for somebody's published content.
"""

import hashlib
import re
from dataclasses import dataclass
from html import escape
from typing import Any

from cds_service.content.model import Head

Json = dict[str, Any]

DEFAULT_BASE = "http://imaging-order-advisor.invalid/fhir"

_LONGEST_ID = 64
_DIGEST_LENGTH = 8
_BASE = re.compile(r"https?://[A-Za-z0-9.\-]+(?::\d+)?(?:/[A-Za-z0-9._~\-]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Namespace:
    """The base of all canonical addresses, and the content version that all resources carry."""

    base: str
    version: str

    def url(self, kind: str, name: str) -> str:
        """Return the canonical address of the resource `name` of type `kind`."""
        return f"{self.base}/{kind}/{resource_id(name)}"

    def canonical(self, kind: str, name: str) -> str:
        """Return the address with the version, as references within the export are written."""
        return f"{self.url(kind, name)}|{self.version}"

    def extension(self, name: str, **value: object) -> Json:
        """Return an extension of ours, `value` being for example ``valueCode="weak"``."""
        return {"url": self.url("StructureDefinition", name), **value}

    def resource(
        self,
        kind: str,
        name: str,
        title: str,
        *,
        date: str,
        status: str = "active",
        description: str = "",
    ) -> Json:
        """Return the beginning of a resource: identity, narrative, title, status, date."""
        told = "".join(f"<p>{escape(part)}</p>" for part in (title, description) if part)
        head: Json = {
            "resourceType": kind,
            "id": resource_id(name),
            "text": {
                "status": "generated",
                "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{told}</div>',
            },
            "url": self.url(kind, name),
            "version": self.version,
            "name": computable(name),
            "title": title,
            "status": status,
            "date": date,
        }
        if description:
            head["description"] = description
        return head

    def of_document(self, kind: str, name: str, document: Head, title: str = "") -> Json:
        """Return the beginning of a resource that states what `document` states."""
        made = self.resource(
            kind,
            name,
            title or document.title,
            date=document.effective,
            status=document.status,
            description=f"Limits: {document.limits.strip()}",
        )
        made["extension"] = [self.extension("document-version", valueString=document.version)]
        return made


def base_url(written: str) -> str:
    """Return `written` as the base of canonical addresses, without a slash at its end.

    Raises:
        ValueError: it is not an http or https address without query and fragment.
    """
    base = written.strip().rstrip("/")
    if not _BASE.fullmatch(base):
        raise ValueError(
            f"{written!r} cannot be the base of canonical addresses; write one such as"
            " https://fhir.hospital.example/imaging"
        )
    return base


def resource_id(name: str) -> str:
    """Return `name` as a FHIR id: itself, or its beginning and a digest if it is too long."""
    if len(name) <= _LONGEST_ID:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{name[: _LONGEST_ID - _DIGEST_LENGTH - 1]}-{digest}"


def computable(name: str) -> str:
    """Return `name` in the form that FHIR asks of computable names: ``LowBackPain``."""
    words = "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", name))
    return words if words[:1].isalpha() else f"N{words}"
