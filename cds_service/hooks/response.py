"""Answers of the service as JSON: cards, and the list of services."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.hooks.json_body import encode


@dataclass(frozen=True, slots=True)
class Service:
    """One CDS service as discovery describes it."""

    id: str
    hook: str
    title: str
    description: str
    usage_requirements: str


def response_body(cards: list[dict[str, Any]]) -> bytes:
    """Return the body of a CDS Hooks answer with `cards`, which may be none.

    CDS Hooks 2.0.1, CDS Service Response.
    """
    return encode({"cards": cards})


def discovery_body(services: Iterable[Service], prefetch: Mapping[str, str]) -> bytes:
    """Return the body of the answer to discovery; all services ask for the same `prefetch`.

    CDS Hooks 2.0.1, Discovery. A member without a value is left out.
    """
    described = []
    for service in services:
        members: dict[str, Any] = {
            "hook": service.hook,
            "title": service.title,
            "description": service.description,
            "id": service.id,
            "prefetch": dict(prefetch),
            "usageRequirements": service.usage_requirements,
        }
        described.append({name: value for name, value in members.items() if value})
    return encode({"services": described})
