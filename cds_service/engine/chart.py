"""The chart as it was gathered: resources, and how complete each source is."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from cds_service.content.library import SUPPLEMENTARY_TYPES
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
    TOO_MUCH_TEXT = "too-much-text"
    """It holds a longer text, or more text, than is read."""


class Source(NamedTuple):
    """State of one source and, when it is not complete, why (plain words, no patient data)."""

    state: SourceState
    reason: str = ""

    @property
    def complete(self) -> bool:
        """Whether the absence of a record in this source means something."""
        return self.state is SourceState.COMPLETE


NOT_SUPPLIED = Source(SourceState.NOT_SUPPLIED)
_TOO_MUCH_TEXT = Source(SourceState.TOO_MUCH_TEXT, "some of its text is too long to be read")


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

    def withholds(self, resource_type: str) -> bool:
        """Say whether a record that would count may be missing from the source.

        One that only reminds of studies withholds nothing that a finding rests on. But the order
        in question is a ``ServiceRequest`` too: where some of its text is unread, a reason may be.
        """
        state = self.source(resource_type).state
        if resource_type in SUPPLEMENTARY_TYPES:
            return state is SourceState.TOO_MUCH_TEXT
        return state is not SourceState.COMPLETE

    def without_text_of(self, kinds: Iterable[str]) -> "Chart":
        """Return the same chart where some text of the sources `kinds` was not read."""
        left = dict.fromkeys(kinds, _TOO_MUCH_TEXT)
        return replace(self, sources={**self.sources, **left}) if left else self

    def decoded(self) -> tuple[Json, ...]:
        """Return all resources, each decoded whole."""
        return tuple(map(whole, self.resources))
