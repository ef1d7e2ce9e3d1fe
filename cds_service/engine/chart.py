"""The chart as it was gathered: resources, and how complete each source is."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from cds_service.fhir.glance import Resource, whole
from cds_service.fhir.read import Json


class SourceState(StrEnum):
    """What is known of one source, i.e. of all resources of one type for the patient."""

    COMPLETE = "complete"
    """Everything the source holds was read, be it nothing."""
    PARTIAL = "partial"
    """Some pages or entries could not be read."""
    FAILED = "failed"
    """The source was asked and answered with an error, or too late."""
    NOT_SUPPLIED = "not-supplied"
    """The client did not send it and it could not be asked for."""


class Source(NamedTuple):
    """State of one source and, when it is not complete, why (plain words, no patient data)."""

    state: SourceState
    reason: str = ""

    @property
    def complete(self) -> bool:
        """Whether the absence of a record in this source means something."""
        return self.state is SourceState.COMPLETE


NOT_SUPPLIED = Source(SourceState.NOT_SUPPLIED)


@dataclass(frozen=True, slots=True)
class Chart:
    """One patient's records for one request.

    `sources` is keyed by FHIR resource type. `resources` may hold any type in any order, decoded
    whole or at a glance.
    """

    patient_id: str
    resources: tuple[Resource, ...] = ()
    sources: dict[str, Source] = field(default_factory=dict)

    def source(self, resource_type: str) -> Source:
        """Return the state of the source that holds `resource_type`."""
        return self.sources.get(resource_type, NOT_SUPPLIED)

    def decoded(self) -> tuple[Json, ...]:
        """Return all resources, each decoded whole."""
        return tuple(map(whole, self.resources))
